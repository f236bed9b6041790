// The program as a person runs it, on real parts: a private Postgres, Caddy, the engine of the tests, and `patchbay
// operator` as a child process. For e2e tests; everything it starts it ends, and its containers go with it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "dev/child.h"
#include "dev/postgres.h"
#include "http/client.h"
#include "object/json.h"

namespace patchbay {

struct StageOptions {
  std::string docker_host = {};              // "": the engine of the tests
  std::vector<std::string> arguments = {};   // more flags for the operator
  std::string default_manifests = {};
  bool caddy = true;                         // the operator's gateway, with
  std::string kong = {};                     // or without a Kong, whose Admin API is here: "http://127.0.0.1:8001"
};

struct Ran {
  int exit_code = -1;
  std::string out;  // stdout and stderr together
};

// Which of the stock clients that scripts/fetch-clients fetches: those of now, or old ones.
enum class Age { kCurrent, kOld };

class Stage {
 public:
  explicit Stage(StageOptions options = {});
  ~Stage();

  // The engine the tests use: PATCHBAY_TEST_DOCKER_HOST or DOCKER_HOST. The example image is on it.
  static std::string Engine();

  void StartDatabase();
  void StopDatabase();
  void StartGateway();
  void KillGateway();
  // Returns when it listens, and is ready if the database is there (unless nobody waits for that).
  void StartOperator(bool await_ready = true);
  void KillOperator();                  // SIGKILL
  int StopOperator();                   // SIGTERM; its exit code
  bool operator_running();

  // `patchbay ARGUMENTS` against this operator; `input` is its standard input.
  Ran Patchbay(const std::string& arguments, const std::string& input = "");
  Ran Kubectl(const std::string& arguments, const std::string& input = "", Age age = Age::kCurrent);
  Ran Helm(const std::string& arguments, Age age = Age::kCurrent);
  // The beginning of such a command line, for Shell(): it may stand behind variables of the environment.
  std::string KubectlCommand(Age age = Age::kCurrent) const;
  Ran Shell(const std::string& command, const std::string& input = "");

  http::Answer Api(const std::string& method, const std::string& path, const std::string& body = "",
                   const std::string& type = "application/json");
  http::Answer Gateway(const std::string& path, const std::string& method = "GET", const std::string& body = "");
  http::Answer Docker(const std::string& method, const std::string& path, const std::string& body = "");
  // The engine's containers of this database's installation, running or not, by their State.
  std::vector<Json> Containers(const std::string& label = "");

  // Looks again until `holds` or the time is up; the last word either way.
  static bool Eventually(const std::function<bool()>& holds, std::chrono::milliseconds time = std::chrono::seconds(30));
  // A condition of an object is True for its present generation.
  bool IsReady(const std::string& kind_and_name);

  const std::string& folder() const { return folder_; }
  const std::string& server() const { return server_; }
  const std::string& gateway_url() const { return gateway_url_; }
  const std::string& gateway_address() const { return gateway_address_; }
  std::string database_url() const;
  std::string OperatorLog() const;
  pid_t operator_pid() const { return operator_ ? operator_->pid() : -1; }

 private:
  std::string Installation();
  std::vector<std::string> GatewayFlags() const;
  StageOptions options_;
  std::string folder_;
  std::string server_;
  std::string gateway_url_;
  std::string gateway_address_;
  std::string gateway_dns_;
  std::string caddy_admin_;
  std::string installation_;
  int port_ = 0;
  bool database_up_ = false;
  std::unique_ptr<http::HttpClient> http_;
  std::unique_ptr<dev::PrivatePostgres> postgres_;
  std::unique_ptr<dev::Child> caddy_;
  std::unique_ptr<dev::Child> operator_;
};

// For suites whose tests share one stage with an operator: each uses a namespace of its own or cleans up.
class OnSharedStage : public ::testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  static inline Stage* stage_ = nullptr;  // suites of one program come one after the other
};

}  // namespace patchbay
