#include "cli/compose_ports.h"

#include "base/text.h"
#include "cli/compose_words.h"

namespace patchbay::cli {
namespace {

class PortReader {
 public:
  PortReader(const Json& service, Imported& imported) : service_(service), imported_(imported) {}

  void Run() {
    if (const Json* ports = Find(service_, {"ports"}); ports != nullptr && ports->is_array())
      for (const Json& port : *ports) port.is_object() ? ReadLongPort(port) : ReadShortPort(Text(port));
    if (const Json* ports = Find(service_, {"expose"}); ports != nullptr && ports->is_array())
      for (const Json& port : *ports) AddPort(Text(port), "", "", "expose");
  }

 private:
  Json& spec() { return imported_.object["spec"]; }
  void Note(std::string note) { imported_.notes.push_back(std::move(note)); }
  void ReadLongPort(const Json& port) {
    const Json* target = Find(port, {"target"});
    const Json* published = Find(port, {"published"});
    AddPort(StrCat(target == nullptr ? "" : Text(*target), "/", FindString(port, {"protocol"}, "tcp")),
            published == nullptr ? "" : Text(*published), FindString(port, {"host_ip"}), DumpJson(port));
  }
  // [[IP:]HOST:]CONTAINER[/PROTOCOL]
  void ReadShortPort(const std::string& text) {
    const auto last = text.rfind(':');
    if (last == std::string::npos) return AddPort(text, "", "", text);
    const std::string before = text.substr(0, last);
    const auto first = before.rfind(':');
    AddPort(text.substr(last + 1), first == std::string::npos ? before : before.substr(first + 1),
            first == std::string::npos ? "" : before.substr(0, first), text);
  }
  void AddPort(const std::string& target, const std::string& published, const std::string& ip,
               const std::string& word) {
    const auto slash = target.find('/');
    const auto number = ParseInt(target.substr(0, slash));
    const auto host = ParseInt(published);
    if (!number || (!published.empty() && !host))
      return Note(StrCat("port ", word, " is not carried: only single numbers are"));
    const std::string protocol = slash == std::string::npos ? "tcp" : Lower(target.substr(slash + 1));
    Json port = {{"containerPort", *number}};
    if (protocol != "tcp") port["protocol"] = protocol == "udp" ? "UDP" : "SCTP";
    for (const Json& present : spec().value("ports", Json::array()))
      if (FindInt(present, {"containerPort"}) == *number &&
          FindString(present, {"protocol"}) == FindString(port, {"protocol"})) {
        if (host) Note(StrCat("port ", word, " is published once only: this one is not carried"));
        return;
      }
    if (host && *host > 0) {
      port["hostPort"] = *host;
      if (!ip.empty() && ip != "0.0.0.0") port["hostIP"] = ip;
      Note(StrCat("hostPort ", *host,
                  ": only one container can have it, so a rollout stops the old one before the new one starts; a "
                  "Route instead of it loses nothing"));
    }
    spec()["ports"].push_back(std::move(port));
  }

  const Json& service_;
  Imported& imported_;
};

}  // namespace

void FillComposePorts(const Json& service, Imported& imported) { PortReader(service, imported).Run(); }

}  // namespace patchbay::cli
