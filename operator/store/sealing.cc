#include "store/sealing.h"

#include "base/text.h"
#include "store/session.h"

namespace patchbay::store {
namespace {

// No part can hold a NUL, so no two places share one text.
std::string BindingOf(const Key& key, std::string_view uid) {
  std::string binding = "patchbay secret";
  for (const std::string_view part :
       {std::string_view(key.resource), std::string_view(key.ns), std::string_view(key.name), uid})
    binding.append(1, '\0').append(part);
  return binding;
}

constexpr const char* kOnePerKey =
    "SELECT DISTINCT ON (id) resource, ns, name, uid, body, split_part(left(body, 100), ':', 3) AS id"
    " FROM (SELECT o.*, c.body FROM objects o JOIN changes c USING (revision) WHERE o.resource = 'secrets') s"
    " WHERE left(body, 7) = 'sealed:' ORDER BY id";

// Few at a time: a Helm release may have a megabyte.
constexpr const char* kSomeSecrets =
    "SELECT resource, ns, name, uid, body, revision FROM changes WHERE resource = 'secrets' AND revision > $1"
    " ORDER BY revision LIMIT 20";

Key KeyOf(const pqxx::row& row) { return {row[0].c_str(), row[1].c_str(), row[2].c_str()}; }

// Seals what comes after `revision` and moves it; whether there was anything.
Result<bool> SealSome(pqxx::connection& connection, const KeyRing& keys, Revision& revision, SealCounts& counts) {
  pqxx::work work(connection);
  const pqxx::result rows = work.exec_params(kSomeSecrets, revision);
  for (const auto& row : rows) {
    revision = row[5].as<Revision>();
    std::string body(TextOf(row[4]));
    if (KeyIdOf(body) == keys.first()) {
      ++counts.unchanged;
      continue;
    }
    if (IsSealed(body)) {
      PATCHBAY_TRY(body, OpenBody(&keys, KeyOf(row), row[3].c_str(), body));
    }
    work.exec_params("UPDATE changes SET body = $2 WHERE revision = $1", revision,
                     SealBody(keys, KeyOf(row), row[3].c_str(), body));
    ++counts.sealed;
  }
  work.commit();
  return !rows.empty();
}

}  // namespace

std::string SealBody(const KeyRing& keys, const Key& key, std::string_view uid, std::string_view body) {
  return keys.Seal(body, BindingOf(key, uid));
}

Result<std::string> OpenBody(const KeyRing* keys, const Key& key, std::string_view uid, std::string_view sealed) {
  const std::string what = StrCat("the database holds the Secret ", key.ns, "/", key.name, " encrypted");
  if (keys == nullptr)
    return Error{Code::kForbidden, StrCat(what, " with the key \"", KeyIdOf(sealed),
                                          "\" and no key file is given: start with --encryption-key-file")};
  auto body = keys->Open(sealed, BindingOf(key, uid));
  if (body.ok()) return body;
  return Error{Code::kForbidden, StrCat(what, ": ", body.error().message)};
}

Result<void> CheckKeys(Session& session, const KeyRing* keys) {
  PATCHBAY_TRY(const pqxx::result rows, session.Try("store.check_keys", [](pqxx::connection& connection) {
    pqxx::nontransaction work(connection);
    return work.exec(kOnePerKey);
  }));
  for (const auto& row : rows) PATCHBAY_CHECK(OpenBody(keys, KeyOf(row), row[3].c_str(), TextOf(row[4])));
  return {};
}

Result<SealCounts> SealAll(Session& session, const KeyRing& keys) {
  SealCounts counts;
  Revision revision = 0;
  while (true) {
    PATCHBAY_TRY(auto some, session.Try("store.seal_some", [&](pqxx::connection& connection) {
      return SealSome(connection, keys, revision, counts);
    }));
    PATCHBAY_TRY(const bool more, std::move(some));
    if (!more) return counts;
  }
}

}  // namespace patchbay::store
