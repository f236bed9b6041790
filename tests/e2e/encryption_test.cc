// Secrets at rest: with a key file nobody who reads the database reads them, and without the key nothing is lost.
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "harness/stage/stage.h"
#include "object/json.h"

namespace patchbay {
namespace {

const char* const kSecret =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: shop}\nstringData: {token: open-sesame-1234567890}\n";

void WriteKeys(const std::string& path, const std::vector<std::string>& ids) {
  std::ofstream file(path);
  for (const auto& id : ids) file << id << ":" << EncodeBase64((id + std::string(32, '.')).substr(0, 32)) << "\n";
  file.close();
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

// What a thief of the database's disk or backup has.
std::string Dump(Stage& stage) { return stage.Shell("pg_dump --inserts -n patchbay -d '" + stage.database_url() + "' | grep -v restrict").out; }

bool Tells(const std::string& text, const std::string& secret) {
  return text.find(secret) != std::string::npos || text.find(EncodeBase64(secret)) != std::string::npos;
}

std::string Token(Stage& stage) {
  const auto answer = stage.Api("GET", "/api/v1/namespaces/default/secrets/shop");
  const auto secret = ParseJson(answer.body);
  return answer.status != 200 || !secret.ok() ? "" : DecodeBase64(FindString(*secret, {"data", "token"})).value_or("");
}

TEST(Encryption, KeepsSecretsFromReadersOfTheDatabase) {
  char folder[] = "/tmp/patchbay-keys-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string keys = std::string(folder) + "/keys";
  WriteKeys(keys, {"k1"});
  StageOptions options;
  options.arguments = {"--encryption-key-file", keys};
  Stage stage(options);
  stage.StartOperator();
  // Client-side apply puts the data into an annotation, too.
  const Ran applied = stage.Kubectl("apply --server-side=false -f -", kSecret);
  ASSERT_EQ(applied.exit_code, 0) << applied.out;
  ASSERT_EQ(stage.Kubectl("apply -f -", "apiVersion: patchbay.dev/v1\nkind: Webhook\nmetadata: {name: all}\n"
                                        "spec: {url: \"http://127.0.0.1:1/\", events: [\"*\"]}\n").exit_code, 0);
  ASSERT_EQ(stage.Kubectl("label secret shop touched=yes").exit_code, 0);
  EXPECT_EQ(Token(stage), "open-sesame-1234567890");
  std::string dump = Dump(stage);
  ASSERT_NE(dump.find("sealed:v1:k1:"), std::string::npos) << dump.substr(0, 2000);
  EXPECT_FALSE(Tells(dump, "open-sesame"));

  stage.StopOperator();
  dump = Dump(stage);
  WriteKeys(keys, {"k2"});
  stage.StartOperator(false);
  EXPECT_TRUE(Stage::Eventually([&] { return stage.Api("GET", "/readyz?verbose").body.find("\"k1\"") != std::string::npos; }))
      << stage.Api("GET", "/readyz?verbose").body;
  EXPECT_NE(stage.Api("GET", "/readyz").status, 200);
  stage.StopOperator();
  EXPECT_TRUE(Dump(stage) == dump);

  WriteKeys(keys, {"k2", "k1"});
  stage.StartOperator();
  ASSERT_TRUE(Stage::Eventually([&] { return stage.Api("GET", "/readyz").status == 200; })) << stage.Api("GET", "/readyz?verbose").body;
  EXPECT_EQ(Token(stage), "open-sesame-1234567890");
  const std::string database = " --database-url '" + stage.database_url() + "' ";
  const Ran moved = stage.Patchbay("db" + database + "encrypt --encryption-key-file " + keys);
  EXPECT_EQ(moved.exit_code, 0) << moved.out;
  EXPECT_EQ(stage.Patchbay("db" + database + "verify --encryption-key-file " + keys).exit_code, 0);
  dump = Dump(stage);
  EXPECT_EQ(dump.find("sealed:v1:k1:"), std::string::npos);
  EXPECT_FALSE(Tells(dump, "open-sesame"));

  stage.StopOperator();
  WriteKeys(keys, {"k2"});
  stage.StartOperator();
  EXPECT_TRUE(Stage::Eventually([&] { return Token(stage) == "open-sesame-1234567890"; }));
  EXPECT_FALSE(Tells(stage.OperatorLog(), "open-sesame"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace patchbay
