#include "driver/runtime/docker_runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "harness/clock/fake_clock.h"
#include "object/json.h"
#include "unit/runtime/scripted_http.h"

namespace patchbay::driver {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;


class DockerRuntimeTest : public testing::Test {
 protected:
  DockerRuntimeTest() {
    http_.PlayDocker();
    runtime_ = *NewDockerRuntime({.host = "unix:///run/engine.sock", .installation = "me"}, http_, NullMeter(), clock_);
  }

  static ContainerSpec Spec() {
    ContainerSpec spec;
    spec.name = "web-0";
    spec.image = "nginx";
    spec.labels = {{kLabelSpecHash, "h1"}};
    spec.files = {{"/etc/app", "x", 0444}};
    return spec;
  }
  static std::string Inspection(const std::string& installation, const std::string& hash, const std::string& state) {
    return StrCat(R"({"Id":"abc","Name":"/web-0","State":{"Status":")", state, R"("},"Config":{"Labels":{")",
                  kLabelInstallation, "\":\"", installation, "\",\"", kLabelSpecHash, "\":\"", hash, "\"}}}");
  }
  int CountRequests(const std::string& prefix) const {
    return static_cast<int>(std::count_if(http_.requests.begin(), http_.requests.end(),
                                          [&](const auto& request) { return request.starts_with(prefix); }));
  }
  void TakeName(const std::string& installation, const std::string& hash, const std::string& state) {
    http_.On("POST /v1.41/containers/create",
             {{.status = 409, .body = R"({"message":"Conflict. The container name \"/web-0\" is already in use"})"}});
    http_.On("GET /v1.41/containers/web-0/json", {{.body = Inspection(installation, hash, state)}});
    http_.On("PUT /v1.41/containers/abc/archive", {{}});
  }

  FakeClock clock_;
  ScriptedHttp http_;
  std::unique_ptr<Runtime> runtime_;
};

TEST_F(DockerRuntimeTest, RefusesHostsThatItCannotReach) {
  for (const std::string host : {"", "ssh://host", "unix://relative", "tcp://"})
    EXPECT_EQ(NewDockerRuntime({.host = host, .installation = "me"}, http_).error().code, Code::kInvalid) << host;
  EXPECT_EQ(NewDockerRuntime({.host = "tcp://host:2375", .installation = ""}, http_).error().code, Code::kInvalid);
}

TEST_F(DockerRuntimeTest, SpeaksTheVersionOfBothSides) {
  const auto version = runtime_->Version();
  ASSERT_TRUE(version.ok());
  EXPECT_EQ(version->api_version, "1.41");
  EXPECT_EQ(version->engine, "Docker Engine");
  EXPECT_EQ(version->id, "ABCD:1234");
  http_.On("GET /version", {{.body = R"({"ApiVersion":"1.99","MinAPIVersion":"1.44","Version":"40"})"}});
  http_.On("GET /v1.52/info", {{.body = R"({"ID":"X"})"}});
  EXPECT_EQ(runtime_->Version()->api_version, "1.52");
  EXPECT_EQ(http_.calls.back().unix_socket, "/run/engine.sock");
}

TEST_F(DockerRuntimeTest, RefusesEnginesThatAreTooOldTooNewOrNone) {
  http_.On("GET /version", {{.body = R"({"ApiVersion":"1.40","MinAPIVersion":"1.12"})"},
                            {.body = R"({"ApiVersion":"1.99","MinAPIVersion":"1.90"})"},
                            {.body = "<html>"},
                            {.body = "{}"}});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(runtime_->List().error().code, Code::kUnsupported) << i;
}

TEST_F(DockerRuntimeTest, PodmansIdentityDoesNotChangeWithEachQuestion) {
  http_.On("GET /version",
           {{.body = R"({"ApiVersion":"1.41","Version":"4.3.1","Components":[{"Name":"Podman Engine"}]})"}});
  http_.On("GET /v1.41/info", {{.body = R"({"ID":"random","Name":"host","DockerRootDir":"/var/lib/containers"})"}});
  const auto version = runtime_->Version();
  EXPECT_EQ(version->engine, "Podman");
  EXPECT_EQ(version->id, "host:/var/lib/containers");
}

TEST_F(DockerRuntimeTest, FollowsAnEngineThatWasExchanged) {
  http_.On("GET /v1.41/containers/json", {{.body = "[]"}});
  ASSERT_TRUE(runtime_->List().ok());
  http_.On("GET /v1.41/containers/json",
           {{.status = 400, .body = R"({"message":"client version 1.41 is too old. Minimum supported is 1.44"})"}});
  http_.On("GET /version", {{.body = R"({"ApiVersion":"1.47","MinAPIVersion":"1.44"})"}});
  http_.On("GET /v1.47/info", {{.body = "{}"}});
  http_.On("GET /v1.47/containers/json", {{.body = "[]"}});
  EXPECT_TRUE(runtime_->List().ok());
}

TEST_F(DockerRuntimeTest, AListThatIsNoneIsAnErrorAndNotEmpty) {
  http_.On("GET /v1.41/containers/json",
           {{.body = "null"}, {.body = "{}"}, {.body = R"([{"Id":"a")"}, {.body = "[{}]"}, {.status = 500}});
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(runtime_->List().ok()) << i;
}

TEST_F(DockerRuntimeTest, ListsByCreationAndOnlyOurs) {
  http_.On("GET /v1.41/containers/json",
           {{.body = StrCat(R"([{"Id":"2","Created":20,"Labels":{")", kLabelInstallation,
                            R"(":"me"}},{"Id":"1","Created":10,"Labels":{")", kLabelInstallation,
                            R"(":"me"}},{"Id":"3","Created":5,"Labels":{}}])")}});
  const auto listed = runtime_->List();
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->size(), 2u);
  EXPECT_EQ((*listed)[0].id, "1");
  EXPECT_THAT(*DecodeUrl(http_.requests.back()), HasSubstr(R"({"label":["patchbay.dev/installation=me"]})"));
}

