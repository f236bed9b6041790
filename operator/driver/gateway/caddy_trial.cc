#include "driver/gateway/caddy_trial.h"

#include <span>
#include <utility>

#include "base/text.h"

namespace patchbay::driver {
namespace {

using Routes = std::span<const CaddyRoute* const>;

constexpr std::string_view kPlace = ": route ";

std::string TrialPath(const std::string& server_path) { return StrCat(server_path, "-trial"); }

class Trial {
 public:
  Trial(const CaddyAdmin& admin, std::string path) : admin_(admin), path_(std::move(path)) {}

  // Nothing when Caddy takes them all; its words otherwise.
  Result<std::optional<std::string>> Try(Routes routes) {
    std::string body = R"({"automatic_https":{"disable":true},"routes":[)";
    for (const auto* route : routes) {
      if (body.back() != '[') body += ',';
      body += route->text;
    }
    body += "]}";
    auto tried = admin_.Change(stands_ ? "POST" : "PUT", path_, std::move(body), "");
    if (tried.ok()) {
      stands_ = true;
      return std::optional<std::string>();
    }
    if (tried.error().code != Code::kInvalid) return std::move(tried).error();
    return std::optional<std::string>(tried.error().message);
  }

  // `routes` are known to be refused together, with `message`.
  Result<void> Split(Routes routes, const std::string& message) {
    if (routes.size() == 1) {
      refused_[routes.front()] = WithoutPlace(message);
      return {};
    }
    const Routes left = routes.first(routes.size() / 2);
    const Routes right = routes.subspan(left.size());
    PATCHBAY_TRY(const auto left_says, Try(left));
    if (left_says) PATCHBAY_CHECK(Split(left, *left_says));
    // When the left half is good alone, the fault is in the right one, which needs no trial of its own.
    std::optional<std::string> right_says = message;
    if (left_says || right.size() == 1) {
      PATCHBAY_TRY(right_says, Try(right));
    }
    if (right_says) PATCHBAY_CHECK(Split(right, *right_says));
    return {};
  }

  std::map<const CaddyRoute*, std::string> refused() { return std::move(refused_); }

 private:
  const CaddyAdmin& admin_;
  const std::string path_;
  bool stands_ = false;
  std::map<const CaddyRoute*, std::string> refused_;
};

}  // namespace

std::optional<int> PlaceInMessage(std::string_view message, std::string_view server) {
  const std::string begin = StrCat("server ", server, ": ");
  const auto at = message.find(begin);
  if (at == std::string_view::npos) return std::nullopt;
  const auto place = message.find(kPlace, at);
  if (place == std::string_view::npos) return std::nullopt;
  std::string_view digits = message.substr(place + kPlace.size());
  digits = digits.substr(0, digits.find_first_not_of("0123456789"));
  const auto number = ParseInt(digits);
  if (!number || *number > 1'000'000) return std::nullopt;
  return static_cast<int>(*number);
}

std::string WithoutPlace(std::string_view message) {
  const auto place = message.find(kPlace);
  if (place == std::string_view::npos) return std::string(message);
  const auto colon = message.find(": ", place + kPlace.size());
  if (colon == std::string_view::npos) return std::string(message);
  return std::string(message.substr(colon + 2));
}

Result<std::map<const CaddyRoute*, std::string>> FindRefused(const CaddyAdmin& admin, const std::string& server_path,
                                                             const std::vector<const CaddyRoute*>& routes) {
  PATCHBAY_CHECK(RemoveTrial(admin, server_path));
  Trial trial(admin, TrialPath(server_path));
  PATCHBAY_TRY(const auto together, trial.Try(routes));
  Result<void> searched;
  if (together && !routes.empty()) searched = trial.Split(routes, *together);
  const auto removed = RemoveTrial(admin, server_path);
  PATCHBAY_CHECK(searched);
  PATCHBAY_CHECK(removed);
  return trial.refused();
}

Result<void> RemoveTrial(const CaddyAdmin& admin, const std::string& server_path) {
  PATCHBAY_TRY(const auto trial, admin.Get(TrialPath(server_path)));
  if (!trial.exists) return {};
  return admin.Change("DELETE", TrialPath(server_path), "", "");
}

}  // namespace patchbay::driver
