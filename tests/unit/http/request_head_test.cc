#include "http/request_head.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "http/chunked_body.h"

namespace patchbay::http {
namespace {

int StatusOf(std::string text) {
  RequestHead head;
  const auto refusal = ReadHead(text, head);
  return refusal ? refusal->status : 200;
}

int StatusOfField(const std::string& field) {
  return StatusOf(StrCat("GET / HTTP/1.1\r\nHost: x\r\n", field, "\r\n\r\n"));
}

int StatusOfTarget(const std::string& target) {
  return StatusOf(StrCat("GET ", target, " HTTP/1.1\r\nHost: x\r\n\r\n"));
}

TEST(RequestHead, ReadsWhatKubectlSends) {
  RequestHead head;
  EXPECT_FALSE(
      ReadHead("GET /apis/patchbay.dev/v1/plugins?limit=500&labelSelector=a%3Db HTTP/1.1\r\nHost: x:1\r\n"
               "Accept: application/json;as=Table, application/json\r\nX-Empty:\r\n\r\n",
               head));
  EXPECT_EQ(head.request.method, "GET");
  EXPECT_EQ(head.request.path, "/apis/patchbay.dev/v1/plugins");
  EXPECT_EQ(head.request.query.Get("labelSelector"), "a=b");
  EXPECT_EQ(head.request.headers.Get("accept"), "application/json;as=Table, application/json");
  EXPECT_TRUE(head.request.headers.Has("X-Empty"));
  EXPECT_TRUE(head.keep_alive);
}

TEST(RequestHead, KeepsTheConnectionAsTheVersionSays) {
  const auto keeps = [](const std::string& text) {
    RequestHead head;
    EXPECT_FALSE(ReadHead(text, head)) << text;
    return head.keep_alive;
  };
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: x\r\nConnection: foo, Close\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
}

TEST(RequestHead, RefusesWhatCanBeReadInTwoWays) {
  EXPECT_EQ(StatusOfField("Content-Length: 1\r\nTransfer-Encoding: chunked"), 400);
  EXPECT_EQ(StatusOfField("Content-Length: 1\r\nContent-Length: 1"), 400);
  EXPECT_EQ(StatusOfField("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400);
  for (const char* coding :
       {"identity", "xchunked", "chunked, identity", "gzip, chunked", "chunked;q=1", "", "\"chunked\""}) {
    EXPECT_EQ(StatusOfField(StrCat("Transfer-Encoding: ", coding)), 400) << coding;
  }
  for (const char* length : {"-1", "+1", "0x1", "1 1", "1,1", "", "one", "1."}) {
    EXPECT_EQ(StatusOfField(StrCat("Content-Length: ", length)), 400) << length;
  }
  EXPECT_EQ(StatusOf("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(StatusOfField("Host: y"), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400);
}

TEST(RequestHead, RefusesMalformedLines) {
  EXPECT_EQ(StatusOfField("X: a\r\n b"), 400);  // obs-fold
  EXPECT_EQ(StatusOfField("X : a"), 400);
  EXPECT_EQ(StatusOfField(" X: a"), 400);
  EXPECT_EQ(StatusOfField(": a"), 400);
  EXPECT_EQ(StatusOfField("X"), 400);
  EXPECT_EQ(StatusOfField("X: a\rb"), 400);
  EXPECT_EQ(StatusOfField(std::string("X: a\0b", 6)), 400);
  EXPECT_EQ(StatusOfField("X: a\x7f"), 400);
  EXPECT_EQ(StatusOfField("X: a\x01"), 400);
  EXPECT_EQ(StatusOfField("X: a\tb \xc3\xa4"), 200);
  for (const char* line :
       {"", "GET", "GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1", "G@T / HTTP/1.1", "GET / http/1.1",
        "GET / HTTP/11", "GET / HTTP/1.x", "GET\t/ HTTP/1.1", "GET / /b HTTP/1.1"}) {
    EXPECT_NE(StatusOf(StrCat(line, "\r\nHost: x\r\n\r\n")), 200) << line;
  }
  EXPECT_EQ(StatusOf("PRI * HTTP/2.0\r\n\r\n"), 505);
  EXPECT_EQ(StatusOfField("Expect: miracles"), 417);
}

TEST(RequestHead, RefusesTargetsThatAreNotPlain) {
  for (const char* target :
       {"/a/../b", "/a/..", "/%2e%2e/b", "/a%2f..%2fb", "/./a", "/a/%2E", "/a%00b", "/a%", "/a%zz", "/a?x=%q", "/a#b",
        "/\xc3\xa4", "a", "*", "http://y/", "ftp://x/", "//..", "http://x@y/"}) {
    EXPECT_EQ(StatusOfTarget(target), 400) << target;
  }
  for (const char* target : {"/", "/a%2Fb", "/a..b/...", "/a//b", "/{x}", "http://x/a?b=c", "HTTP://X", "/?a=/../b"}) {
    EXPECT_EQ(StatusOfTarget(target), 200) << target;
  }
  EXPECT_EQ(StatusOf("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
  EXPECT_EQ(StatusOf("CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n"), 400);
}

TEST(HeadEnd, IsFoundHoweverTheBytesAreSplit) {
  const std::string text = "GET / HTTP/1.1\r\nHost: x\r\n\r\nrest\n";
  HeadEnd end;
  for (std::size_t size = 1; size < 27; ++size) {
    ASSERT_EQ(end.Look(std::string_view(text).substr(0, size)), HeadEnd::Found::kMore) << size;
  }
  ASSERT_EQ(end.Look(text), HeadEnd::Found::kEnd);
  EXPECT_EQ(end.size(), 27u);
  for (const char* bare : {"\n", "GET / HTTP/1.1\n", "a\r\nb\nc", "a\r\n\n"}) {
    EXPECT_EQ(HeadEnd().Look(bare), HeadEnd::Found::kBareLineFeed) << bare;
  }
}

ChunkedBody::State Decode(std::string_view text, std::string& body, std::string& rest, std::size_t step) {
  ChunkedBody chunked(100, 50);
  std::string waiting;
  ChunkedBody::State state = ChunkedBody::State::kMore;
  for (std::size_t i = 0; i < text.size() && state == ChunkedBody::State::kMore; i += step) {
    waiting.append(text.substr(i, step));
    std::string_view bytes = waiting;
    state = chunked.Feed(bytes, body);
    waiting.erase(0, waiting.size() - bytes.size());
  }
  rest = waiting;
  return state;
}

TEST(ChunkedBody, IsReadHoweverTheBytesAreSplit) {
  const std::string text = "3\r\nabc\r\n0A;x=\"y;z\"\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    std::string body;
    std::string rest;
    ASSERT_EQ(Decode(text, body, rest, step), ChunkedBody::State::kDone) << step;
    EXPECT_EQ(body, "abc0123456789");
    EXPECT_EQ(rest, "");
  }
}

TEST(ChunkedBody, RefusesGarbage) {
  for (const char* text : {"-1\r\n", "-2\r\n", "+1\r\n", "0x1\r\n", " 1\r\n", "1 \r\n", "\r\n", "g\r\n", "1\n",
                           "1\r\nab\r\n", "1\r\na\n", "1\r\naX", "10000000000000000\r\n", "1;\x01\r\n",
                           "0\r\nbad trailer\r\n", "0\r\n x: y\r\n", "1x\r\n", "0\r\n\n"}) {
    std::string body;
    std::string rest;
    EXPECT_EQ(Decode(text, body, rest, 100), ChunkedBody::State::kMalformed) << text;
  }
}

TEST(ChunkedBody, HasLimitsForContentAndForWhatIsNotContent) {
  std::string body;
  std::string rest;
  EXPECT_EQ(Decode("65\r\n", body, rest, 100), ChunkedBody::State::kTooLarge);
  EXPECT_EQ(Decode("fffffffffffffff\r\n", body, rest, 100), ChunkedBody::State::kTooLarge);
  EXPECT_EQ(Decode(StrCat("1;", std::string(60, 'x'), "\r\na\r\n"), body, rest, 100), ChunkedBody::State::kMalformed);
  EXPECT_EQ(Decode(StrCat("0\r\nA: ", std::string(60, 'x'), "\r\n\r\n"), body, rest, 100),
            ChunkedBody::State::kMalformed);
  EXPECT_EQ(Decode(std::string(5000, '0'), body, rest, 5000), ChunkedBody::State::kMalformed);
}

}  // namespace
}  // namespace patchbay::http
