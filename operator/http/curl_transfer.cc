#include "http/curl_transfer.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "http/public_address.h"
#include "http/request_head.h"

namespace patchbay::http {
namespace {

constexpr std::size_t kLongestHead = 256 * 1024;

bool IsReading(const Call& call) { return call.method == "GET" || call.method == "HEAD"; }

// The transport's own, or libcurl's business.
bool IsFramingField(std::string_view name) {
  return EqualsIgnoreCase(name, "Content-Length") || EqualsIgnoreCase(name, "Transfer-Encoding") ||
         EqualsIgnoreCase(name, "Expect");
}

Error Invalid(std::string message) { return Error{Code::kInvalid, std::move(message)}; }

Result<void> Check(const Call& call) {
  RequestHead ignored;
  // The server's own grammar decides what a method and a header are.
  std::string head = StrCat(call.method, " / HTTP/1.1\r\nHost: x\r\n\r\n");
  if (call.method.find(' ') != std::string::npos || ReadHead(head, ignored)) return Invalid("the method is malformed");
  for (const auto& [name, value] : call.headers.all()) {
    std::string_view read_name;
    std::string_view read_value;
    if (!ReadField(StrCat(name, ":", value), read_name, read_value) || read_name != name) {
      return Invalid(StrCat("header ", QuoteJson(name), " is malformed"));
    }
  }
  const auto plain = [](unsigned char c) { return c > 0x20 && c != 0x7f; };
  if (call.url.empty() || !std::all_of(call.url.begin(), call.url.end(), plain)) return Invalid("the URL is malformed");
  if (call.public_only && !call.unix_socket.empty()) {
    return Error{Code::kForbidden, "a Unix socket is no public address"};
  }
  return {};
}

void SetOption(CURL* easy, CURLoption option, const std::string& value) {
  curl_easy_setopt(easy, option, value.c_str());
}

}  // namespace

Result<std::shared_ptr<Transfer>> Transfer::New(const Call& call, HttpClient::StreamEvents events, bool stream) {
  PATCHBAY_CHECK(Check(call));
  std::shared_ptr<Transfer> transfer(new Transfer(call, std::move(events), stream));
  transfer->SetUp();
  return transfer;
}

Transfer::Transfer(const Call& call, HttpClient::StreamEvents events, bool stream)
    : call_(call), events_(std::move(events)), stream_(stream), easy_(curl_easy_init()) {}

Transfer::~Transfer() {
  curl_easy_cleanup(easy_);
  curl_slist_free_all(headers_);
}

void Transfer::SetUp() {
  SetOption(easy_, CURLOPT_URL, call_.url);
  SetOption(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  SetOption(easy_, CURLOPT_PROXY, "");
  SetOption(easy_, CURLOPT_USERAGENT, "patchbay");
  if (!call_.unix_socket.empty()) SetOption(easy_, CURLOPT_UNIX_SOCKET_PATH, call_.unix_socket);
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy_, CURLOPT_QUICK_EXIT, 1L);  // do not wait for a resolver that was given up
  curl_easy_setopt(easy_, CURLOPT_MAXAGE_CONN, 30L);
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);  // a quiet stream's peer may vanish without a word
  // 0 would mean libcurl's default of 300 s.
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, std::max<long>(1, call_.connect_timeout.count()));
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, std::max<long>(0, call_.timeout.count()));
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, &Transfer::OnRequest);
  curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
  if (call_.public_only) {
    curl_easy_setopt(easy_, CURLOPT_OPENSOCKETFUNCTION, &Transfer::OnSocket);
    curl_easy_setopt(easy_, CURLOPT_OPENSOCKETDATA, this);
    // A stream shares its loop with unfiltered ones; a connection that is reused does not pass the filter.
    if (stream_) curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, 1L);
  }
  SetUpMethod();
  SetUpTls();
  SetUpHeaders();
}

void Transfer::SetUpMethod() {
  if (call_.method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
    return;
  }
  const bool has_body =
      !call_.body.empty() || call_.method == "POST" || call_.method == "PUT" || call_.method == "PATCH";
  if (has_body) {
    // Not copied: call_ outlives the handle's use.
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call_.body.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, call_.body.c_str());
  }
  SetOption(easy_, CURLOPT_CUSTOMREQUEST, call_.method);
}

void Transfer::SetUpTls() {
  if (!call_.ca_file.empty()) SetOption(easy_, CURLOPT_CAINFO, call_.ca_file);
  if (!call_.client_cert_file.empty()) {
    SetOption(easy_, CURLOPT_SSLCERT, call_.client_cert_file);
    SetOption(easy_, CURLOPT_SSLKEY, call_.client_cert_file);
  }
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, call_.verify_tls ? 1L : 0L);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, call_.verify_tls ? 2L : 0L);
}

