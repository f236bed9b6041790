#include "fuzz.h"
#include "http/chunked_body.h"
#include "http/request_head.h"
#include "targets.h"

namespace patchbay::fuzz {
namespace {

constexpr std::size_t kBodyLimit = 1000;
constexpr std::size_t kSpareLimit = 200;

using Found = http::HeadEnd::Found;
using State = http::ChunkedBody::State;

// What arrives in pieces of this size; one piece for 0.
std::string_view Piece(std::string_view rest, std::size_t size) { return rest.substr(0, size == 0 ? rest.size() : size); }

struct Ending {
  Found found = Found::kMore;
  std::size_t size = 0;
};

Ending LookFor(std::string_view input, std::size_t piece) {
  http::HeadEnd end;
  Ending out;
  std::size_t arrived = 0;
  while (out.found == Found::kMore && arrived < input.size()) {
    arrived += Piece(input.substr(arrived), piece).size();
    out.found = end.Look(input.substr(0, arrived));
  }
  if (out.found == Found::kEnd) out.size = end.size();
  return out;
}

std::string Write(const http::Request& request, int minor_version) {
  std::string out = StrCat(request.method, " ", request.target, " HTTP/1.", minor_version, "\r\n");
  for (const auto& [name, value] : request.headers.all()) out += StrCat(name, ": ", value, "\r\n");
  return out + "\r\n";
}

void DemandHeadLaws(std::string_view text) {
  http::RequestHead head;
  const auto refusal = http::ReadHead(text, head);
  if (refusal) {
    Demand(refusal->status >= 400 && refusal->status <= 505 && !refusal->message.empty(), "refused without a word");
    return;
  }
  Demand(!(head.chunked && head.content_length > 0), "two framings at once");
  Demand(head.request.path == "*" || head.request.path.starts_with('/'), "the path is ", head.request.path);
  Demand(head.request.path.find('\0') == std::string::npos, "the path holds a NUL");
  const std::string written = Write(head.request, head.minor_version);
  Demand(written.size() <= text.size() + 2 * head.request.headers.all().size(), "more came out than went in");
  http::RequestHead again;
  const auto refused = http::ReadHead(written, again);
  Demand(!refused, "what was written is refused: ", refused ? refused->message : "");
  Demand(again.request.headers.all() == head.request.headers.all() && again.request.path == head.request.path &&
             again.content_length == head.content_length && again.chunked == head.chunked &&
             again.keep_alive == head.keep_alive,
         "written and read it is another:\n", written);
}

struct Fed {
  State state = State::kMore;
  std::string body;
  std::string left;
};

Fed Feed(std::string_view input, std::size_t piece) {
  http::ChunkedBody decoder(kBodyLimit, kSpareLimit);
  Fed out;
  while (out.state == State::kMore && !input.empty()) {
    const std::string_view next = Piece(input, piece);
    out.left += next;
    input.remove_prefix(next.size());
    std::string_view bytes = out.left;
    out.state = decoder.Feed(bytes, out.body);
    out.left = bytes;
  }
  out.left += input;
  return out;
}

void DemandChunkLaws(std::string_view input, std::size_t piece) {
  const Fed once = Feed(input, 0);
  const Fed slow = Feed(input, piece);
  Demand(once.body.size() <= kBodyLimit, "the limit does not hold: ", once.body.size());
  Demand(once.state == slow.state && once.body == slow.body, "in pieces of ", piece, " it is another");
  if (once.state == State::kDone) Demand(once.left == slow.left, "in pieces of ", piece, " another request follows");
}

// What is written in chunks is read as it was.
void DemandChunkRoundTrip(std::string_view content, std::size_t piece) {
  content = content.substr(0, kBodyLimit);
  std::string written;
  for (std::string_view rest = content; !rest.empty();) {
    const std::string_view next = Piece(rest, piece);
    constexpr char kDigits[] = "0123456789abcdef";
    written += StrCat(kDigits[next.size() >> 8 & 15], kDigits[next.size() >> 4 & 15], kDigits[next.size() & 15], "\r\n",
                      next, "\r\n");
    rest.remove_prefix(next.size());
  }
  const Fed fed = Feed(written + "0\r\n\r\nGET", piece + 1);
  Demand(fed.state == State::kDone && fed.body == content, "written in chunks it is another");
  Demand(std::string_view("GET").starts_with(fed.left) || fed.left == "GET", "what follows is eaten: ", fed.left);
}

}  // namespace

void FuzzHttp(std::string_view input) {
  if (input.empty()) return;
  const std::size_t piece = 1 + static_cast<unsigned char>(input.front()) % 40;
  input.remove_prefix(1);
  const Ending once = LookFor(input, 0);
  const Ending slow = LookFor(input, piece);
  Demand(once.found == slow.found && once.size == slow.size, "in pieces of ", piece, " the head ends elsewhere");
  if (once.found == Found::kEnd) DemandHeadLaws(input.substr(0, once.size));
  DemandHeadLaws(input);
  DemandChunkLaws(input, piece);
  DemandChunkRoundTrip(input, piece);
  DemandLinear(input, input, [](std::string_view text) {
    http::HeadEnd end;
    (void)end.Look(text);
    http::RequestHead head;
    (void)http::ReadHead(StrCat("GET / HTTP/1.1\r\n", text, "\r\n\r\n"), head);
    http::ChunkedBody decoder(1 << 20, kSpareLimit);
    std::string body;
    (void)decoder.Feed(text, body);
  });
}

}  // namespace patchbay::fuzz