TEST_F(DockerRuntimeTest, CreatesAndThenCopiesTheFiles) {
  http_.On("POST /v1.41/containers/create", {{.status = 201, .body = R"({"Id":"abc"})"}});
  http_.On("PUT /v1.41/containers/abc/archive", {{}});
  const auto id = runtime_->Create(Spec());
  ASSERT_TRUE(id.ok()) << id.error().message;
  EXPECT_EQ(*id, "abc");
  EXPECT_THAT(http_.requests.back(), HasSubstr("archive?path=%2F"));
  EXPECT_THAT(http_.calls.back().body, HasSubstr("etc/app"));
}

TEST_F(DockerRuntimeTest, AdoptsAndCompletesWhatWasNeverStarted) {
  TakeName("me", "h1", "created");
  EXPECT_EQ(*runtime_->Create(Spec()), "abc");
  EXPECT_EQ(CountRequests("PUT"), 1);
}

TEST_F(DockerRuntimeTest, AdoptsWhatRunsWithoutTouchingIt) {
  TakeName("me", "h1", "running");
  EXPECT_EQ(*runtime_->Create(Spec()), "abc");
  EXPECT_EQ(CountRequests("PUT"), 0);
}

TEST_F(DockerRuntimeTest, ConflictsNameTheHolder) {
  TakeName("me", "h2", "running");
  EXPECT_THAT(runtime_->Create(Spec()).error().message, HasSubstr("of this installation with another spec"));
  TakeName("you", "h1", "running");
  EXPECT_THAT(runtime_->Create(Spec()).error().message, HasSubstr("abc"));
  http_.On("GET /v1.41/containers/web-0/json", {{.status = 404, .body = R"({"message":"No such container"})"}});
  const auto held_by_nothing = runtime_->Create(Spec());
  EXPECT_EQ(held_by_nothing.error().code, Code::kConflict);
  EXPECT_THAT(held_by_nothing.error().message, HasSubstr("already in use"));
}

TEST_F(DockerRuntimeTest, ACreateWithoutAnAnswerIsInDoubt) {
  http_.On("POST /v1.41/containers/create", {{.error = Error{Code::kInDoubt, "cut"}}, {.body = "{}"}});
  EXPECT_EQ(runtime_->Create(Spec()).error().code, Code::kInDoubt);
  EXPECT_EQ(runtime_->Create(Spec()).error().code, Code::kInDoubt);
}

TEST_F(DockerRuntimeTest, NamesTheHostPortThatIsTaken) {
  http_.On("GET /v1.41/containers/abc/json",
           {{.body = StrCat(R"({"Id":"abc","Config":{"Labels":{")", kLabelInstallation,
                            R"(":"me"}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"8080"}],
                               "81/tcp":[{"HostPort":"80801"}]}}})")}});
  http_.On("POST /v1.41/containers/abc/start",
           {{.status = 500, .body = R"({"message":"Bind for 0.0.0.0:8080 failed: port is already allocated"})"}});
  const auto started = runtime_->Start("abc");
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, Code::kConflict);
  EXPECT_THAT(started.error().message, HasSubstr("host port 8080/tcp is taken: Bind for"));
}

