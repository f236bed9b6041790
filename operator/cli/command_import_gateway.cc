// import caddy, import kong: Routes from what a gateway serves now.
#include <iostream>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/engine_reader.h"
#include "cli/import_gateway.h"

namespace patchbay::cli {
namespace {

Result<Json> GetJson(http::HttpClient& http, const std::string& base, const std::string& path) {
  http::Call call;
  call.url = StrCat(base.ends_with('/') ? base.substr(0, base.size() - 1) : base, path);
  call.headers.Set("Accept", "application/json");
  const auto answer = http.Send(call);
  if (!answer.ok()) return answer.error().Within(StrCat("no gateway answers at ", base));
  if (answer->status != 200)
    return Error{Code::kInternal, StrCat(call.url, " answers ", answer->status, ": ", answer->body.substr(0, 200))};
  return ParseJson(answer->body);
}

// Of one kind, page by page.
Result<std::vector<Json>> ListAll(http::HttpClient& http, const std::string& base, const std::string& kind) {
  constexpr int kMostPages = 1'000;
  std::vector<Json> all;
  std::string path = StrCat("/", kind, "?size=500");
  for (int page = 0; page < kMostPages && !path.empty(); ++page) {
    PATCHBAY_TRY(const auto answer, GetJson(http, base, path));
    if (const Json* entries = Find(answer, {"data"}); entries != nullptr && entries->is_array())
      for (const Json& entry : *entries) all.push_back(entry);
    const std::string offset = FindString(answer, {"offset"});
    path = offset.empty() ? "" : StrCat("/", kind, "?size=500&offset=", EncodeUrl(offset));
  }
  return all;
}

Result<KongEntities> ReadKong(http::HttpClient& http, const std::string& base) {
  KongEntities entities;
  PATCHBAY_TRY(entities.services, ListAll(http, base, "services"));
  PATCHBAY_TRY(entities.routes, ListAll(http, base, "routes"));
  PATCHBAY_TRY(entities.plugins, ListAll(http, base, "plugins"));
  PATCHBAY_TRY(const auto upstreams, ListAll(http, base, "upstreams"));
  for (const Json& upstream : upstreams) {
    PATCHBAY_TRY(auto targets, ListAll(http, base, StrCat("upstreams/", FindString(upstream, {"id"}), "/targets")));
    entities.targets[FindString(upstream, {"name"})] = std::move(targets);
  }
  return entities;
}

void AddPlaces(const Json& entry, KnownPlaces& known, std::set<std::string>& taken) {
  const auto names = Strings(Find(entry, {"Names"}));
  if (names.empty() || !IsNothing(Find(entry, {"Labels", kInstallationLabel}))) return;
  const std::string name = names[0].starts_with('/') ? names[0].substr(1) : names[0];
  const std::string plugin = MakeName(name, taken);
  known.places[name] = {plugin, 0};
  if (const Json* networks = Find(entry, {"NetworkSettings", "Networks"}); networks != nullptr && networks->is_object())
    for (const auto& [network, settings] : networks->items())
      if (const std::string ip = FindString(settings, {"IPAddress"}); !ip.empty()) known.places[ip] = {plugin, 0};
  if (const Json* ports = Find(entry, {"Ports"}); ports != nullptr && ports->is_array())
    for (const Json& port : *ports)
      if (const auto published = FindInt(port, {"PublicPort"}); published > 0)
        for (const char* host : {"localhost", "127.0.0.1"})
          known.places[StrCat(host, ":", published)] = {plugin, static_cast<int>(FindInt(port, {"PrivatePort"}))};
}

// Without an engine every backend is a URL.
KnownPlaces FindPlaces(const ImportFlags& flags, http::HttpClient& http) {
  KnownPlaces known;
  const auto list = EngineReader(flags.docker_host, http).List();
  if (!list.ok()) std::cerr << "every backend is a url: " << list.error().message << "\n";
  std::set<std::string> taken;
  if (list.ok())
    for (const Json& entry : *list) AddPlaces(entry, known, taken);
  return known;
}

int Write(const GatewayImport& import, const ImportFlags& flags) {
  for (const std::string& each : import.left_out) std::cerr << "not imported: " << each << "\n";
  if (import.routes.empty())
    std::cerr << "the gateway serves nothing that a Route could say and that is not Patchbay's\n";
  return WriteImported(import.routes, flags.output);
}

}  // namespace

int ImportFromCaddy(const ImportFlags& flags) {
  const auto http = http::NewCurlClient();
  const auto config = GetJson(*http, flags.gateway.empty() ? "http://localhost:2019" : flags.gateway, "/config/");
  if (!config.ok()) return Fail(config.error());
  return Write(ImportCaddy(*config, FindPlaces(flags, *http), flags.ns, !flags.no_adopt), flags);
}

int ImportFromKong(const ImportFlags& flags) {
  const auto http = http::NewCurlClient();
  const auto entities = ReadKong(*http, flags.gateway.empty() ? "http://localhost:8001" : flags.gateway);
  if (!entities.ok()) return Fail(entities.error());
  return Write(ImportKong(*entities, FindPlaces(flags, *http), flags.ns, !flags.no_adopt), flags);
}

}  // namespace patchbay::cli
