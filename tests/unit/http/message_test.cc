#include "http/message.h"

#include <gtest/gtest.h>

namespace patchbay::http {
namespace {

TEST(Headers, CompareNamesWithoutCase) {
  Headers headers;
  headers.Add("Accept", "a");
  headers.Add("accept", "b");
  EXPECT_EQ(headers.Get("ACCEPT"), "a");
  EXPECT_TRUE(headers.Has("aCCept"));
  headers.Set("ACCEPT", "c");
  ASSERT_EQ(headers.all().size(), 1u);
  EXPECT_EQ(headers.Get("accept"), "c");
  EXPECT_EQ(headers.Get("missing"), "");
}

TEST(Query, DecodesEscapesAndPlus) {
  const auto query = Query::Parse("labelSelector=a%3Db%2Cc&watch&x=1+2&x=3&&empty=");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->Get("labelSelector"), "a=b,c");
  EXPECT_TRUE(query->Has("watch"));
  EXPECT_EQ(query->Get("watch"), "");
  EXPECT_EQ(query->GetAll("x"), (std::vector<std::string>{"1 2", "3"}));
  EXPECT_TRUE(query->Has("empty"));
  EXPECT_FALSE(query->Has("none"));
}

TEST(Query, RefusesBadEscapes) {
  for (const char* text : {"a=%", "a=%1", "a=%zz", "%g0=1", "a=b%"}) EXPECT_FALSE(Query::Parse(text)) << text;
  EXPECT_TRUE(Query::Parse(""));
}

TEST(Response, TextCarriesItsType) {
  const Response response = Response::Text(404, "gone");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.Get("content-type"), "text/plain; charset=utf-8");
  ASSERT_EQ(response.body.size(), 1u);
  EXPECT_EQ(*response.body[0], "gone");
}

}  // namespace
}  // namespace patchbay::http
