#include "store/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace patchbay::store {
namespace {

using testing::HasSubstr;
using testing::Not;

Env EnvOf(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const char* name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(ConnectionString, PrefersTheUrlAsItIs) {
  EXPECT_EQ(
      *ConnectionString(EnvOf({{"DATABASE_URL", " postgres://u:p%40w@h:1/db?sslmode=require\n"}, {"DB_HOST", "x"}})),
      "postgres://u:p%40w@h:1/db?sslmode=require");
  EXPECT_EQ(*ConnectionString(EnvOf({{"DATABASE_URL", "host=/run/pg dbname=x"}})), "host=/run/pg dbname=x");
}

TEST(ConnectionString, RefusesWhatLibpqDoesNotKnowWithoutTellingIt) {
  for (const char* url : {"postgres+asyncpg://u:secret@h/db", "mysql://u:secret@h/db", "secret"}) {
    const auto result = ConnectionString(EnvOf({{"DATABASE_URL", url}}));
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, Code::kInvalid);
    EXPECT_THAT(result.error().message, Not(HasSubstr("secret")));
  }
}

TEST(ConnectionString, PutsThePartsTogetherAndQuotesThem) {
  const auto result = ConnectionString(EnvOf({{"DB_HOST", "db.example"},
                                              {"DB_PORT", "5433"},
                                              {"DB_NAME", "my db"},
                                              {"DB_USER", "o'neil"},
                                              {"DB_PASS", "a\\b 'c'"},
                                              {"DB_SSL", "true"}}));
  EXPECT_EQ(*result,
            R"(host='db.example' dbname='my db' port='5433' user='o\'neil' password='a\\b \'c\'' sslmode='require')");
}

TEST(ConnectionString, NamesTheVariableThatCannotBeRight) {
  EXPECT_THAT(ConnectionString(EnvOf({{"DB_HOST", "h"}, {"DB_PORT", "99999"}})).error().message, HasSubstr("DB_PORT"));
  EXPECT_THAT(ConnectionString(EnvOf({{"DB_HOST", "h"}, {"DB_SSL", "maybe"}})).error().message, HasSubstr("DB_SSL"));
  EXPECT_EQ(ConnectionString(EnvOf({{"DB_PASS", "x"}})).error().code, Code::kNotFound);
}

TEST(ConnectionString, KnowsLibpqsSslModes) {
  EXPECT_THAT(*ConnectionString(EnvOf({{"DB_HOST", "h"}, {"DB_SSL", "verify-full"}})),
              HasSubstr("sslmode='verify-full'"));
  EXPECT_THAT(*ConnectionString(EnvOf({{"DB_HOST", "h"}, {"DB_SSL", "False"}})), HasSubstr("sslmode='disable'"));
}

TEST(WithDefault, AddsWhatIsNotThere) {
  EXPECT_EQ(WithDefault("host=h", "connect_timeout", "3"), "host=h connect_timeout='3'");
  EXPECT_EQ(WithDefault("host=h connect_timeout=9", "connect_timeout", "3"), "host=h connect_timeout=9");
  EXPECT_EQ(WithDefault("postgres://h/db", "connect_timeout", "3"), "postgres://h/db?connect_timeout=3");
  EXPECT_EQ(WithDefault("postgres://h/db?a=b", "application_name", "x y"),
            "postgres://h/db?a=b&application_name=x%20y");
}

TEST(Scrubber, TakesThePasswordOutOfEveryForm) {
  const Scrubber url("postgres://user:p%40ss-word@host/db");
  for (const char* text :
       {"cannot reach postgres://user:p%40ss-word@host/db", "login with p@ss-word failed", "p%40ss-word"}) {
    EXPECT_THAT(url.Scrub(text), Not(HasSubstr("ss-word"))) << text;
  }
  const Scrubber words("host=h password='it\\'s a secret' user=u");
  EXPECT_THAT(words.Scrub("said it's a secret!"), Not(HasSubstr("secret")));
  const Scrubber query("postgres://h/db?password=hunter22&x=y");
  EXPECT_EQ(query.Scrub("hunter22 x=y"), "*** x=y");
}

}  // namespace
}  // namespace patchbay::store
