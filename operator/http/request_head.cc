#include "http/request_head.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "base/text.h"

namespace patchbay::http {
namespace {

constexpr auto kToken = [] {
  std::array<bool, 256> table{};
  for (int c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return kToken[c]; });
}

bool IsFieldValue(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return (c >= 0x20 && c != 0x7f) || c == '\t'; });
}

bool IsHost(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || std::strchr("-._~%:[]!$&'()*+;=", c) != nullptr;
  });
}

Refusal Bad(std::string message) { return Refusal{400, std::move(message)}; }

// Takes the next line off `text`, without its CRLF; false when there is none or a lone CR or LF is in it.
bool TakeLine(std::string_view& text, std::string_view& line) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || end == 0 || text[end - 1] != '\r') return false;
  line = text.substr(0, end - 1);
  text.remove_prefix(end + 1);
  return true;
}

std::optional<Refusal> ReadRequestLine(std::string_view line, RequestHead& head) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) return Bad("The request line is malformed.");
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, second - first - 1);
  const std::string_view version = line.substr(second + 1);
  if (!IsToken(method) || method.size() > 32) return Bad("The request method is malformed.");
  if (version.size() != 8 || version.substr(0, 5) != "HTTP/" || version[6] != '.') {
    return Bad("The HTTP version is malformed.");
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return Refusal{505, "Only HTTP/1.1 and HTTP/1.0 are spoken here."};
  const auto plain = [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '#'; };
  if (target.empty() || !std::all_of(target.begin(), target.end(), plain)) {
    return Bad("The request target holds bytes that must be percent-encoded.");
  }
  head.request.method = method;
  head.request.target = target;
  head.minor_version = version[7] - '0';
  return std::nullopt;
}

bool HasDotSegment(std::string_view path) {
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return false;
}

// Takes "http://authority" off an absolute-form target; the authority must be the Host's.
std::optional<Refusal> TakeAuthority(std::string_view& target, std::string_view host) {
  const std::size_t scheme = EqualsIgnoreCase(target.substr(0, 7), "http://")    ? 7
                             : EqualsIgnoreCase(target.substr(0, 8), "https://") ? 8
                                                                                 : 0;
  if (scheme == 0) return Bad("The request target must begin with \"/\".");
  target.remove_prefix(scheme);
  const std::size_t end = std::min(target.find_first_of("/?"), target.size());
  if (!EqualsIgnoreCase(target.substr(0, end), host)) return Bad("The request target and the Host header disagree.");
  target.remove_prefix(end);
  return std::nullopt;
}

std::optional<Refusal> ReadTarget(Request& request) {
  if (request.target == "*" && request.method == "OPTIONS") {
    request.path = request.target;
    return std::nullopt;
  }
  std::string_view target = request.target;
  if (target.front() != '/') {
    if (auto refusal = TakeAuthority(target, request.headers.Get("Host"))) return refusal;
  }
  const std::size_t mark = std::min(target.find('?'), target.size());
  auto path = DecodeUrl(target.substr(0, mark));
  auto query = Query::Parse(target.substr(std::min(mark + 1, target.size())));
  if (!path || !query) return Bad("The request target holds a malformed percent escape.");
  if (path->find('\0') != std::string::npos) return Bad("The request path holds a NUL.");
  if (HasDotSegment(*path)) return Bad("The request path holds a \".\" or \"..\" segment.");
  request.path = path->empty() ? "/" : std::move(*path);
  request.query = std::move(*query);
  return std::nullopt;
}

// What the framing fields said, and how often.
struct Framing {
  int hosts = 0;
  int lengths = 0;
  int codings = 0;
  bool close = false;
  bool keep_alive = false;
};

std::optional<Refusal> ReadLength(std::string_view value, RequestHead& head) {
  if (value.empty()) return Bad("Content-Length is not a number.");
  std::uint64_t length = 0;
  for (const char c : value) {
    if (c < '0' || c > '9') return Bad("Content-Length is not a number.");
    // Saturates: the body limit answers with 413.
    length = length > std::numeric_limits<std::uint64_t>::max() / 16 ? length : length * 10 + (c - '0');
  }
  head.content_length = length;
  return std::nullopt;
}

