#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/connection.h"
#include "cli/manifest_files.h"
#include "object/object.h"

namespace patchbay::cli {
namespace {

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "patchbay-files-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Put(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((std::filesystem::path(folder_) / name).parent_path());
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  std::string folder_;
};

TEST_F(Files, AreReadInOrderOfKindWithTheNamespaceFilledIn) {
  Put("b.yaml", "apiVersion: patchbay.dev/v1\nkind: Route\nmetadata: {name: r}\n---\napiVersion: patchbay.dev/v1\nkind: Plugin\nmetadata: {name: p, namespace: own}\n");
  Put("a.json", R"({"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"}}]})");
  Put("note.txt", "not a manifest");
  Put("deep/c.yaml", "apiVersion: patchbay.dev/v1\nkind: Plugin\nmetadata: {name: deep}\n");
  const auto manifests = ReadManifests({folder_}, false, "team", false);
  ASSERT_TRUE(manifests.ok()) << manifests.error().message;
  ASSERT_EQ(manifests->size(), 3U);
  EXPECT_EQ((*manifests)[0].kind->kind, "Secret");
  EXPECT_EQ((*manifests)[1].kind->kind, "Plugin");
  EXPECT_EQ(NamespaceOf((*manifests)[1].object), "own");
  EXPECT_EQ(NamespaceOf((*manifests)[2].object), "team");
  EXPECT_EQ(ReadManifests({folder_}, true, "team", false)->size(), 4U);
}

TEST_F(Files, TellAllFaultsWithTheirPlaces) {
  const auto bad = Put("bad.yaml", "kind: Plugin\n---\napiVersion: patchbay.dev/v1\nkind: Plugg\nmetadata: {name: x}\n");
  const auto broken = Put("broken.yaml", "a: [1\nb: 2\n");
  const auto manifests = ReadManifests({bad, broken, folder_ + "/absent"}, false, "default", false);
  ASSERT_FALSE(manifests.ok());
  ASSERT_EQ(manifests.error().causes.size(), 4U);
  EXPECT_EQ(manifests.error().causes[1].field, bad + ":4:1");
  EXPECT_NE(manifests.error().causes[1].message.find("Plugg"), std::string::npos);
  EXPECT_NE(manifests.error().causes[2].message.find("broken.yaml:"), std::string::npos);
}

TEST_F(Files, RefuseAnotherNamespaceThanTheCommands) {
  const auto path = Put("p.yaml", "apiVersion: patchbay.dev/v1\nkind: Plugin\nmetadata: {name: p, namespace: own}\n");
  EXPECT_FALSE(ReadManifests({path}, false, "other", true).ok());
  EXPECT_TRUE(ReadManifests({path}, false, "other", false).ok());
}

TEST_F(Files, KnowWhereAFieldStands) {
  const auto path = Put("p.yaml", "apiVersion: patchbay.dev/v1\nkind: Plugin\nmetadata:\n  name: p\nspec:\n  replicas: many\n");
  const auto manifests = ReadManifests({path}, false, "default", false);
  ASSERT_TRUE(manifests.ok());
  EXPECT_EQ((*manifests)[0].Place("spec.replicas"), path + ":6:3");
}

TEST_F(Files, OfKubeconfigTellTheServer) {
  const auto path = Put("kubeconfig",
                        "apiVersion: v1\nkind: Config\ncurrent-context: dev\n"
                        "clusters: [{name: c, cluster: {server: 'http://127.0.0.1:7000/'}}]\n"
                        "contexts: [{name: dev, context: {cluster: c, user: u, namespace: team}}]\n"
                        "users: [{name: u, user: {token: t}}]\n");
  const auto env = [&](const std::string& name) { return name == "KUBECONFIG" ? path : std::string(); };
  const auto connection = FindConnection({}, env);
  ASSERT_TRUE(connection.ok()) << connection.error().message;
  EXPECT_EQ(connection->server, "http://127.0.0.1:7000");
  EXPECT_EQ(connection->ns, "team");
  EXPECT_EQ(connection->token, "t");
  ConnectionFlags flags;
  flags.context = "none";
  const auto missing = FindConnection(flags, env);
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().message.find("no context \"none\""), std::string::npos);
}

TEST(Connection, PrefersTheFlag) {
  ConnectionFlags flags;
  flags.server = "unix:/run/p.sock";
  const auto connection = FindConnection(flags, [](const std::string& name) { return name == "PATCHBAY_SERVER" ? std::string("http://h") : std::string(); });
  ASSERT_TRUE(connection.ok());
  EXPECT_EQ(connection->unix_socket, "/run/p.sock");
}

}  // namespace
}  // namespace patchbay::cli
