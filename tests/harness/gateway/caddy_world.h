// A real Caddy in a folder of its own, and our gateway on it. Fails the test when Caddy is not installed.
#pragma once

#include <memory>
#include <string>

#include "dev/caddy.h"
#include "driver/gateway/caddy_gateway.h"
#include "http/client.h"

namespace patchbay::driver {

class CaddyWorld {
 public:
  // `by_name`: the gateway answers Caddy's questions for containers. `shared`: its routes go into the server "theirs", which
  // somebody else has configured whenever Caddy starts.
  explicit CaddyWorld(bool by_name = false, bool shared = false);
  ~CaddyWorld();
  CaddyWorld(const CaddyWorld&) = delete;
  CaddyWorld& operator=(const CaddyWorld&) = delete;

  CaddyGateway& gateway() { return *gateway_; }
  dev::CaddyChild& caddy() { return *caddy_; }
  CaddyAdmin admin();
  http::HttpClient& client() { return *client_; }
  DnsAnswerer& answerer() { return *answerer_; }
  CaddyJournal& journal() { return *journal_; }
  // Another gateway on the same Caddy, as after a crash of the operator: it knows nothing. `by_name` as at first.
  void ForgetEverything();
  // Nobody answers Caddy's questions any more.
  void Silence();
  int port() const { return port_; }  // of our server, on loopback

  void Stop() { caddy_.reset(); }
  void Start();  // with nothing of ours
  const char* server() const { return shared_ ? "theirs" : "patchbay"; }
  // The configuration, or the part of it at `path`, as Caddy prints it.
  std::string Config(const std::string& path = "/config/");
  void Put(const std::string& path, const std::string& json);

  // One request through Caddy. Header fields are added as they are.
  http::Answer Get(const std::string& path, const std::string& host = "", const http::Headers& headers = {},
                   const std::string& method = "GET");

 private:
  void MakeGateway();

  const bool shared_;
  const std::string folder_;
  const int port_;
  std::shared_ptr<http::HttpClient> client_;
  std::unique_ptr<dev::CaddyChild> caddy_;
  std::unique_ptr<DnsAnswerer> answerer_;
  std::unique_ptr<CaddyJournal> journal_;
  std::unique_ptr<CaddyGateway> gateway_;
};

}  // namespace patchbay::driver