TEST_F(DockerRuntimeTest, WaitsForARemovalUnderWay) {
  http_.On("GET /v1.41/containers/abc/json",
           {{.body = Inspection("me", "h1", "removing")}, {.status = 404, .body = R"({"message":"gone"})"}});
  http_.On("DELETE /v1.41/containers/abc",
           {{.status = 409, .body = R"({"message":"removal of container abc is already in progress"})"}});
  EXPECT_TRUE(runtime_->Remove("abc").ok());
}

TEST_F(DockerRuntimeTest, ANameOrImageCannotReachAnotherAddress) {
  EXPECT_FALSE(runtime_->Inspect("../images/json?x=").ok());
  EXPECT_THAT(http_.requests.back(), HasSubstr("/containers/..%2Fimages%2Fjson%3Fx%3D/json"));
  EXPECT_EQ(runtime_->HasImage("../../info?").error().code, Code::kInvalid);
}

TEST_F(DockerRuntimeTest, APullReadsItsProgressForTheError) {
  http_.On("GET /v1.41/images/nginx", {{}});
  http_.On("POST /v1.41/images/create",
           {{.pieces = {"{\"status\":\"Pulling\"}\r\n{\"sta", "tus\":\"Done\"}\r\n"}},
            {.pieces = {"{\"status\":\"Pulling\"}\n{\"errorDetail\":{\"message\":\"toomany", "requests: slow\"}}\n"}},
            {.pieces = {R"({"error":"manifest unknown"})"}},
            {.status = 404, .body = R"({"message":"pull access denied for nginx"})"},
            {.error = Error{Code::kUnavailable, "refused"}}});
  EXPECT_TRUE(runtime_->Pull("nginx:1.25", {}).ok());
  EXPECT_THAT(http_.requests, Contains(HasSubstr("fromImage=docker.io%2Flibrary%2Fnginx&tag=1.25")));
  EXPECT_EQ(runtime_->Pull("nginx", {}).error().code, Code::kTooManyRequests);
  EXPECT_EQ(runtime_->Pull("nginx", {}).error().code, Code::kNotFound);
  EXPECT_EQ(runtime_->Pull("nginx", {}).error().code, Code::kForbidden);
  EXPECT_EQ(runtime_->Pull("nginx", {}).error().code, Code::kUnavailable);
}

TEST_F(DockerRuntimeTest, TellsTheRegistryWhoAsks) {
  http_.On("GET /v1.41/images/", {{}});
  http_.On("POST /v1.41/images/create", {{.pieces = {"{\"status\":\"Done\"}\n"}}});
  ASSERT_TRUE(runtime_->Pull("r.example.org/a:1", {"r.example.org", "ann", "p\xc3\xbf\xc3\xbf?", "", ""}).ok());
  const auto pull = std::find_if(http_.calls.begin(), http_.calls.end(), [](const auto& call) { return call.method == "POST"; });
  ASSERT_NE(pull, http_.calls.end());
  std::string header(pull->headers.Get("X-Registry-Auth"));
  EXPECT_EQ(header.find_first_of("+/"), std::string::npos);  // the URL's alphabet, as the engine reads it
  for (char& letter : header) letter = letter == '-' ? '+' : letter == '_' ? '/' : letter;
  EXPECT_EQ(*ParseJson(*DecodeBase64(header)),
            Json({{"username", "ann"}, {"password", "p\xc3\xbf\xc3\xbf?"}, {"serveraddress", "r.example.org"}}));
  EXPECT_EQ(pull->url.find("ann"), std::string::npos);
  http_.calls.clear();
  ASSERT_TRUE(runtime_->Pull("r.example.org/a:1", {}).ok());
  for (const auto& call : http_.calls) EXPECT_FALSE(call.headers.Has("X-Registry-Auth"));
}

