// describe, logs.
#include <iostream>

#include "base/clock.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/printer.h"
#include "cli/targets.h"
#include "object/object.h"

namespace patchbay::cli {
namespace {

// "observedGeneration" -> "Observed Generation", as kubectl describes custom objects.
std::string Title(const std::string& name) {
  std::string title;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (title.empty() && c >= 'a' && c <= 'z') {
      title += static_cast<char>(c - 'a' + 'A');
      continue;
    }
    if (upper && !title.empty() && !(title.back() >= 'A' && title.back() <= 'Z')) title += ' ';
    title += c;
  }
  return title;
}

std::string Scalar(const Json& value) { return value.is_string() ? value.get<std::string>() : DumpJson(value); }

class Describer {
 public:
  explicit Describer(std::ostream& out) : out_(out) {}

  void Pairs(const std::string& title, const Labels& pairs) {
    out_ << Pad(title + ":");
    bool first = true;
    for (const auto& [name, value] : pairs) {
      if (name == "kubectl.kubernetes.io/last-applied-configuration") continue;
      out_ << (first ? "" : std::string(kColumn, ' ')) << name << "=" << value << "\n";
      first = false;
    }
    if (first) out_ << "<none>\n";
  }
  void Field(const std::string& title, const std::string& value) { out_ << Pad(title + ":") << value << "\n"; }

  void Tree(const std::string& title, const Json& value, int depth) {
    const std::string indent(static_cast<std::size_t>(depth) * 2, ' ');
    if (value.is_object()) {
      out_ << indent << title << ":\n";
      for (const auto& [name, member] : value.items()) Tree(Title(name), member, depth + 1);
    } else if (value.is_array()) {
      out_ << indent << title << ":\n";
      for (const Json& item : value) Item(item, depth + 1);
    } else {
      out_ << indent << title << ":  " << Scalar(value) << "\n";
    }
  }

 private:
  static constexpr std::size_t kColumn = 14;
  static std::string Pad(std::string text) {
    text.resize(std::max(text.size() + 1, kColumn), ' ');
    return text;
  }
  void Item(const Json& item, int depth) {
    const std::string indent(static_cast<std::size_t>(depth) * 2, ' ');
    if (!item.is_object()) {
      out_ << indent << "- " << Scalar(item) << "\n";
      return;
    }
    bool first = true;
    for (const auto& [name, member] : item.items()) {
      if (first && !member.is_structured()) out_ << indent << "- " << Title(name) << ":  " << Scalar(member) << "\n";
      else Tree(Title(name), member, depth + 1);
      first = false;
    }
  }
  std::ostream& out_;
};

void DescribeEvents(Session& session, const Json& object) {
  const Kind* kind = Kinds::Embedded().FindWord("events");
  const std::string ns = NamespaceOf(object).empty() ? "default" : NamespaceOf(object);
  auto events = session.api.Get(ObjectPath(*kind, ns), {{"fieldSelector", StrCat("involvedObject.uid=", UidOf(object))}});
  const Json* items = events.ok() ? Find(*events, {"items"}) : nullptr;
  if (items == nullptr || items->empty()) {
    std::cout << "Events:       <none>\n";
    return;
  }
  std::cout << "Events:\n";
  std::vector<const Json*> ordered;
  for (const Json& event : *items) ordered.push_back(&event);
  std::stable_sort(ordered.begin(), ordered.end(), [](const Json* a, const Json* b) {
    return FindString(*a, {"lastTimestamp"}) < FindString(*b, {"lastTimestamp"});
  });
  TextTable table(std::cout);
  table.Add({"  Type", "Reason", "Age", "From", "Message"});
  table.Add({"  ----", "------", "---", "----", "-------"});
  const auto now = SystemClock().Wall();
  for (const Json* event : ordered) {
    const auto last = ParseTime(FindString(*event, {"lastTimestamp"}));
    const auto first = ParseTime(FindString(*event, {"firstTimestamp"}));
    const auto age = [&](std::optional<WallTime> time) {
      return time ? FormatAge(std::chrono::duration_cast<std::chrono::seconds>(now - *time)) : "<unknown>";
    };
    const long count = FindInt(*event, {"count"}, 1);
    table.Add({"  " + FindString(*event, {"type"}), FindString(*event, {"reason"}),
               count > 1 ? StrCat(age(last), " (x", count, " over ", age(first), ")") : age(last),
               FindString(*event, {"source", "component"}), FindString(*event, {"message"})});
  }
  table.Flush();
}

void DescribeObject(Session& session, const Kind& kind, const Json& object) {
  Describer describer(std::cout);
  describer.Field("Name", NameOf(object));
  if (kind.namespaced) describer.Field("Namespace", NamespaceOf(object));
  describer.Pairs("Labels", LabelsOf(object));
  describer.Pairs("Annotations", AnnotationsOf(object));
  describer.Field("API Version", kind.ApiVersion());
  describer.Field("Kind", kind.kind);
  describer.Field("Created", FindString(object, {"metadata", "creationTimestamp"}));
  if (IsDeleting(object)) describer.Field("Deleting", "since " + FindString(object, {"metadata", "deletionTimestamp"}));
  for (const auto& [name, value] : object.items()) {
    if (name == "apiVersion" || name == "kind" || name == "metadata") continue;
    // A secret's values are for the program, not for the screen.
    if (kind.kind == "Secret" && name == "data" && value.is_object()) {
      std::cout << "Data:\n";
      for (const auto& [key, text] : value.items())
        std::cout << "  " << key << ":  " << DecodeBase64(Scalar(text)).value_or("").size() << " bytes\n";
      continue;
    }
    describer.Tree(Title(name), value, 0);
  }
  DescribeEvents(session, object);
}

}  // namespace

