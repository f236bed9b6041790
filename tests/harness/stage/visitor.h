// Somebody who is being served while things change.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "base/guarded.h"
#include "base/text.h"
#include "harness/stage/stage.h"

namespace patchbay {

// Asks again and again, the next when the last was answered, until it is let go.
class Visitor {
 public:
  Visitor(Stage& stage, std::string path, std::string body = "", bool fresh = false)
      : thread_([this, &stage, path = std::move(path), body = std::move(body), fresh](const std::stop_token& stop) {
          const auto client = http::NewCurlClient();
          while (!stop.stop_requested()) {
            http::Call call;
            call.method = body.empty() ? "GET" : "POST";
            call.url = stage.gateway_url() + path;
            call.body = body;
            call.timeout = std::chrono::seconds(20);
            if (fresh) call.headers.Set("Connection", "close");
            const auto answer = client->Send(call);
            if (answer.ok() && answer->status == 200 && (body.empty() || answer->body == body)) {
              ++good_;
              continue;
            }
            ++bad_;
            auto words = words_.Lock();
            if (words->size() < 500)
              *words += answer.ok() ? StrCat(answer->status, " ", answer->body.substr(0, 100), "; ") : answer.error().message + "; ";
          }
        }) {}

  int good() const { return good_; }
  // Nothing of what was asked may have failed.
  void Leave() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    EXPECT_EQ(bad_, 0) << words_.Copy();
  }

 private:
  std::atomic<int> good_{0};
  std::atomic<int> bad_{0};
  Guarded<std::string> words_;
  std::jthread thread_;
};

}  // namespace patchbay
