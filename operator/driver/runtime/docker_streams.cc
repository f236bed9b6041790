// The streaming half of DockerRuntime: images, execs, logs, events.
#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "driver/runtime/docker_engine.h"
#include "driver/runtime/docker_view.h"
#include "driver/runtime/image_reference.h"
#include "driver/runtime/line_splitter.h"
#include "driver/runtime/log_frames.h"

namespace patchbay::driver {
namespace {

constexpr std::chrono::milliseconds kLookAgain{20};
constexpr std::chrono::milliseconds kLeastExecTimeout{1'000};
// Execs, which probes cause all the time, are not news.
constexpr std::array kActions{"create",  "start",  "die",     "stop",   "destroy", "oom",   "pause",
                              "unpause", "rename", "restart", "update", "died",    "remove"};
// Of images; Podman's removal is a "remove" too.
constexpr std::array kImageActions{"pull", "tag", "untag", "delete", "import", "load"};

// As the engine reads it: seconds, with a fraction.
std::string UnixTime(WallTime time) {
  const auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  std::string fraction = std::to_string(nanos % 1'000'000'000);
  fraction.insert(0, 9 - fraction.size(), '0');
  return StrCat(nanos / 1'000'000'000, ".", fraction);
}

std::string LogTarget(const std::string& id, const LogOptions& options) {
  std::string target = StrCat("/containers/", EncodeUrl(id), "/logs?stdout=1&stderr=1&follow=", options.follow ? 1 : 0,
                              "&timestamps=", options.timestamps ? 1 : 0);
  if (options.tail >= 0) target += StrCat("&tail=", options.tail);
  if (options.until) target += StrCat("&until=", UnixTime(*options.until));
  if (options.since) target += StrCat("&since=", UnixTime(*options.since));
  return target;
}

Result<void> CheckImageName(const std::string& image) {
  if (IsImageId(image)) return {};
  PATCHBAY_CHECK(ParseImageReference(image));
  return {};
}

RuntimeEvent ReadImageEvent(const Json& line) {
  RuntimeEvent event;
  event.of = RuntimeEvent::Of::kImage;
  event.action = FindString(line, {"Action"}, FindString(line, {"status"}));
  event.image = FindString(line, {"Actor", "Attributes", "name"}, FindString(line, {"Actor", "ID"}));
  // A pull names its reference in the place of the id, and without the tag in the other.
  if (event.action == "pull") event.image = FindString(line, {"Actor", "ID"}, event.image);
  return event;
}

// Nothing when it is of no interest here.
std::optional<RuntimeEvent> ReadEvent(std::string_view line, const std::string& installation, const Claims& claims) {
  const auto parsed = ParseJson(line);
  if (!parsed.ok()) return std::nullopt;
  if (FindString(*parsed, {"Type"}) == "image") return ReadImageEvent(*parsed);
  RuntimeEvent event;
  event.container_id = FindString(*parsed, {"Actor", "ID"}, FindString(*parsed, {"id"}));
  Container about;
  about.id = event.container_id;
  for (const char* label : {kLabelInstallation, kLabelOwnerUid})
    if (const Json* value = Find(*parsed, {"Actor", "Attributes", label}); value != nullptr && value->is_string())
      about.labels[label] = value->get<std::string>();
  claims.Mark(about);
  event.action = FindString(*parsed, {"Action"}, FindString(*parsed, {"status"}));
  if (event.action == "died") event.action = "die";  // Podman
  if (about.labels[kLabelInstallation] != installation) {
    event.of = RuntimeEvent::Of::kForeign;
    return event.action == "die" ? std::optional(event) : std::nullopt;
  }
  event.owner_uid = about.labels[kLabelOwnerUid];
  if (event.action == "remove") event.action = "destroy";  // Podman
  const bool known = std::find(kActions.begin(), kActions.end(), event.action) != kActions.end();
  if (event.container_id.empty() || !known) return std::nullopt;
  return event;
}

}  // namespace

Result<std::string> DockerRuntime::ImageId(const std::string& image) {
  PATCHBAY_CHECK(CheckImageName(image));
  const auto answer = client_.Send({"image", "GET", StrCat("/images/", image, "/json")});
  if (!answer.ok() && answer.error().code == Code::kNotFound) return std::string();
  if (!answer.ok()) return answer.error();
  const auto document = ParseJson(answer->body);
  return document.ok() ? ReadImageId(FindString(*document, {"Id"})) : std::string();
}

Result<bool> DockerRuntime::HasImage(const std::string& image) {
  PATCHBAY_CHECK(CheckImageName(image));
  const auto answer = client_.Send({"image", "GET", StrCat("/images/", image, "/json")});
  if (answer.ok()) return true;
  if (answer.error().code == Code::kNotFound) return false;
  return answer.error();
}

// An image whose container comes between the two calls is seen as unused; the engine refuses to remove it then.
Result<std::vector<Image>> DockerRuntime::ListImages() {
  PATCHBAY_TRY(const auto entries, client_.GetJson("images", "/images/json"));
  PATCHBAY_TRY(const auto containers, client_.GetJson("list", "/containers/json?all=1"));
  if (!entries.is_array() || !containers.is_array())
    return Error{Code::kInternal, "the container engine's list of images is not a list"};
  std::set<std::string> used;
  for (const auto& entry : containers) {
    PATCHBAY_TRY(const auto container, ReadListed(entry));
    used.insert(container.image_id);
  }
  std::vector<Image> images;
  for (const auto& entry : entries) {
    PATCHBAY_TRY(auto image, ReadImage(entry));
    image.used = used.contains(image.id);
    images.push_back(std::move(image));
  }
  return images;
}

Result<void> DockerRuntime::RemoveImage(const std::string& reference) {
  PATCHBAY_CHECK(ParseImageReference(reference));
  const auto answer = client_.Send({"untag", "DELETE", StrCat("/images/", reference), "", "", options_.action_timeout});
  if (answer.ok() || answer.error().code == Code::kNotFound) return {};
  return answer.error();
}

Result<void> DockerRuntime::Pull(const std::string& image, const RegistryLogin& login) {
  PATCHBAY_CHECK(pulls_.Pull(image, login));
  PATCHBAY_TRY(const bool has, HasImage(image));
  if (has) return {};
  return Error{Code::kInternal, StrCat("the engine pulled ", image, " without an error, but does not have it")};
}

Result<int> DockerRuntime::Exec(const std::string& id, const std::vector<std::string>& command,
                                std::chrono::milliseconds timeout) {
  PATCHBAY_CHECK(CheckOurs(id));
  const MonoTime deadline = client_.clock().Mono() + timeout;
  const Json body = {{"AttachStdout", true}, {"AttachStderr", true}, {"Cmd", command}};
  auto made = client_.Send({"exec", "POST", StrCat("/containers/", EncodeUrl(id), "/exec"), DumpJson(body),
                            "application/json", std::max(timeout, kLeastExecTimeout)});
  // Nothing runs yet: the doubt is harmless.
  if (!made.ok() && made.error().code == Code::kInDoubt) return Error{Code::kTimeout, made.error().message};
  if (!made.ok()) return std::move(made).error();
  PATCHBAY_TRY(const auto document, ParseJson(made->body));
  const std::string exec_id = FindString(document, {"Id"});
  if (exec_id.empty()) return Error{Code::kInternal, "the container engine made an exec without an id"};
  auto ran = client_.SendLong({"exec", "POST", StrCat("/exec/", exec_id, "/start"), R"({"Detach":false,"Tty":false})",
                               "application/json", timeout});
  if (!ran.ok() && ran.error().code == Code::kTimeout)
    return Error{Code::kTimeout,
                 StrCat(command.empty() ? "" : command[0], " took longer than ", timeout.count(), " ms")};
  if (!ran.ok()) return std::move(ran).error();
  return ReadExitCode(exec_id, deadline);
}

// The stream may end a moment before the engine knows the exit code.
Result<int> DockerRuntime::ReadExitCode(const std::string& exec_id, MonoTime deadline) {
  while (true) {
    PATCHBAY_TRY(const auto seen, client_.GetJson("exec", StrCat("/exec/", exec_id, "/json")));
    if (!FindBool(seen, {"Running"})) return static_cast<int>(FindInt(seen, {"ExitCode"}));
    if (client_.clock().Mono() > deadline) return Error{Code::kTimeout, "the command took too long"};
    client_.clock().SleepFor(kLookAgain, {});
  }
}

Result<Usage> DockerRuntime::MeasureUsage(const std::string& id) {
  PATCHBAY_CHECK(CheckOurs(id));
  // one-shot: without it the engine waits a second for a sample to compare with.
  PATCHBAY_TRY(const auto stats,
               client_.GetJson("stats", StrCat("/containers/", EncodeUrl(id), "/stats?stream=false&one-shot=true")));
  return ReadUsage(stats);
}

Result<std::unique_ptr<RuntimeStream>> DockerRuntime::Logs(const std::string& id, const LogOptions& options,
                                                           std::function<bool(bool, std::string_view)> on_line,
                                                           std::function<void(Result<void>)> on_end) {
  PATCHBAY_TRY(const auto document, client_.GetJson("inspect", StrCat("/containers/", EncodeUrl(id), "/json")));
  const bool terminal = FindBool(document, {"Config", "Tty"});
  auto frames = std::make_shared<LogFrames>(terminal, std::move(on_line));
  auto enough = std::make_shared<bool>(false);
  const auto feed = [frames, enough](std::string_view piece) {
    *enough = !frames->Feed(piece);
    return !*enough;
  };
  const auto end = [frames, enough, on_end = std::move(on_end)](Result<void> result) {
    if (frames->broken()) return on_end(Error{Code::kInternal, "the engine's log stream is not in frames"});
    if (*enough) return on_end({});
    frames->Finish();
    on_end(std::move(result));
  };
  PATCHBAY_TRY(auto stream, client_.Open({"logs", "GET", LogTarget(id, options)}, {feed, end}));
  return std::unique_ptr<RuntimeStream>(std::move(stream));
}

Result<std::unique_ptr<RuntimeStream>> DockerRuntime::Watch(std::optional<WallTime> since,
                                                            std::function<void(const RuntimeEvent&)> on_event,
                                                            std::function<void(Result<void>)> on_end) {
  // The engine answers before it listens: without `since` an event in between would be lost.
  const WallTime from = since.value_or(client_.clock().Wall());
  // Of all containers: a claimed one has no label to ask for.
  std::vector<std::string> actions(kActions.begin(), kActions.end());
  actions.insert(actions.end(), kImageActions.begin(), kImageActions.end());
  const Json filters = {{"type", {"container", "image"}}, {"event", actions}};
  auto lines = std::make_shared<LineSplitter>();
  const auto feed = [lines, on_event = std::move(on_event), claims = claims_,
                     installation = options_.installation](std::string_view piece) {
    return lines->Feed(piece, [&](std::string_view line) {
      if (const auto event = ReadEvent(line, installation, *claims)) on_event(*event);
      return true;
    });
  };
  const auto end = [on_end = std::move(on_end)](Result<void> result) {
    on_end(result.ok() ? Error{Code::kUnavailable, "the container engine ended its events"} : std::move(result));
  };
  const std::string target = StrCat("/events?since=", UnixTime(from), "&filters=", EncodeUrl(DumpJson(filters)));
  PATCHBAY_TRY(auto stream, client_.Open({"events", "GET", target}, {feed, end}));
  return std::unique_ptr<RuntimeStream>(std::move(stream));
}

}  // namespace patchbay::driver
