// One thread that drives transfers on a libcurl multi handle. It sleeps until a socket, a timer or a caller wakes it.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/guarded.h"
#include "http/curl_transfer.h"

namespace patchbay::http {

class CurlLoop {
 public:
  explicit CurlLoop(std::size_t connections_per_host);  // 0: unbounded
  ~CurlLoop();                                          // what is under way ends with kCancelled

  // From any thread.
  void Add(std::shared_ptr<Transfer> transfer);
  void Remove(std::shared_ptr<Transfer> transfer);  // ends it with kCancelled if it is still under way

 private:
  struct Orders {
    std::vector<std::shared_ptr<Transfer>> add;
    std::vector<std::shared_ptr<Transfer>> remove;
    bool stop = false;
  };
  void Run();
  bool Obey();  // false: stop
  void Begin(std::shared_ptr<Transfer> transfer);
  void Finish(CURL* easy, CURLcode result);

  CURLM* const multi_;
  std::unordered_map<CURL*, std::shared_ptr<Transfer>> live_;  // the loop's thread only
  Guarded<Orders> orders_;
  std::thread thread_;
};

}  // namespace patchbay::http
