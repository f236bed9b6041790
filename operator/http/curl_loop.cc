#include "http/curl_loop.h"

#include <utility>

#include "base/log.h"

namespace patchbay::http {
namespace {

constexpr long kIdleConnections = 64;
// The longest sleep when nothing is to be done; libcurl's own timers shorten it.
constexpr int kNapMilliseconds = 60'000;

void InitialiseOnce() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_ALL);
  if (done != CURLE_OK) LogError("http", "libcurl did not initialise", {{"reason", curl_easy_strerror(done)}});
}

}  // namespace

CurlLoop::CurlLoop(std::size_t connections_per_host) : multi_((InitialiseOnce(), curl_multi_init())) {
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kIdleConnections);
  curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(connections_per_host));
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  thread_ = std::thread([this] { Run(); });
}

CurlLoop::~CurlLoop() {
  orders_.Lock()->stop = true;
  curl_multi_wakeup(multi_);
  thread_.join();
  curl_multi_cleanup(multi_);
}

void CurlLoop::Add(std::shared_ptr<Transfer> transfer) {
  orders_.Lock()->add.push_back(std::move(transfer));
  curl_multi_wakeup(multi_);
}

void CurlLoop::Remove(std::shared_ptr<Transfer> transfer) {
  orders_.Lock()->remove.push_back(std::move(transfer));
  curl_multi_wakeup(multi_);
}

void CurlLoop::Begin(std::shared_ptr<Transfer> transfer) {
  CURL* const easy = transfer->easy();
  live_.emplace(easy, std::move(transfer));
  if (curl_multi_add_handle(multi_, easy) != CURLM_OK) Finish(easy, CURLE_FAILED_INIT);
}

void CurlLoop::Finish(CURL* easy, CURLcode result) {
  const auto found = live_.find(easy);
  if (found == live_.end()) return;
  const std::shared_ptr<Transfer> transfer = std::move(found->second);
  live_.erase(found);
  curl_multi_remove_handle(multi_, easy);
  transfer->End(result);
}

bool CurlLoop::Obey() {
  Orders orders;
  {
    auto given = orders_.Lock();
    orders.add.swap(given->add);
    orders.remove.swap(given->remove);
    orders.stop = given->stop;
  }
  for (auto& transfer : orders.add) Begin(std::move(transfer));
  for (const auto& transfer : orders.remove) Finish(transfer->easy(), CURLE_ABORTED_BY_CALLBACK);
  return !orders.stop;
}

void CurlLoop::Run() {
  while (Obey()) {
    int running = 0;
    curl_multi_perform(multi_, &running);
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg == CURLMSG_DONE) Finish(message->easy_handle, message->data.result);
    }
    // A wake-up that came since Obey() is remembered by libcurl: the poll returns at once.
    curl_multi_poll(multi_, nullptr, 0, kNapMilliseconds, nullptr);
  }
  while (!live_.empty()) Finish(live_.begin()->first, CURLE_ABORTED_BY_CALLBACK);
}

}  // namespace patchbay::http
