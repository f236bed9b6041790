// What of a container engine an import reads, as the engine's own JSON. Only GETs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/client.h"
#include "object/json.h"

namespace patchbay::cli {

class EngineReader {
 public:
  // `host`: unix:///PATH or tcp://HOST:PORT; "": DOCKER_HOST, else Docker's usual socket. `http` must outlive it.
  EngineReader(std::string host, http::HttpClient& http);

  // The entries of /containers/json: running ones, of this label ("name" or "name=value") when it is not "".
  Result<Json> List(const std::string& label = "");
  // kNotFound when there is none.
  Result<Json> Container(const std::string& id_or_name);
  // An object without members when it is gone.
  Result<Json> Image(const std::string& id);

 private:
  Result<Json> Get(const std::string& target);
  const std::string host_;
  http::HttpClient& http_;
};

}  // namespace patchbay::cli
