#include "http/server.h"

#include <exception>
#include <utility>

#include "base/guarded.h"
#include "base/text.h"
#include "http/cpprest_listener.h"
#include "http/session.h"
#include "http/transport.h"

namespace patchbay::http {
namespace {

class ListenerServer final : public Server {
 public:
  ListenerServer(std::shared_ptr<House> house, std::unique_ptr<Transport> transport,
                 std::unique_ptr<CpprestListener> listener)
      : house_(std::move(house)), transport_(std::move(transport)), listener_(std::move(listener)) {}
  ~ListenerServer() override { Stop(std::chrono::milliseconds(0)); }

  std::vector<std::string> addresses() const override { return transport_->addresses(); }
  Result<void> ReloadTls() override { return transport_->ReloadTls(); }

  void Stop(std::chrono::milliseconds grace) override {
    auto stopped = stopped_.Lock();  // a second caller waits until the first is through
    if (std::exchange(*stopped, true)) return;
    transport_->Stop(grace);
    listener_.reset();
    // An exchange that somebody keeps for ever must not keep the handler.
    house_->serve = nullptr;
  }

 private:
  const std::shared_ptr<House> house_;
  const std::unique_ptr<Transport> transport_;
  std::unique_ptr<CpprestListener> listener_;
  Guarded<bool> stopped_{false};
};

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options, Handler handler) {
  Meter& meter = options.meter != nullptr ? *options.meter : NullMeter();
  auto house = std::make_shared<House>(std::move(options), meter);
  try {
    PATCHBAY_TRY(auto transport, Transport::Open(house));
    PATCHBAY_TRY(auto listener, CpprestListener::Open(std::move(handler)));
    house->serve = [&door = *listener](std::shared_ptr<Exchange> exchange) { door.Dispatch(std::move(exchange)); };
    transport->Start();
    return std::unique_ptr<Server>(
        std::make_unique<ListenerServer>(std::move(house), std::move(transport), std::move(listener)));
  } catch (const std::exception& failure) {  // no descriptor or thread left
    return Error{Code::kUnavailable, StrCat("the HTTP server did not start: ", failure.what())};
  }
}

}  // namespace patchbay::http
