#include "replay/server.h"

#include <gtest/gtest.h>

#include <chrono>
#include <utility>

#include "base/text.h"

namespace patchbay::replay {
namespace {

// The recorded server had a past: a low version is one that is long forgotten.
constexpr Revision kPast = 10'000;
constexpr std::chrono::minutes kLongerThanAnyWatch{60};

// The recorded custom kinds beside our core kinds.
Kinds ReadKinds() {
  std::vector<std::string> documents;
  for (const auto& [name, text] : EmbeddedDocuments()) {
    if (text.find("group: \"\"") != std::string::npos) documents.push_back(text);
  }
  for (std::string& text : RecordedKinds()) documents.push_back(std::move(text));
  return *Kinds::FromYaml(documents);
}

http::Request MakeRequest(const Record& record) {
  http::Request request;
  request.method = record.method;
  request.target = record.target;
  const std::size_t mark = record.target.find('?');
  request.path = *DecodeUrl(record.target.substr(0, mark));
  if (mark != std::string::npos) request.query = *http::Query::Parse(record.target.substr(mark + 1));
  for (const auto& [name, value] : record.headers) request.headers.Add(name, value);
  request.body = record.body ? DumpJson(*record.body) : record.bytes;
  request.remote = "127.0.0.1";
  return request;
}

const Kinds& RecordedWorld() {
  static const Kinds kinds = ReadKinds();
  return kinds;
}

}  // namespace

Server::Server(WallTime now) : clock_(now) {
  store_.database().Skip(kPast);
  Compact();
  Record record;
  record.method = "POST";
  record.target = "/api/v1/namespaces";
  record.body = Json{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "default"}}}};
  EXPECT_EQ(Send(record).status, 201);
}

void Server::Start() {
  api_.reset();
  committer_.reset();
  mirrored_.reset();
  cache_.reset();
  cache_ = std::make_unique<cache::Cache>(store_, clock_, NullMeter());
  EXPECT_TRUE(cache_->Poll().ok());
  committer_ = std::make_unique<cache::Committer>(store_, *cache_, clock_, random_, "patchbay-operator");
  api::ApiOptions options;
  options.version = "replay";
  mirror_.Open();
  mirrored_ = std::make_unique<cache::Cache>(mirror_, clock_, NullMeter());
  EXPECT_TRUE(mirrored_->Poll().ok());
  api::Backstage backstage;
  backstage.mirror = mirrored_.get();
  api_ = std::make_unique<api::Api>(RecordedWorld(), *cache_, *committer_, clock_, random_, NullMeter(), options, backstage);
}

void Server::Compact() {
  store_.database().Prune(store_.revision());
  Start();
}

void Server::AdvanceTo(WallTime time) {
  if (time > clock_.Wall()) clock_.Advance(time - clock_.Wall());
}

void Server::OutwaitWatches() {
  clock_.Advance(kLongerThanAnyWatch);
  clock_.JumpWall(-kLongerThanAnyWatch);
}

api::Reply Server::Send(const Record& record) {
  auto exchange = std::make_shared<api::FakeExchange>(MakeRequest(record));
  api_->Serve(exchange);
  return exchange->Await();
}

}  // namespace patchbay::replay
