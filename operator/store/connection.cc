#include "store/connection.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace patchbay::store {
namespace {

bool IsUrl(std::string_view text) { return text.starts_with("postgres://") || text.starts_with("postgresql://"); }

std::string Get(const Env& env, const char* name) { return std::string(Trim(env(name).value_or(""))); }

// libpq's quoting of values.
std::string Quote(std::string_view value) {
  std::string quoted = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

Result<std::string> SslMode(const std::string& text) {
  const std::string mode = Lower(text);
  if (mode == "true" || mode == "1" || mode == "yes" || mode == "on") return std::string("require");
  if (mode == "false" || mode == "0" || mode == "no" || mode == "off") return std::string("disable");
  constexpr std::array<std::string_view, 6> kModes = {"disable", "allow",     "prefer",
                                                      "require", "verify-ca", "verify-full"};
  if (std::find(kModes.begin(), kModes.end(), mode) != kModes.end()) return mode;
  return Error{Code::kInvalid,
               StrCat("DB_SSL is \"", text, "\": want true, false or ", Join({kModes.begin(), kModes.end()}, ", "))};
}

// The value that begins at `at` in "key=value" words.
std::string WordAt(std::string_view text, std::size_t at) {
  std::string value;
  const bool quoted = at < text.size() && text[at] == '\'';
  for (at += quoted ? 1 : 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) {
      value += text[++at];
    } else if (quoted ? text[at] == '\'' : text[at] == ' ') {
      break;
    } else {
      value += text[at];
    }
  }
  return value;
}

// user:SECRET@ of a URL, as it is written.
std::string UrlPassword(std::string_view url) {
  const auto begin = url.find("://") + 3;
  const auto at = url.substr(0, url.find_first_of("/?#", begin)).rfind('@');
  const auto colon = url.find(':', begin);
  return at == std::string_view::npos || colon > at ? "" : std::string(url.substr(colon + 1, at - colon - 1));
}

std::size_t FindParameter(std::string_view connection, std::string_view key) {
  const std::string wanted = StrCat(key, "=");
  for (auto at = connection.find(wanted); at != std::string_view::npos; at = connection.find(wanted, at + 1)) {
    const char before = at == 0 ? ' ' : connection[at - 1];
    if (before == ' ' || before == '?' || before == '&') return at + wanted.size();
  }
  return std::string_view::npos;
}

}  // namespace

Result<std::string> ConnectionString(const Env& env) {
  if (const std::string url = Get(env, "DATABASE_URL"); !url.empty()) {
    if (IsUrl(url) || (url.find('=') != std::string::npos && url.find("://") == std::string::npos)) return url;
    return Error{Code::kInvalid, "DATABASE_URL is neither postgres://... nor libpq's \"host=... dbname=...\""};
  }
  const std::string port = Get(env, "DB_PORT");
  if (const auto number = ParseInt(port); !port.empty() && (!number || *number < 1 || *number > 65535))
    return Error{Code::kInvalid, StrCat("DB_PORT is \"", port, "\": want a number from 1 to 65535")};
  std::string connection;
  const auto add = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) connection += StrCat(connection.empty() ? "" : " ", key, "=", Quote(value));
  };
  add("host", Get(env, "DB_HOST"));
  add("dbname", Get(env, "DB_NAME"));
  if (connection.empty()) return Error{Code::kNotFound, "no database: set DATABASE_URL, or DB_HOST and DB_NAME"};
  add("port", port);
  add("user", Get(env, "DB_USER"));
  add("password", env("DB_PASS").value_or(""));
  if (const std::string ssl = Get(env, "DB_SSL"); !ssl.empty()) {
    PATCHBAY_TRY(const std::string mode, SslMode(ssl));
    add("sslmode", mode);
  }
  return connection;
}

std::string WithDefault(std::string connection, std::string_view key, std::string_view value) {
  if (FindParameter(connection, key) != std::string_view::npos) return connection;
  if (!IsUrl(connection)) return StrCat(connection, " ", key, "=", Quote(value));
  return StrCat(connection, connection.find('?') == std::string::npos ? "?" : "&", key, "=", EncodeUrl(value));
}

Scrubber::Scrubber(const std::string& connection) {
  const auto add = [&](const std::string& secret) {
    secrets_.push_back(secret);
    if (auto decoded = DecodeUrl(secret)) secrets_.push_back(*decoded);
  };
  if (IsUrl(connection)) add(UrlPassword(connection));
  for (const char* key : {"password", "sslpassword"}) {
    const auto at = FindParameter(connection, key);
    if (at == std::string_view::npos) continue;
    add(IsUrl(connection) ? connection.substr(at, connection.find_first_of("&#", at) - at) : WordAt(connection, at));
  }
  // Two letters would be found in half of all sentences.
  std::erase_if(secrets_, [](const auto& secret) { return secret.size() < 3; });
}

std::string Scrubber::Scrub(std::string_view text) const {
  std::string out(text);
  for (const auto& secret : secrets_)
    for (auto at = out.find(secret); at != std::string::npos; at = out.find(secret, at + 3))
      out.replace(at, secret.size(), "***");
  return Redact(out);
}

}  // namespace patchbay::store
