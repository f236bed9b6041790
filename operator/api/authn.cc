#include "api/authn.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"

namespace patchbay::api {
namespace {

constexpr std::string_view kAdmin = "system:admin";

}  // namespace

Authenticator::Authenticator(const std::string& token_file) : open_(token_file.empty()) {
  if (!open_) ReadTokens(token_file);
}

void Authenticator::ReadTokens(const std::string& path) {
  std::ifstream file(path);
  if (!file) LogError("api", "the token file cannot be read: nobody is let in", {{"file", path}});
  for (std::string line; std::getline(file, line);) {
    const std::string_view text = Trim(line);
    if (text.empty() || text.front() == '#') continue;
    std::vector<std::string> fields = Split(text, ',');
    for (std::string& field : fields) field = std::string(Trim(field));
    if (fields.size() < 2 || fields[0].empty() || fields[1].empty()) {
      LogWarn("api", "a line of the token file is not TOKEN,USER[,GROUP...]", {{"file", path}});
      continue;
    }
    tokens_.push_back({Sha256(fields[0]), {fields[1], {fields.begin() + 2, fields.end()}}});
  }
}

bool Authenticator::Allows(const User& user) const {
  if (std::find(user.groups.begin(), user.groups.end(), "system:masters") != user.groups.end()) return true;
  if (open_) return user.name == kAdmin;
  return std::any_of(tokens_.begin(), tokens_.end(), [&](const Token& token) { return token.user.name == user.name; });
}

std::optional<User> Authenticator::Authenticate(const http::Request& request) const {
  if (open_) return User{std::string(kAdmin), {"system:masters", "system:authenticated"}};
  static constexpr std::string_view kScheme = "Bearer ";
  const std::string_view header = request.headers.Get("Authorization");
  if (header.size() <= kScheme.size() || !EqualsIgnoreCase(header.substr(0, kScheme.size()), kScheme)) {
    return std::nullopt;
  }
  const std::string digest = Sha256(Trim(header.substr(kScheme.size())));
  const User* found = nullptr;
  for (const Token& token : tokens_) {
    if (EqualsConstantTime(digest, token.digest)) found = &token.user;
  }
  return found ? std::optional(*found) : std::nullopt;
}

}  // namespace patchbay::api
