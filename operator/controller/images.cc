#include "controller/images.h"

#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"
#include "driver/runtime/image_reference.h"

namespace patchbay::controller {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kFirst{10'000};  // as the kubelet
constexpr milliseconds kMost{300'000};

// Tells logins apart without keeping them.
std::string Fingerprint(const Images::Logins& logins) {
  if (logins.empty()) return "";
  std::string text;
  for (const auto& login : logins)
    for (const std::string& part : {login.server, login.username, login.password, login.identity_token, login.registry_token})
      text.append(part).push_back('\0');
  return Sha256Hex(text);
}

std::string RegistryOf(const std::string& image) {
  const auto reference = driver::ParseImageReference(image);
  return reference.ok() ? reference->domain : "";
}

}  // namespace

Images::Wish Images::MakeWish(const std::string& image, const Logins& logins) {
  const std::string who = Fingerprint(logins);
  return {image, logins, StrCat(image, " ", who), StrCat(RegistryOf(image), " ", who)};
}

Images::State Images::Want(const std::string& image, const Logins& logins, MonoTime since, const Key& waiter) {
  const MonoTime now = clock_.Mono();
  Wish wish = MakeWish(image, logins);
  std::optional<Error> last;
  {
    auto known = known_.Lock();
    Entry& entry = known->entries[wish.entry];
    if (!entry.pulling && !entry.error && entry.pulled && *entry.pulled >= since) return {State::What::kPulled, {}, {}};
    if (!entry.pulling && entry.error && now < entry.next)
      return {State::What::kBackoff, entry.error, entry.next_wall, std::chrono::ceil<milliseconds>(entry.next - now)};
    const auto pause = known->pauses.find(wish.pause);
    if (!entry.pulling && pause != known->pauses.end() && now < pause->second.until)
      return {State::What::kBackoff, Error{Code::kTooManyRequests, StrCat("cannot pull ", image, " yet: ", pause->second.why)},
              pause->second.until_wall, std::chrono::ceil<milliseconds>(pause->second.until - now)};
    entry.waiters.insert(waiter);
    if (entry.pulling) return {State::What::kPulling, entry.error, {}};
    entry.pulling = true;
    last = entry.error;
  }
  crew_.Post([this, wish = std::move(wish)] { Pull(wish); });
  return {State::What::kPulling, last, {}};
}

// As each in turn, while the registry says that this one may not see it.
Result<void> Images::Ask(const Wish& wish) {
  before_pull_(wish.image);
  if (wish.logins.empty()) return runtime_.Pull(wish.image, {});
  Result<void> answer;
  for (const driver::RegistryLogin& login : wish.logins) {
    answer = runtime_.Pull(wish.image, login);
    if (answer.ok() || (answer.error().code != Code::kForbidden && answer.error().code != Code::kNotFound)) break;
  }
  return answer;
}

void Images::Pull(const Wish& wish) {
  bool paused = false;  // since it was wished for
  {
    auto known = known_.Lock();
    const auto pause = known->pauses.find(wish.pause);
    paused = pause != known->pauses.end() && clock_.Mono() < pause->second.until;
  }
  Result<void> pulled;
  if (!paused) {
    LogInfo("controller", "pulling an image", {{"image", wish.image}});
    pulled = Ask(wish);
    metrics_.CountAct(Metrics::Act::kPull, pulled.ok());
  }
  std::set<Key> waiters;
  {
    auto known = known_.Lock();
    Entry& entry = known->entries[wish.entry];
    entry.pulling = false;
    waiters.swap(entry.waiters);
    if (!pulled.ok()) {
      NoteFailure(wish, pulled.error(), *known);
    } else if (!paused) {
      entry.error.reset();
      entry.failures = 0;
      entry.pulled = clock_.Mono();
    }
  }
  if (!pulled.ok())
    LogWarn("controller", "an image could not be pulled", {{"image", wish.image}, {"error", pulled.error().message}});
  for (const Key& waiter : waiters) wake_(waiter);
}

void Images::NoteFailure(const Wish& wish, const Error& error, Known& known) {
  Entry& entry = known.entries[wish.entry];
  entry.error = error;
  milliseconds wait = random_.Backoff(entry.failures++, kFirst * 2, kMost * 2);
  if (error.retry_after) wait = std::max(wait, *error.retry_after);
  entry.next = clock_.Mono() + wait;
  entry.next_wall = clock_.Wall() + std::chrono::duration_cast<WallTime::duration>(wait);
  if (error.code == Code::kTooManyRequests)
    known.pauses[wish.pause] = {entry.next, entry.next_wall,
                                StrCat("the registry asked for a pause (", error.message, ")")};
}

}  // namespace patchbay::controller
