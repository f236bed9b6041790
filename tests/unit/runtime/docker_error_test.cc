#include "driver/runtime/docker_error.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace patchbay::driver {
namespace {

std::string Message(const std::string& text) { return "{\"message\":" + QuoteJson(text) + "}"; }

TEST(DockerError, KeepsTheEnginesWords) {
  EXPECT_EQ(TranslateAnswer(404, Message("No such container: x")).message, "No such container: x");
  EXPECT_EQ(TranslateAnswer(500, R"({"cause":"c","message":"m","response":500})").message, "m");
  EXPECT_EQ(TranslateAnswer(500, "plain\n").message, "plain");
  EXPECT_EQ(TranslateAnswer(500, "").message, "the container engine answered 500 without a word");
}

TEST(DockerError, TellsStatusesApart) {
  for (const auto& [status, code] : std::vector<std::pair<int, Code>>{{400, Code::kInvalid},
                                                                      {403, Code::kForbidden},
                                                                      {404, Code::kNotFound},
                                                                      {409, Code::kConflict},
                                                                      {500, Code::kInternal},
                                                                      {501, Code::kUnsupported},
                                                                      {503, Code::kUnavailable}})
    EXPECT_EQ(TranslateAnswer(status, Message("x")).code, code) << status;
}

TEST(DockerError, HostPortConflictsOfEveryEngineAreConflicts) {
  for (const std::string text :
       {"driver failed programming external connectivity on endpoint web (0a1b): Bind for 127.0.0.1:18080 failed: port "
        "is "
        "already allocated",
        "driver failed programming external connectivity: Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: "
        "address already in use",
        "failed to set up container networking: failed to bind host port for 0.0.0.0:8080:172.17.0.2:80/tcp: address "
        "already in use",
        "rootlessport listen tcp 0.0.0.0:8080: bind: address already in use"})
    EXPECT_EQ(TranslateAnswer(500, Message(text)).code, Code::kConflict) << text;
}

TEST(DockerError, ACommandThatCannotRunIsInvalid) {
  for (const std::string text :
       {"OCI runtime create failed: runc create failed: unable to start container process: exec: \"/nope\": stat "
        "/nope: no "
        "such file or directory: unknown",
        "exec: \"x\": executable file not found in $PATH: unknown", "exec: \"/etc\": permission denied: unknown"})
    EXPECT_EQ(TranslateAnswer(500, Message(text)).code, Code::kInvalid) << text;
}

TEST(DockerError, TellsWhyAPullFailed) {
  for (const auto& [text, code] : std::vector<std::pair<std::string, Code>>{
           {"toomanyrequests: You have reached your pull rate limit.", Code::kTooManyRequests},
           {"received unexpected HTTP status: 429 Too Many Requests", Code::kTooManyRequests},
           {"unauthorized: authentication required", Code::kForbidden},
           {"pull access denied for x, repository does not exist or may require 'docker login': denied: requested "
            "access",
            Code::kForbidden},
           {"manifest for nginx:9 not found: manifest unknown: manifest unknown", Code::kNotFound},
           {"no matching manifest for linux/arm64 in the manifest list entries", Code::kNotFound},
           {"Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host",
            Code::kUnavailable},
           {"Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused", Code::kUnavailable},
           {"net/http: TLS handshake timeout", Code::kUnavailable},
           {"write /var/lib/docker/tmp/x: no space left on device", Code::kUnavailable},
           {"something new", Code::kInternal}}) {
    const Error error = TranslatePullError("nginx", text);
    EXPECT_EQ(error.code, code) << text;
    EXPECT_EQ(error.message, "cannot pull nginx: " + text);
    EXPECT_EQ(error.retry_after.has_value(), code == Code::kTooManyRequests) << text;
  }
}

TEST(DockerError, WaitsAsLongAsTheRegistrySays) {
  EXPECT_EQ(TranslatePullError("x", "toomanyrequests: retry-after: 90s, allowed: 44000/minute").retry_after,
            std::chrono::seconds(90));
  EXPECT_EQ(TranslatePullError("x", "toomanyrequests: slow down").retry_after, std::chrono::minutes(5));
}

}  // namespace
}  // namespace patchbay::driver
