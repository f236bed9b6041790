// One request to another server on a libcurl handle: its options, its callbacks and the one place where libcurl's
// errors become ours.
#pragma once

#include <curl/curl.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/guarded.h"
#include "base/result.h"
#include "http/client.h"

namespace patchbay::http {

class Transfer {
 public:
  // kInvalid: a method, URL or header that cannot be sent. `events` sees a stream; without them the body is gathered.
  static Result<std::shared_ptr<Transfer>> New(const Call& call, HttpClient::StreamEvents events, bool stream);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* easy() const { return easy_; }
  // On the loop's thread, once, when libcurl is through with it.
  void End(CURLcode result);

  // For a call: blocks until End().
  Result<Answer> Wait();
  // No event is reported once it returns, but to a caller on the loop's own thread, who may be within one.
  void Silence();

 private:
  Transfer(const Call& call, HttpClient::StreamEvents events, bool stream);
  void SetUp();
  void SetUpMethod();
  void SetUpTls();
  void SetUpHeaders();
  Error Explain(CURLcode result) const;

  static std::size_t OnHeader(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t OnBody(char* bytes, std::size_t size, std::size_t count, void* self);
  static curl_socket_t OnSocket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int OnRequest(void* self, char*, char*, int, int);
  bool TakeHeader(std::string_view line);
  bool TakeBody(std::string_view piece);
  // Runs `report` unless silenced.
  template <class Report>
  bool Tell(Report report);

  struct State {
    bool silent = false;
    std::thread::id telling;  // who is within an event
    bool ended = false;
    Result<void> end;
  };

  const Call call_;
  const HttpClient::StreamEvents events_;
  const bool stream_;
  CURL* const easy_;
  curl_slist* headers_ = nullptr;
  // The loop's thread only.
  Answer answer_;
  std::size_t head_size_ = 0;
  bool head_told_ = false;
  bool blocked_ = false;  // an address that is not public
  bool too_large_ = false;
  bool stopped_ = false;   // by on_piece
  bool repeated_ = false;  // libcurl was about to send a write twice
  // Shared.
  Guarded<State> state_;
  std::condition_variable changed_;
};

}  // namespace patchbay::http
