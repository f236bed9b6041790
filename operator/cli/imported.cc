#include "cli/imported.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/text.h"
#include "cli/commands.h"
#include "object/capabilities.h"
#include "object/object.h"
#include "object/yaml.h"

namespace patchbay::cli {
namespace {

constexpr std::size_t kMostOfName = 50;

std::string Render(const Imported& imported) {
  std::string text;
  for (const std::string& note : imported.notes) text += StrCat("# ", note, "\n");
  if (!imported.secret.is_null()) text += StrCat(DumpYaml(imported.secret), "---\n");
  return text + DumpYaml(imported.object);
}

std::string FileOf(const Imported& imported) {
  return StrCat(Lower(FindString(imported.object, {"kind"})), "-", NameOf(imported.object), ".yaml");
}

Result<void> WriteFile(const std::filesystem::path& path, const std::string& text) {
  // What was written before may have been changed by a person.
  if (std::filesystem::exists(path))
    return Error{Code::kAlreadyExists,
                 StrCat(path.string(), " is there already: remove it, or name another folder with -o")};
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) return Error{Code::kInternal, StrCat("cannot write ", path.string())};
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  return {};
}

}  // namespace

std::string MakeName(const std::string& text, std::set<std::string>& taken) {
  std::string name;
  for (const char c : Lower(text)) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (word)
      name += c;
    else if (!name.empty() && name.back() != '-')
      name += '-';
  }
  name = name.substr(0, kMostOfName);
  while (!name.empty() && name.back() == '-') name.pop_back();
  if (name.empty()) name = "imported";
  std::string free = name;
  for (int number = 2; !taken.insert(free).second; ++number) free = StrCat(name, "-", number);
  return free;
}

Json MakeObject(const std::string& kind, const std::string& name, const std::string& ns) {
  Json object = {
      {"apiVersion", kind == "Secret" ? "v1" : "patchbay.dev/v1"}, {"kind", kind}, {"metadata", {{"name", name}}}};
  if (!ns.empty()) object["metadata"]["namespace"] = ns;
  return object;
}

bool LooksSecret(const std::string& name, const std::string& value) {
  if (value.empty()) return false;
  const std::string word = Lower(name);
  // A file that holds it is no secret itself.
  if (word.ends_with("_file") || word.ends_with("_path")) return false;
  for (const char* sign : {"password", "passwd", "passphrase", "secret", "token", "api_key", "apikey", "private_key",
                           "access_key", "credential"})
    if (word.find(sign) != std::string::npos) return true;
  const auto scheme = value.find("://");
  if (scheme == std::string::npos) return false;
  const std::string authority = value.substr(scheme + 3, value.find_first_of("/?#", scheme + 3) - scheme - 3);
  const auto at = authority.rfind('@');
  return at != std::string::npos && authority.find(':') < at;
}

void AddEnv(Imported& imported, const std::string& name, const std::string& value) {
  Json entry = {{"name", name}};
  if (LooksSecret(name, value)) {
    const std::string secret = StrCat(NameOf(imported.object), "-env");
    if (imported.secret.is_null()) {
      imported.secret = MakeObject("Secret", secret, NamespaceOf(imported.object));
      imported.secret["stringData"] = Json::object();
    }
    imported.secret["stringData"][name] = value;
    entry["valueFrom"] = {{"secretKeyRef", {{"name", secret}, {"key", name}}}};
    imported.notes.push_back(
        StrCat("env ", name, " looks secret: it is in the Secret ", secret, ", in plain text in this file"));
  } else {
    entry["value"] = value;
  }
  imported.object["spec"]["env"].push_back(std::move(entry));
}

Json MakeBytes(std::int64_t bytes) {
  constexpr std::int64_t kMebi = 1024 * 1024;
  if (bytes % kMebi == 0) return StrCat(bytes / kMebi, "Mi");
  return bytes % 1024 == 0 ? Json(StrCat(bytes / 1024, "Ki")) : Json(StrCat(bytes));
}

std::int64_t MakeSeconds(std::int64_t nanos, std::int64_t fallback) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return nanos <= 0 ? fallback : std::max<std::int64_t>(1, (nanos + kSecond - 1) / kSecond);
}

void FillCapabilities(std::vector<std::string> add, std::vector<std::string> drop, Json& context) {
  for (auto* list : {&add, &drop})
    for (std::string& name : *list)
      if (name.starts_with("CAP_")) name.erase(0, 4);
  if (!FindBool(context, {"privileged"}))
    for (std::string& name : UnspokenCapabilities(add, drop)) add.push_back(std::move(name));
  if (!add.empty()) context["capabilities"]["add"] = add;
  if (!drop.empty()) context["capabilities"]["drop"] = drop;
}

bool IsNothing(const Json* value) {
  if (value == nullptr || value->is_null()) return true;
  if (value->is_boolean()) return !value->get<bool>();
  if (value->is_number()) return value->get<double>() == 0;
  if (value->is_string()) return value->get_ref<const std::string&>().empty();
  return value->empty();
}

std::vector<std::string> Strings(const Json* value) {
  std::vector<std::string> strings;
  if (value != nullptr && value->is_array())
    for (const Json& each : *value)
      if (each.is_string()) strings.push_back(each.get<std::string>());
  return strings;
}

int WriteImported(const std::vector<Imported>& imported, const std::string& output) {
  const bool to_stdout = output.empty() || output == "-";
  std::error_code error;
  if (!to_stdout && !std::filesystem::create_directories(output, error) && error)
    return Fail(Error{Code::kInvalid, StrCat("cannot make the folder ", output, ": ", error.message())});
  bool first = true;
  for (const Imported& each : imported) {
    if (to_stdout) {
      std::cout << (std::exchange(first, false) ? "" : "---\n") << Render(each);
    } else {
      const auto path = std::filesystem::path(output) / FileOf(each);
      if (const auto written = WriteFile(path, Render(each)); !written.ok()) return Fail(written.error());
      std::cout << path.string() << "\n";
    }
    for (const std::string& note : each.notes)
      std::cerr << Lower(FindString(each.object, {"kind"})) << "/" << NameOf(each.object) << ": " << note << "\n";
  }
  return 0;
}

}  // namespace patchbay::cli
