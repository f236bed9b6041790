#include "driver/runtime/docker_pull.h"

#include <utility>

#include "base/text.h"
#include "driver/runtime/docker_error.h"
#include "driver/runtime/image_reference.h"
#include "driver/runtime/line_splitter.h"
#include "object/json.h"

namespace patchbay::driver {
namespace {

// The engine answers 200 and tells of a failure in a line of its progress.
class ProgressReader {
 public:
  bool Feed(std::string_view piece) {
    return lines_.Feed(piece, [this](std::string_view line) { return Read(line); });
  }
  void Finish() {
    lines_.Flush([this](std::string_view line) { return Read(line); });
  }
  const std::string& error() const { return error_; }

 private:
  bool Read(std::string_view line) {
    if (line.find("\"error") == std::string_view::npos) return true;
    const auto parsed = ParseJson(line);
    if (!parsed.ok()) return true;
    std::string message = FindString(*parsed, {"errorDetail", "message"});
    if (message.empty()) message = FindString(*parsed, {"error"});
    if (!message.empty()) error_ = std::move(message);
    return true;
  }

  LineSplitter lines_;
  std::string error_;
};

Error ExplainRefusal(const std::string& image, const Error& error) {
  // What the engine said of the registry; not what we say of the engine.
  const bool from_engine = error.code != Code::kUnavailable && error.code != Code::kTimeout &&
                           error.code != Code::kInDoubt && error.code != Code::kUnsupported;
  if (!from_engine) return error.Within(StrCat("cannot pull ", image));
  Error told = TranslatePullError(image, error.message);
  if (told.code == Code::kInternal) told.code = error.code;
  return told;
}

}  // namespace

std::string EncodeLogin(const RegistryLogin& login) {
  if (login.empty()) return "";
  Json auth = Json::object();
  if (!login.username.empty()) auth["username"] = login.username;
  if (!login.password.empty()) auth["password"] = login.password;
  if (!login.identity_token.empty()) auth["identitytoken"] = login.identity_token;
  if (!login.registry_token.empty()) auth["registrytoken"] = login.registry_token;
  if (!login.server.empty()) auth["serveraddress"] = login.server;
  std::string text = EncodeBase64(DumpJson(auth));
  for (char& letter : text) letter = letter == '+' ? '-' : letter == '/' ? '_' : letter;
  return text;
}

Result<void> PullQueue::Pull(const std::string& image, const RegistryLogin& login) {
  PATCHBAY_TRY(const auto reference, ParseImageReference(image));
  const std::string key = StrCat(reference.Canonical(), " ", EncodeLogin(login));
  std::shared_ptr<Flight> flight;
  {
    auto flights = flights_.Lock();
    auto& slot = (*flights)[key];
    if (slot != nullptr) {
      flight = slot;
      landed_.wait(flights.lock(), [&] { return flight->landed; });
      return flight->outcome;
    }
    flight = slot = std::make_shared<Flight>();
  }
  auto outcome = PullNow(image, reference, login);
  {
    auto flights = flights_.Lock();
    flight->landed = true;
    flight->outcome = outcome;
    flights->erase(key);
  }
  landed_.notify_all();
  return outcome;
}

Result<void> PullQueue::PullNow(const std::string& image, const ImageReference& reference, const RegistryLogin& login) {
  auto progress = std::make_shared<ProgressReader>();
  const DockerCall call{
      .name = "pull",
      .method = "POST",
      .target = StrCat("/images/create?fromImage=", EncodeUrl(reference.Repository()), "&tag=",
                       EncodeUrl(reference.Version())),
      .timeout = quiet_,
      .registry_auth = EncodeLogin(login)};
  auto stream = client_.Open(call, {[progress](std::string_view piece) { return progress->Feed(piece); }, nullptr});
  if (!stream.ok()) return ExplainRefusal(image, stream.error());
  const auto end = (*stream)->Wait(quiet_, most_, client_.clock());
  stream->reset();
  if (!end.ok()) return end.error().Within(StrCat("pulling ", image, " did not end"));
  progress->Finish();
  if (!progress->error().empty()) return TranslatePullError(image, progress->error());
  return {};
}

}  // namespace patchbay::driver