void Transfer::SetUpHeaders() {
  const auto add = [this](const std::string& line) { headers_ = curl_slist_append(headers_, line.c_str()); };
  for (const auto& [name, value] : call_.headers.all()) {
    if (IsFramingField(name)) continue;
    add(Trim(value).empty() ? StrCat(name, ";") : StrCat(name, ": ", value));
  }
  if (!call_.headers.Has("Content-Type")) add("Content-Type:");  // else libcurl says "form" to every body
  add("Expect:");
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
}

std::size_t Transfer::OnHeader(char* bytes, std::size_t size, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->TakeHeader({bytes, size * count}) ? size * count : 0;
}

std::size_t Transfer::OnBody(char* bytes, std::size_t size, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->TakeBody({bytes, size * count}) ? size * count : 0;
}

curl_socket_t Transfer::OnSocket(void* self, curlsocktype, curl_sockaddr* address) {
  if (!IsPublicAddress(address->addr)) {
    static_cast<Transfer*>(self)->blocked_ = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// libcurl repeats a request by itself when a kept connection dies before the first byte of an answer. For a write
// that is not its to decide: the first may have been carried out.
int Transfer::OnRequest(void* self, char*, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(self);
  long sent = 0;
  curl_easy_getinfo(transfer.easy_, CURLINFO_REQUEST_SIZE, &sent);
  if (sent == 0 || IsReading(transfer.call_)) return CURL_PREREQFUNC_OK;
  transfer.repeated_ = true;
  return CURL_PREREQFUNC_ABORT;
}

template <class Report>
bool Transfer::Tell(Report report) {
  {
    auto state = state_.Lock();
    if (state->silent) return false;
    state->telling = std::this_thread::get_id();
  }
  report();
  auto state = state_.Lock();
  state->telling = std::thread::id();
  changed_.notify_all();
  return !state->silent;
}

bool Transfer::TakeHeader(std::string_view line) {
  if (head_told_ && stream_) return true;  // a trailer, and the head is told already
  head_size_ += line.size();
  if (head_size_ > kLongestHead) return !(too_large_ = true);
  if (line.substr(0, 5) == "HTTP/") {
    answer_ = Answer();
    return true;
  }
  if (line != "\r\n" && line != "\n") {
    std::string_view name;
    std::string_view value;
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    if (ReadField(line, name, value)) answer_.headers.Add(std::string(name), std::string(value));
    return true;
  }
  if (head_told_) return true;
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  if (status < 200) return true;  // an interim answer
  answer_.status = static_cast<int>(status);
  head_told_ = true;
  return !events_.on_head || Tell([this] { events_.on_head(answer_); });
}

bool Transfer::TakeBody(std::string_view piece) {
  if (stream_) {
    if (!events_.on_piece) return true;
    return Tell([&] { stopped_ = !events_.on_piece(piece); }) && !stopped_;
  }
  too_large_ = piece.size() > call_.max_body - std::min(call_.max_body, answer_.body.size());
  if (!too_large_) answer_.body.append(piece);
  return !too_large_;
}

void Transfer::End(CURLcode result) {
  Result<void> end;
  if (result != CURLE_OK) end = Explain(result);
  if (stream_ && events_.on_end) {
    Tell([&] { events_.on_end(std::move(end)); });
    return;
  }
  auto state = state_.Lock();
  state->ended = true;
  state->end = std::move(end);
  changed_.notify_all();
}

Result<Answer> Transfer::Wait() {
  auto state = state_.Lock();
  changed_.wait(state.lock(), [&] { return state->ended; });
  if (!state->end.ok()) return state->end.error();
  return std::move(answer_);
}

void Transfer::Silence() {
  auto state = state_.Lock();
  state->silent = true;
  if (state->telling == std::this_thread::get_id()) return;
  changed_.wait(state.lock(), [&] { return state->telling == std::thread::id(); });
}

// The one function that turns libcurl's errors into ours.
Error Transfer::Explain(CURLcode result) const {
  const std::string message = StrCat(call_.method, " ", Redact(call_.url), ": ", curl_easy_strerror(result));
  const auto error = [&](Code code) { return Error{code, message}; };
  if (too_large_) {
    return Error{Code::kTooLarge,
                 StrCat(call_.method, " ", Redact(call_.url), ": the answer is too large: limit is ", call_.max_body)};
  }
  if (stopped_) return error(Code::kCancelled);
  if (repeated_) return error(Code::kInDoubt);
  if (blocked_ && result == CURLE_COULDNT_CONNECT) {
    return Error{Code::kForbidden, StrCat(call_.method, " ", Redact(call_.url), ": not a public address")};
  }
  long sent = 0;
  curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &sent);
  switch (result) {
    case CURLE_ABORTED_BY_CALLBACK: return error(Code::kCancelled);  // the loop's word for its own end
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return error(Code::kInvalid);
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE: return error(Code::kInvalid);
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_BAD_FUNCTION_ARGUMENT: return error(Code::kInternal);
    case CURLE_OPERATION_TIMEDOUT:
      if (sent != 0 && IsReading(call_)) return error(Code::kTimeout);
      [[fallthrough]];
    default: return error(sent == 0 ? Code::kUnavailable : Code::kInDoubt);
  }
}

}  // namespace patchbay::http