int Describe(Session& session, const std::vector<std::string>& words, const OutputFlags& flags) {
  auto targets = ParseTargets(words);
  if (!targets.ok()) return Fail(targets.error());
  bool first = true;
  const auto show = [&](const Kind& kind, const Json& object) {
    if (!first) std::cout << "\n\n";
    first = false;
    DescribeObject(session, kind, object);
  };
  for (const auto& target : *targets) {
    Parameters parameters;
    if (!flags.selector.empty()) parameters.emplace_back("labelSelector", flags.selector);
    auto got = session.api.Get(ObjectPath(*target.kind, target.name.empty() ? session.scope() : session.ns(), target.name), parameters);
    if (!got.ok()) return Fail(got.error());
    if (!target.name.empty()) {
      show(*target.kind, *got);
    } else if (const Json* items = Find(*got, {"items"})) {
      for (const Json& item : *items) show(*target.kind, item);
    }
  }
  if (first) std::cerr << "No resources found in " << session.ns() << " namespace.\n";
  return 0;
}

int Logs(Session& session, const std::string& word, const LogFlags& flags) {
  auto targets = ParseNamedTargets({word}, Kinds::Embedded().FindWord("plugin"));
  if (!targets.ok()) return Fail(targets.error(), 2);
  const Target& target = (*targets)[0];
  if (target.kind->kind != "Plugin") return Fail(Error{Code::kInvalid, "only plugins have logs"}, 2);
  Parameters parameters;
  if (flags.follow) parameters.emplace_back("follow", "true");
  if (flags.previous) parameters.emplace_back("previous", "true");
  if (flags.timestamps) parameters.emplace_back("timestamps", "true");
  if (flags.tail >= 0) parameters.emplace_back("tailLines", std::to_string(flags.tail));
  if (!flags.since.empty()) {
    const auto since = ParseDuration(flags.since);
    if (!since) return Fail(Error{Code::kInvalid, StrCat("--since: \"", flags.since, "\" is no duration; write 10m or 1h30m")}, 2);
    parameters.emplace_back("sinceSeconds", std::to_string(std::max<long>(1, since->count() / 1000)));
  }
  auto end = session.api.Stream(ObjectPath(*target.kind, session.ns(), target.name, "log"), parameters, "*/*",
                                [](std::string_view piece) {
                                  std::cout << piece << std::flush;
                                  return std::cout.good();
                                });
  return end.ok() ? 0 : Fail(end.error());
}

}  // namespace patchbay::cli
