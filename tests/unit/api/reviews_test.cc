#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "world.h"

namespace patchbay::api {
namespace {

using ::testing::HasSubstr;

constexpr const char* kAccess = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
constexpr const char* kSubject = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
constexpr const char* kRules = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
constexpr const char* kSelf = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

Json Review(const std::string& group, const std::string& kind, const Json& spec) {
  return {{"apiVersion", group + "/v1"}, {"kind", kind}, {"spec", spec}};
}
Json CanI(const std::string& verb, const std::string& resource) {
  return Review("authorization.k8s.io", "SelfSubjectAccessReview",
                {{"resourceAttributes", {{"verb", verb}, {"resource", resource}, {"namespace", "default"}}}});
}

class TokenFile {
 public:
  TokenFile() : path_(::testing::TempDir() + "/patchbay-reviews-tokens") {
    std::ofstream(path_) << "t-alice,alice,dev\n";
  }
  ~TokenFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

TEST(Reviews, SayYesToTheAdmin) {
  World world;
  const Reply reply = world.Post(kAccess, CanI("create", "plugins"));
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.json()["status"], Json({{"allowed", true}}));
  EXPECT_EQ(reply.json()["spec"], CanI("create", "plugins")["spec"]);
  const Json rules = world.Post(kRules, Review("authorization.k8s.io", "SelfSubjectRulesReview",
                                               {{"namespace", "default"}})).json()["status"];
  EXPECT_EQ(rules["resourceRules"][0], Json({{"verbs", {"*"}}, {"apiGroups", {"*"}}, {"resources", {"*"}}}));
  EXPECT_EQ(rules["incomplete"], false);
}

TEST(Reviews, SayWhoTheCallerIs) {
  const TokenFile tokens;
  World world({.token_file = tokens.path()});
  const std::string body = DumpJson(Review("authentication.k8s.io", "SelfSubjectReview", nullptr));
  EXPECT_EQ(world.Call("POST", kSelf, body).status, 401);
  const Reply reply = world.Call("POST", kSelf, body, {{"Authorization", "Bearer t-alice"}});
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.json()["status"], Json({{"userInfo", {{"username", "alice"}, {"groups", {"dev"}}}}}));
}

TEST(Reviews, SayNoOfWhomTheServerDoesNotKnow) {
  const TokenFile tokens;
  World world({.token_file = tokens.path()});
  const auto ask = [&](const Json& spec_more) {
    Json review = Review("authorization.k8s.io", "SubjectAccessReview",
                         {{"nonResourceAttributes", {{"verb", "get"}, {"path", "/metrics"}}}});
    review["spec"].update(spec_more);
    return world.Call("POST", kSubject, DumpJson(review), {{"Authorization", "Bearer t-alice"}});
  };
  EXPECT_EQ(ask({{"user", "alice"}}).json()["status"]["allowed"], true);
  EXPECT_EQ(ask({{"user", "bob"}}).json()["status"]["allowed"], false);
  EXPECT_EQ(ask({{"user", "bob"}, {"groups", {"system:masters"}}}).json()["status"]["allowed"], true);
  EXPECT_EQ(ask(Json::object()).status, 422);
}

TEST(Reviews, HoldForImpersonation) {
  World world;
  const HeaderList nobody = {{"Impersonate-User", "nobody"}, {"Impersonate-Group", "g"}};
  EXPECT_EQ(world.Call("POST", kAccess, DumpJson(CanI("get", "plugins")), nobody).json()["status"]["allowed"], false);
  const Reply list = world.Call("GET", kPluginsPath, "", nobody);
  EXPECT_EQ(list.status, 403);
  EXPECT_EQ(list.message(),
            "plugins.patchbay.dev is forbidden: User \"nobody\" cannot list resource \"plugins\" in API group "
            "\"patchbay.dev\" in the namespace \"default\"");
  const Reply gone = world.Call("DELETE", OneOf("x"), "", nobody);
  EXPECT_EQ(gone.status, 403);
  EXPECT_THAT(gone.message(), HasSubstr("plugins.patchbay.dev \"x\" is forbidden: User \"nobody\" cannot delete"));
  EXPECT_EQ(world.Call("GET", "/metrics", "", nobody).status, 403);
  EXPECT_EQ(world.Call("GET", "/api", "", nobody).status, 200);
  EXPECT_EQ(world.Call("GET", kPluginsPath, "", {{"Impersonate-Group", "g"}}).status, 400);
  EXPECT_EQ(world.Call("GET", kPluginsPath, "", {{"Impersonate-User", "system:admin"}}).status, 200);
}

TEST(Reviews, WantAWholeQuestion) {
  World world;
  EXPECT_EQ(world.Post(kAccess, Review("authorization.k8s.io", "SelfSubjectAccessReview", Json::object())).status, 422);
  EXPECT_EQ(world.Post(kAccess, Review("authorization.k8s.io", "SubjectAccessReview", Json::object())).status, 400);
  EXPECT_EQ(world.Post(kRules, Review("authorization.k8s.io", "SelfSubjectRulesReview", Json::object())).status, 400);
  EXPECT_EQ(world.Call("POST", kAccess, "[]").status, 400);
  EXPECT_EQ(world.Call("POST", kAccess, "{}", {{"Content-Type", "text/plain"}}).status, 415);
  EXPECT_EQ(world.Get(kAccess).status, 405);
}

TEST(Reviews, AreDiscovered) {
  World world;
  const Json groups = world.Get("/apis").json()["groups"];
  std::vector<std::string> names;
  for (const Json& group : groups) names.push_back(FindString(group, {"name"}));
  EXPECT_THAT(names, ::testing::IsSupersetOf({"authentication.k8s.io", "authorization.k8s.io"}));
  const Json resources = world.Get("/apis/authorization.k8s.io/v1").json()["resources"];
  ASSERT_EQ(resources.size(), 3u);
  EXPECT_EQ(resources[0]["verbs"], Json::array({"create"}));
  const std::string aggregated =
      world.Get("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList").text;
  EXPECT_THAT(aggregated, HasSubstr("\"selfsubjectreviews\""));
}

}  // namespace
}  // namespace patchbay::api
