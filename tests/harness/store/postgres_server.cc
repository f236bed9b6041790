#include "harness/store/postgres_server.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "dev/child.h"

// libpqxx 6.4.5 loses the result of a statement whose connection breaks: some hundred bytes each time.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:PQmakeEmptyPGresult\n"; }

namespace patchbay::store {
namespace {

// The same server and user, another database. Both of libpq's forms let a later dbname win.
std::string WithDatabase(const std::string& url, const std::string& name) {
  if (url.find("://") == std::string::npos) return StrCat(url, " dbname=", name);
  return StrCat(url, url.find('?') == std::string::npos ? "?" : "&", "dbname=", name);
}

}  // namespace

PostgresServer& PostgresServer::Shared() {
  static const char* given = std::getenv("PATCHBAY_TEST_DATABASE_URL");
  static std::unique_ptr<PostgresServer> server(given != nullptr && *given != '\0' ? new PostgresServer(given)
                                                                                   : new PostgresServer());
  return *server;
}

std::unique_ptr<PostgresServer> PostgresServer::Private() {
  return std::unique_ptr<PostgresServer>(new PostgresServer());
}

PostgresServer::PostgresServer(std::string url) : url_(std::move(url)) {}

PostgresServer::PostgresServer() {
  std::string pattern = "/tmp/pbpg-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) {
    ADD_FAILURE() << "cannot make a folder in /tmp";
    return;
  }
  folder_ = pattern;
  Start();
}

PostgresServer::~PostgresServer() {
  if (server_ != nullptr) server_->Crash();  // no checkpoint for what is thrown away
  server_.reset();
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

void PostgresServer::Start() {
  dev::PostgresOptions options;
  options.folder = folder_;
  options.database = "postgres";
  options.throwaway = true;
  // Nobody cuts the power here: a crashed server's pages are still in the machine.
  options.settings = {"max_connections=60", "fsync=off"};
  auto server = dev::PrivatePostgres::Start(options);
  if (!server.ok()) {
    ADD_FAILURE() << server.error().message;
    return;
  }
  server_ = *std::move(server);
  url_ = server_->connection();
}

void PostgresServer::Stop() { server_->Stop(); }
void PostgresServer::Crash() { server_->Crash(); }

std::string PostgresServer::NewDatabase() {
  const std::string name = StrCat("test_", getpid(), "_", ++databases_);
  Query(url_, StrCat("CREATE DATABASE ", name));
  return WithDatabase(url_, name);
}

std::string PostgresServer::Query(const std::string& connection, const std::string& sql) {
  auto rows = dev::RunCommand({"psql", "-XAtqw", "-v", "ON_ERROR_STOP=1", "-c", sql, connection});
  if (!rows.ok()) {
    ADD_FAILURE() << rows.error().message;
    return "";
  }
  return std::string(Trim(*rows));
}

std::string PostgresServer::Log() const {
  std::ifstream file(folder_ + "/log");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace patchbay::store
