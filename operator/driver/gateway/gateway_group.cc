#include "driver/gateway/gateway_group.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/text.h"

namespace patchbay::driver {
namespace {

// Of all members; a place that is nobody's says so.
std::string JoinDigests(const std::vector<std::optional<std::string>>& digests) {
  std::vector<std::string> parts;
  for (const auto& digest : digests) parts.push_back(digest.value_or("-"));
  return Join(parts, " ");
}

void Append(std::string& text, std::string_view more, std::string_view separator) {
  if (!text.empty()) text += separator;
  text += more;
}

}  // namespace

GatewayGroup::GatewayGroup(std::vector<std::unique_ptr<Gateway>> members, Meter& meter, std::chrono::milliseconds patience)
    : patience_(patience) {
  for (auto& gateway : members) {
    Gauge& up = meter.AddGauge("patchbay_gateway_up", "1 while the gateway takes and answers what it is asked.",
                               {{"gateway", gateway->name()}});
    Member& member = members_.emplace_back();
    member.gateway = std::move(gateway);
    member.up = &up;
  }
}

std::string GatewayGroup::name() const {
  std::string all;
  for (const Member& member : members_) Append(all, member.gateway->name(), "+");
  return all;
}

std::vector<FieldNotDone> GatewayGroup::Unsupported() const {
  std::vector<FieldNotDone> all;
  for (const Member& member : members_)
    for (auto& lack : member.gateway->Unsupported()) {
      const auto same =
          std::find_if(all.begin(), all.end(), [&](const auto& known) { return known.field == lack.field; });
      if (same == all.end()) all.push_back(std::move(lack));
      else Append(same->by, lack.by, ", ");
    }
  return all;
}

std::string GatewayGroup::Digest(const GatewayRoute& route) const {
  Digests digests;
  for (const Member& member : members_) digests.emplace_back(member.gateway->Digest(route));
  return JoinDigests(digests);
}

Error GatewayGroup::Name(const Member& member, const Error& error) const {
  return members_.size() == 1 ? error : error.Within(member.gateway->name());
}

// Failed, and took its time for it: whatever the error is called.
template <class T>
bool GatewayGroup::IsSilence(const Result<T>& given, MonoTime began) const {
  return !given.ok() && (given.error().code == Code::kTimeout || SystemClock().Mono() - began > patience_);
}

template <class T, class... Args>
Result<T> GatewayGroup::Ask(const Member& member, Result<T> (Gateway::*question)(const Args&...), const Args&... args) const {
  Gateway& gateway = *member.gateway;
  Guarded<Silence>& silence = *member.silence;
  std::future<Result<T>> answer;
  {
    auto now = silence.Lock();
    if (now->asked) return Error{Code::kUnavailable, "it does not answer"};
    if (now->silent) {
      auto promise = std::make_shared<std::promise<Result<T>>>();
      answer = promise->get_future();
      now->asked = true;
      now->pending = std::async(std::launch::async, [this, &gateway, &silence, promise, question, args...] {
        const MonoTime began = SystemClock().Mono();
        Result<T> given = (gateway.*question)(args...);
        {
          auto then = silence.Lock();
          then->silent = IsSilence(given, began);
          then->asked = false;
        }
        promise->set_value(std::move(given));
      });
    }
  }
  if (answer.valid()) {
    if (answer.wait_for(patience_) == std::future_status::ready) return answer.get();
    return Error{Code::kUnavailable, "it does not answer"};
  }
  const MonoTime began = SystemClock().Mono();
  Result<T> given = (gateway.*question)(args...);
  if (members_.size() > 1 && IsSilence(given, began)) silence.Lock()->silent = true;
  return given;
}

// All answers, or one Error with all errors in it. Being away outweighs what cannot be done: it may end.
template <class T>
Result<std::vector<T>> GatewayGroup::Gather(std::vector<Result<T>> answers) const {
  std::vector<T> good;
  std::optional<Error> bad;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].ok()) {
      good.push_back(*std::move(answers[i]));
      continue;
    }
    Error error = Name(members_[i], answers[i].error());
    if (!bad) {
      bad = std::move(error);
      continue;
    }
    if (bad->code == Code::kUnsupported) bad->code = error.code;
    bad->message += StrCat("; ", error.message);
    bad->retry_after = std::max(bad->retry_after, error.retry_after);
  }
  if (bad) return *std::move(bad);
  return good;
}

template <class T>
void GatewayGroup::Note(const Member& member, const Result<T>& answer) {
  member.up->Set(answer.ok() ? 1 : 0);
}

