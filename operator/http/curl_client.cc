#include <mutex>
#include <utility>

#include "http/client.h"
#include "http/curl_loop.h"
#include "http/curl_transfer.h"

namespace patchbay::http {
namespace {

// A loop that begins with its first use.
class LazyLoop {
 public:
  explicit LazyLoop(std::size_t connections_per_host) : connections_per_host_(connections_per_host) {}
  CurlLoop& Get() {
    std::call_once(once_, [this] { loop_ = std::make_unique<CurlLoop>(connections_per_host_); });
    return *loop_;
  }

 private:
  const std::size_t connections_per_host_;
  std::once_flag once_;
  std::unique_ptr<CurlLoop> loop_;
};

struct Loops {
  explicit Loops(const CurlOptions& options)
      : calls(options.connections_per_host), streams(0), public_calls(options.connections_per_host) {}
  LazyLoop calls;
  LazyLoop streams;       // of their own: a limit of connections would count them and starve calls
  LazyLoop public_calls;  // of their own: a kept connection is not filtered again
};

class CurlSubscription final : public Subscription {
 public:
  CurlSubscription(std::weak_ptr<Loops> loops, std::shared_ptr<Transfer> transfer)
      : loops_(std::move(loops)), transfer_(std::move(transfer)) {}
  ~CurlSubscription() override {
    transfer_->Silence();
    if (const auto loops = loops_.lock()) loops->streams.Get().Remove(std::move(transfer_));
  }

 private:
  const std::weak_ptr<Loops> loops_;
  std::shared_ptr<Transfer> transfer_;
};

class CurlClient final : public HttpClient {
 public:
  explicit CurlClient(const CurlOptions& options) : loops_(std::make_shared<Loops>(options)) {}

  Result<Answer> Send(const Call& call) override {
    CurlLoop& loop = call.public_only ? loops_->public_calls.Get() : loops_->calls.Get();
    PATCHBAY_TRY(auto transfer, Transfer::New(call, {}, false));
    loop.Add(transfer);
    return transfer->Wait();
  }

  Result<std::unique_ptr<Subscription>> Open(const Call& call, StreamEvents events) override {
    PATCHBAY_TRY(auto transfer, Transfer::New(call, std::move(events), true));
    loops_->streams.Get().Add(transfer);
    return std::unique_ptr<Subscription>(std::make_unique<CurlSubscription>(loops_, std::move(transfer)));
  }

 private:
  const std::shared_ptr<Loops> loops_;
};

}  // namespace

std::unique_ptr<HttpClient> NewCurlClient(const CurlOptions& options) { return std::make_unique<CurlClient>(options); }

}  // namespace patchbay::http
