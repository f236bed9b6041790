// Programs that use the JavaScript client library (tests/e2e/javascript): they know nothing of us.
#include "base/text.h"
#include "harness/stage/stage.h"

namespace patchbay {
namespace {

using ::testing::HasSubstr;

class JavaScript : public OnSharedStage {
 protected:
  std::string Node(const std::string& script, const std::string& ns) const {
    return StrCat(
        "KUBERNETES_CLIENT=", PATCHBAY_SOURCE_DIR,
        "/.cache/clients/javascript/node_modules/@kubernetes/client-node/dist/index.js SERVER=", stage_->server(),
        " NAMESPACE=", ns, " timeout 100 node ", PATCHBAY_SOURCE_DIR, "/tests/e2e/javascript/", script);
  }
};

TEST_F(JavaScript, WorksWithObjects) {
  const Ran ran = stage_->Shell(Node("client.mjs", "js"));
  EXPECT_EQ(ran.exit_code, 0) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("ok a namespace goes with what is in it"));
}

// A program in the background that says what its informer tells it.
class Follower : public JavaScript {
 protected:
  void SetUp() override {
    static int count = 0;
    ns_ = StrCat("n", ++count);
    told_ = StrCat(stage_->folder(), "/told-", ns_);
    MakeNamespace(ns_);
    ASSERT_EQ(stage_->Shell(StrCat("(", Node("informer.mjs", ns_), " > ", told_, " 2>&1 & echo $! > ", told_, ".pid)"))
                  .exit_code,
              0);
    ASSERT_TRUE(Told("list"));
  }
  void TearDown() override { stage_->Shell(StrCat("kill $(cat ", told_, ".pid)")); }

  std::string All() { return stage_->Shell("cat " + told_).out; }
  bool Told(const std::string& line) {
    return Stage::Eventually([&] { return ("\n" + All()).find("\n" + line + "\n") != std::string::npos; });
  }
  long Lists() { return std::stol(stage_->Shell("grep -c '^list$' " + told_).out); }
  void MakeNamespace(const std::string& name) {
    const std::string body = StrCat(R"({"metadata":{"name":")", name, R"("}})");
    EXPECT_EQ(stage_->Api("POST", "/api/v1/namespaces", body).status, 201) << name;
  }
  void Write(const std::string& method, const std::string& name, const std::string& value) {
    const std::string path = StrCat("/api/v1/namespaces/", ns_, "/configmaps");
    const std::string body = StrCat(R"({"metadata":{"name":")", name, R"("},"data":{"k":")", value, R"("}})");
    const int status = stage_->Api(method, method == "POST" ? path : StrCat(path, "/", name), body).status;
    EXPECT_LT(status, 300) << method << " " << name;
  }

  std::string ns_;
  std::string told_;
};

TEST_F(Follower, TellsWhatHappens) {
  Write("POST", "a", "1");
  EXPECT_TRUE(Told("add a 1")) << All();
  Write("PUT", "a", "2");
  EXPECT_TRUE(Told("update a 2")) << All();
  stage_->Api("DELETE", StrCat("/api/v1/namespaces/", ns_, "/configmaps/a"));
  EXPECT_TRUE(Told("delete a 2")) << All();
}

TEST_F(Follower, GoesOnAfterARestart) {
  Write("POST", "before", "1");
  ASSERT_TRUE(Told("add before 1")) << All();
  stage_->KillOperator();
  stage_->StartOperator();
  Write("PUT", "before", "2");
  EXPECT_TRUE(Told("update before 2")) << All();
  EXPECT_EQ(Lists(), 1) << All();
}

TEST_F(Follower, BeginsAnewWhenWhatItMissedIsForgotten) {
  Write("POST", "before", "1");
  ASSERT_TRUE(Told("add before 1")) << All();
  MakeNamespace("later");
  stage_->KillOperator();
  const Ran forgotten =
      stage_->Shell(StrCat("psql -X \"", stage_->database_url(),
                           "\" -c \"set search_path to patchbay; "
                           "delete from changes where revision not in (select revision from objects); "
                           "update log_state set oldest_kept = (select value from counter)\""));
  ASSERT_EQ(forgotten.exit_code, 0) << forgotten.out;
  stage_->StartOperator();
  Write("POST", "after", "1");
  EXPECT_TRUE(Told("add after 1")) << All();
  EXPECT_EQ(Lists(), 2) << All();
}

}  // namespace
}  // namespace patchbay