Result<Published> GatewayGroup::Publish(const std::vector<GatewayRoute>& routes) {
  std::vector<std::size_t> order(members_.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto failed = failed_.Copy();
  std::stable_partition(order.begin(), order.end(), [&](std::size_t i) { return !failed.contains(i); });
  std::vector<Result<Published>> answers(members_.size(), Result<Published>(Published{}));
  std::set<std::size_t> fails;
  for (const std::size_t i : order) {
    answers[i] = Ask(members_[i], &Gateway::Publish, routes);
    Note(members_[i], answers[i]);
    if (!answers[i].ok()) fails.insert(i);
  }
  *failed_.Lock() = std::move(fails);
  PATCHBAY_TRY(const auto done, Gather(std::move(answers)));
  Published all;
  for (std::size_t i = 0; i < done.size(); ++i) {
    all.changed = all.changed || done[i].changed;
    all.postponed = all.postponed || done[i].postponed;
    for (const auto& [id, words] : done[i].refused)
      Append(all.refused[id], Name(members_[i], {Code::kInvalid, words}).message, "; ");
    for (const auto& [id, words] : done[i].missing)
      Append(all.missing[id], Name(members_[i], {Code::kNotFound, words}).message, "; ");
    for (const auto& [id, words] : done[i].elsewhere)
      Append(all.elsewhere[id], Name(members_[i], {Code::kNotFound, words}).message, "; ");
  }
  Remember(routes, done);
  return all;
}

void GatewayGroup::Remember(const std::vector<GatewayRoute>& routes, const std::vector<Published>& done) {
  if (members_.size() == 1) return;
  Told told;
  for (const GatewayRoute& route : routes) {
    const auto refuses = [&](const Published& published) { return published.refused.contains(route.id); };
    if (std::none_of(done.begin(), done.end(), refuses)) {
      told.whole.insert(route.id);
      continue;
    }
    Digests& digests = told.in_part[route.id];
    for (std::size_t i = 0; i < done.size(); ++i)
      digests.push_back(refuses(done[i]) ? std::nullopt : std::optional(members_[i].gateway->Digest(route)));
  }
  *told_.Lock() = std::move(told);
}

Result<GatewayState> GatewayGroup::Read() {
  std::vector<Result<GatewayState>> answers;
  for (const Member& member : members_) {
    answers.push_back(Ask(member, &Gateway::Read));
    Note(member, answers.back());
  }
  PATCHBAY_TRY(auto states, Gather(std::move(answers)));
  if (states.size() == 1) return std::move(states.front());
  GatewayState all;
  std::vector<Served> served;
  for (GatewayState& state : states) {
    Append(all.epoch, state.epoch, " ");
    served.push_back(std::move(state.routes));
  }
  all.routes = Merge(served);
  return all;
}

GatewayGroup::Served GatewayGroup::Merge(const std::vector<Served>& served) {
  std::map<std::string, Digests> found;
  for (std::size_t i = 0; i < served.size(); ++i)
    for (const auto& [id, digest] : served[i]) {
      Digests& digests = found[id];
      digests.resize(served.size());
      digests[i] = digest;
    }
  const auto told = told_.Lock();
  // Where some refuse a route and the others serve it as they were told, all is as it should be: nobody misses it.
  for (const auto& [id, digests] : told->in_part) {
    Digests& present = found[id];
    present.resize(served.size());
    if (present == digests) found.erase(id);
  }
  Served merged;
  for (const auto& [id, digests] : found) {
    const bool everywhere = std::find(digests.begin(), digests.end(), std::nullopt) == digests.end();
    if (everywhere || !told->whole.contains(id)) merged[id] = JoinDigests(digests);
  }
  return merged;
}

Result<std::map<std::string, RouteDifferences>> GatewayGroup::Compare(const std::vector<GatewayRoute>& routes) {
  std::vector<Result<std::map<std::string, RouteDifferences>>> answers;
  for (const Member& member : members_) answers.push_back(Ask(member, &Gateway::Compare, routes));
  PATCHBAY_TRY(auto found, Gather(std::move(answers)));
  if (found.size() == 1) return std::move(found.front());
  const auto in_part = told_.Lock()->in_part;
  std::map<std::string, RouteDifferences> all;
  for (std::size_t i = 0; i < found.size(); ++i)
    for (auto& [id, differences] : found[i]) {
      const auto told = in_part.find(id);
      if (told != in_part.end() && !told->second[i]) continue;  // refused: it is not to be there
      for (RouteDifference& each : differences) {
        each.field = StrCat(members_[i].gateway->name(), each.field.empty() ? "" : ".", each.field);
        all[id].push_back(std::move(each));
      }
    }
  return all;
}

// What one gateway alone cannot tell, nobody can.
template <class Count>
Result<std::map<std::string, Count>> GatewayGroup::Sum(Result<std::map<std::string, Count>> (Gateway::*question)()) {
  std::vector<Result<std::map<std::string, Count>>> answers;
  for (const Member& member : members_) answers.push_back(Ask(member, question));
  PATCHBAY_TRY(auto counts, Gather(std::move(answers)));
  std::map<std::string, Count> sum;
  for (const auto& one : counts)
    for (const auto& [address, count] : one) sum[address] += count;
  return sum;
}

Result<std::map<std::string, int>> GatewayGroup::InFlight() { return Sum(&Gateway::InFlight); }
Result<std::map<std::string, AnswerCount>> GatewayGroup::Answers() { return Sum(&Gateway::Answers); }

}  // namespace patchbay::driver
