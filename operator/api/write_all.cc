#include <cstddef>
#include <memory>
#include <utility>

#include "api/writes.h"

namespace patchbay::api {
namespace {

constexpr std::size_t kAtATime = 256;  // one good batch for the store, and room for others

class Convoy : public std::enable_shared_from_this<Convoy> {
 public:
  Convoy(Writes& writes, std::vector<WriteOrder> orders, std::function<void(std::vector<Answer<Written>>)> done)
      : writes_(writes), orders_(std::move(orders)), done_(std::move(done)) {
    state_.Lock()->results.resize(orders_.size());
  }

  // Begins what may be begun. A write that is done at once comes back here from within: it leaves that to the loop.
  void Pump() {
    {
      auto state = state_.Lock();
      if (state->pumping) return;
      state->pumping = true;
    }
    while (const std::optional<std::size_t> next = Next()) Begin(*next);
  }

 private:
  struct State {
    std::vector<std::optional<Answer<Written>>> results;
    std::size_t next = 0;
    std::size_t open = 0;
    bool failed = false;
    bool pumping = false;
    bool told = false;
  };

  // The next to begin; nothing when the loop is to end, after telling the end if it has come.
  std::optional<std::size_t> Next() {
    std::vector<Answer<Written>> all;
    {
      auto state = state_.Lock();
      const bool more = state->next < orders_.size() && !state->failed;
      if (more && state->open < kAtATime) {
        ++state->open;
        return state->next++;
      }
      state->pumping = false;
      if (more || state->open > 0 || state->told) return std::nullopt;
      state->told = true;
      for (auto& result : state->results) {
        if (result) all.push_back(*std::move(result));
      }
    }
    done_(std::move(all));
    return std::nullopt;
  }

  void Begin(std::size_t place) {
    WriteOrder order = std::move(orders_[place]);
    order.done = [self = shared_from_this(), place](Answer<Written> written) {
      {
        auto state = self->state_.Lock();
        --state->open;
        if (!written.ok() && written.error().status != 404) state->failed = true;
        state->results[place] = std::move(written);
      }
      self->Pump();
    };
    writes_.Run(std::move(order));
  }

  Writes& writes_;
  std::vector<WriteOrder> orders_;  // each taken once
  const std::function<void(std::vector<Answer<Written>>)> done_;
  Guarded<State> state_;
};

}  // namespace

void RunAll(Writes& writes, std::vector<WriteOrder> orders, std::function<void(std::vector<Answer<Written>>)> done) {
  std::make_shared<Convoy>(writes, std::move(orders), std::move(done))->Pump();
}

}  // namespace patchbay::api
