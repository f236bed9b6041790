#include "cli/engine_reader.h"

#include <cstdlib>
#include <utility>

#include "base/text.h"

namespace patchbay::cli {
namespace {

std::string FindHost(std::string host) {
  if (!host.empty()) return host;
  const char* environment = std::getenv("DOCKER_HOST");
  return environment != nullptr && *environment != '\0' ? environment : "unix:///var/run/docker.sock";
}

}  // namespace

EngineReader::EngineReader(std::string host, http::HttpClient& http) : host_(FindHost(std::move(host))), http_(http) {}

Result<Json> EngineReader::Get(const std::string& target) {
  http::Call call;
  const bool socket = host_.starts_with("unix://");
  if (!socket && !host_.starts_with("tcp://"))
    return Error{Code::kInvalid, StrCat("the engine \"", host_, "\" must be unix:///PATH or tcp://HOST:PORT")};
  call.url = socket ? StrCat("http://engine", target) : StrCat("http://", host_.substr(6), target);
  if (socket) call.unix_socket = host_.substr(7);
  auto answer = http_.Send(call);
  if (!answer.ok()) return answer.error().Within(StrCat("no container engine answers at ", host_));
  auto document = ParseJson(answer->body);
  if (answer->status == 200) return document;
  const std::string message = document.ok() ? FindString(*document, {"message"}) : "";
  return Error{answer->status == 404 ? Code::kNotFound : Code::kInternal,
               StrCat(target, ": the engine says ", answer->status, message.empty() ? "" : ": ", message)};
}

Result<Json> EngineReader::List(const std::string& label) {
  std::string target = "/containers/json";
  if (!label.empty()) target += StrCat("?filters=", EncodeUrl(DumpJson({{"label", {label}}})));
  PATCHBAY_TRY(auto list, Get(target));
  if (!list.is_array()) return Error{Code::kInternal, "the container engine's list is not a list"};
  return list;
}

Result<Json> EngineReader::Container(const std::string& id_or_name) {
  return Get(StrCat("/containers/", EncodeUrl(id_or_name), "/json"));
}

Result<Json> EngineReader::Image(const std::string& id) {
  auto image = Get(StrCat("/images/", id, "/json"));
  if (!image.ok() && image.error().code == Code::kNotFound) return Json(Json::object());
  return image;
}

}  // namespace patchbay::cli