TEST_F(DockerRuntimeTest, SaysWhichImagesContainersUse) {
  http_.On("GET /v1.41/images/json",
           {{.body = R"([{"Id":"sha256:a","RepoTags":["app:1"],"RepoDigests":["app@sha256:d"]},
                         {"Id":"sha256:b","RepoTags":["<none>:<none>"],"RepoDigests":["<none>@<none>"]}])"}});
  http_.On("GET /v1.41/containers/json?all=1", {{.body = R"([{"Id":"c1","ImageID":"sha256:a"}])"}, {.status = 500}});
  const auto images = runtime_->ListImages();
  ASSERT_TRUE(images.ok());
  ASSERT_EQ(images->size(), 2u);
  EXPECT_THAT((*images)[0].references, ElementsAre("app:1", "app@sha256:d"));
  EXPECT_TRUE((*images)[0].used);
  EXPECT_TRUE((*images)[1].references.empty());
  EXPECT_FALSE((*images)[1].used);
  EXPECT_FALSE(runtime_->ListImages().ok());  // who does not know what is used says so
}

TEST_F(DockerRuntimeTest, APullWithoutAWordIsGivenUp) {
  runtime_ = *NewDockerRuntime(
      {.host = "tcp://engine:2375", .installation = "me", .pull_quiet = std::chrono::milliseconds(20)}, http_,
      NullMeter(), clock_);
  http_.On("POST /v1.41/images/create", {{.pieces = {"{\"status\":\"Pulling\"}\n"}, .stays_open = true}});
  EXPECT_EQ(runtime_->Pull("nginx", {}).error().code, Code::kTimeout);
}

TEST_F(DockerRuntimeTest, EventsArriveWhereverTheStreamIsCut) {
  const std::string event = StrCat(R"({"Type":"container","Action":"die","Actor":{"ID":"abc","Attributes":{")",
                                   kLabelOwnerUid, R"(":"u1",")", kLabelInstallation, R"(":"me"}}})", "\n");
  const std::string exec = R"({"Action":"exec_start: /app","Actor":{"ID":"abc"}})"
                           "\n";
  for (std::size_t cut = 0; cut <= event.size(); cut += 7) {
    http_.On("GET /v1.41/events", {{.pieces = {exec + event.substr(0, cut), event.substr(cut) + "junk\n" + event}}});
    std::vector<std::string> told;
    std::vector<Code> ends;
    const auto stream = runtime_->Watch(
        std::nullopt,
        [&](const RuntimeEvent& e) { told.push_back(e.action + " " + e.container_id + " " + e.owner_uid); },
        [&](Result<void> end) { ends.push_back(end.ok() ? Code::kInternal : end.error().code); });
    ASSERT_TRUE(stream.ok());
    EXPECT_THAT(told, ElementsAre("die abc u1", "die abc u1")) << cut;
    EXPECT_THAT(ends, ElementsAre(Code::kUnavailable));
  }
  EXPECT_THAT(http_.requests.back(), HasSubstr("since=1800000000.000000000"));
}

TEST_F(DockerRuntimeTest, AWatchThatIsRefusedTellsNobodyElse) {
  http_.On("GET /v1.41/events",
           {{.status = 500, .body = R"({"message":"no"})"}, {.error = Error{Code::kUnavailable, "x"}}});
  for (const Code code : {Code::kInternal, Code::kUnavailable}) {
    const auto stream = runtime_->Watch(
        std::nullopt, [](const RuntimeEvent&) { FAIL(); }, [](Result<void>) { FAIL(); });
    ASSERT_FALSE(stream.ok());
    EXPECT_EQ(stream.error().code, code);
  }
}

TEST_F(DockerRuntimeTest, LogsEndWhenTheReaderHasEnough) {
  http_.On("GET /v1.41/containers/abc/json", {{.body = Inspection("me", "h1", "running")}});
  const std::string frame = std::string("\1\0\0\0\0\0\0\4", 8) + "a\nb\n";
  http_.On("GET /v1.41/containers/abc/logs", {{.pieces = {frame, frame}, .stays_open = true}});
  int lines = 0;
  int ends = 0;
  const auto stream = runtime_->Logs(
      "abc", {.follow = true, .tail = 5}, [&](bool, std::string_view) { return ++lines < 3; },
      [&](Result<void> end) { ends += end.ok() ? 1 : 100; });
  ASSERT_TRUE(stream.ok());
  EXPECT_EQ(lines, 3);
  EXPECT_EQ(ends, 1);
  EXPECT_THAT(http_.requests.back(), HasSubstr("follow=1&timestamps=0&tail=5"));
}

}  // namespace
}  // namespace patchbay::driver