void ReadConnection(std::string_view value, Framing& framing) {
  for (const std::string& option : Split(value, ',')) {
    if (EqualsIgnoreCase(Trim(option), "close")) framing.close = true;
    if (EqualsIgnoreCase(Trim(option), "keep-alive")) framing.keep_alive = true;
  }
}

std::optional<Refusal> ReadFramingField(std::string_view name, std::string_view value, RequestHead& head,
                                        Framing& framing) {
  if (EqualsIgnoreCase(name, "Host")) {
    if (++framing.hosts > 1 || !IsHost(value)) return Bad("The Host header is malformed or given twice.");
  } else if (EqualsIgnoreCase(name, "Content-Length")) {
    if (++framing.lengths > 1) return Bad("Content-Length is given twice.");
    return ReadLength(value, head);
  } else if (EqualsIgnoreCase(name, "Transfer-Encoding")) {
    if (++framing.codings > 1 || !EqualsIgnoreCase(value, "chunked")) {
      return Bad("The only transfer coding taken here is \"chunked\", once.");
    }
    head.chunked = true;
  } else if (EqualsIgnoreCase(name, "Connection")) {
    ReadConnection(value, framing);
  } else if (EqualsIgnoreCase(name, "Expect")) {
    if (!EqualsIgnoreCase(value, "100-continue")) return Refusal{417, "The only expectation met here is 100-continue."};
    head.expects_continue = true;
  }
  return std::nullopt;
}

std::optional<Refusal> CheckFraming(const Framing& framing, RequestHead& head) {
  const bool modern = head.minor_version == 1;
  if (modern && framing.hosts == 0) return Bad("The Host header is missing.");
  if (framing.lengths != 0 && framing.codings != 0)
    return Bad("Content-Length and Transfer-Encoding exclude each other.");
  if (!modern && framing.codings != 0) return Bad("HTTP/1.0 has no Transfer-Encoding.");
  head.keep_alive = modern ? !framing.close : framing.keep_alive && !framing.close;
  head.expects_continue = head.expects_continue && modern;
  return std::nullopt;
}

}  // namespace

HeadEnd::Found HeadEnd::Look(std::string_view bytes) {
  while (looked_ < bytes.size()) {
    const void* feed = std::memchr(bytes.data() + looked_, '\n', bytes.size() - looked_);
    if (feed == nullptr) {
      looked_ = bytes.size();
      break;
    }
    const std::size_t at = static_cast<const char*>(feed) - bytes.data();
    looked_ = at + 1;
    if (at == line_ || bytes[at - 1] != '\r') return Found::kBareLineFeed;
    if (at == line_ + 1) return Found::kEnd;
    line_ = looked_;
  }
  return Found::kMore;
}

bool ReadField(std::string_view line, std::string_view& name, std::string_view& value) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  name = line.substr(0, colon);
  value = line.substr(colon + 1);
  if (!IsToken(name) || !IsFieldValue(value)) return false;
  const std::size_t first = std::min(value.find_first_not_of(" \t"), value.size());
  value = value.substr(first, value.find_last_not_of(" \t") + 1 - first);
  return true;
}

std::optional<Refusal> ReadHead(std::string_view text, RequestHead& head) {
  std::string_view line;
  if (!TakeLine(text, line)) return Bad("The request line is malformed.");
  if (auto refusal = ReadRequestLine(line, head)) return refusal;
  Framing framing;
  while (true) {
    if (!TakeLine(text, line)) return Bad("A header line is malformed.");
    if (line.empty()) break;
    std::string_view name;
    std::string_view value;
    if (!ReadField(line, name, value)) return Bad("A header line is malformed.");
    if (auto refusal = ReadFramingField(name, value, head, framing)) return refusal;
    head.request.headers.Add(std::string(name), std::string(value));
  }
  if (auto refusal = CheckFraming(framing, head)) return refusal;
  return ReadTarget(head.request);
}

}  // namespace patchbay::http
