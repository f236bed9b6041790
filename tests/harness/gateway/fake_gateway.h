// A gateway in memory, under the same contract as the real ones (tests/contract/gateway_contract.h). Thread-safe.
// To fail its n-th call before or after it took effect, wrap it in a FlakyGateway.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "driver/gateway/entries.h"
#include "driver/gateway/gateway.h"

namespace patchbay::driver {

class FakeGateway : public Gateway {
 public:
  explicit FakeGateway(std::string name = "fake", std::vector<std::string> unsupported = {});

  std::string name() const override { return name_; }
  std::vector<FieldNotDone> Unsupported() const override { return unsupported_; }
  std::string Digest(const GatewayRoute& route) const override;
  Result<Published> Publish(const std::vector<GatewayRoute>& routes) override;
  Result<GatewayState> Read() override;
  Result<std::map<std::string, RouteDifferences>> Compare(const std::vector<GatewayRoute>& routes) override;
  Result<std::map<std::string, int>> InFlight() override;
  Result<std::map<std::string, AnswerCount>> Answers() override;

  // What a test does to it.
  void Refuse(const std::string& route_id, const std::string& message);  // from the next Publish on
  void Accept(const std::string& route_id);
  void SetUnavailable(bool away);  // every call gives kUnavailable and does nothing
  void Restart();                  // comes back empty, with another epoch; foreign configuration is lost too
  void ReloadByOthers();           // another epoch, everything kept
  void DropRoute(const std::string& route_id);                          // behind our back
  void ReplaceRoute(const GatewayRoute& route);                         // behind our back
  void AddEntry(const std::string& entry);     // somebody else's, which routes may take over: without our name before it
  void RemoveEntry(const std::string& entry);  // behind our back
  void MoveEntry(const std::string& entry);    // to where ours does not go; AddEntry brings it back
  std::set<std::string> Entries() const;
  void SetForeign(const std::string& what, const std::string& config);  // somebody else's configuration
  void SetInFlight(const std::string& address, int requests);
  // So many answers of this upstream more, each after `took`; `failed` of them are wrong.
  void AddAnswers(const std::string& address, int count, int failed, std::chrono::milliseconds took = std::chrono::milliseconds(1));
  void SetTells(bool tells) { world_.Lock()->tells = tells; }  // false: it cannot tell what is answered
  void SetCounts(bool counts) { world_.Lock()->counts = counts; }  // false: it cannot tell what is in flight

  // The world as it is.
  std::vector<GatewayRoute> Served() const;  // in order of matching
  std::optional<GatewayRoute> Find(const std::string& route_id) const;
  std::map<std::string, std::string> Foreign() const;
  int publishes() const;  // calls of Publish that reached it
  int changes() const;    // of these, how many sent something
  int reads() const;
  // Waits until `routes` satisfies it, looking after every change; false after `timeout`.
  bool WaitUntil(const std::function<bool(const std::vector<GatewayRoute>& routes)>& satisfied,
                 std::chrono::milliseconds timeout = std::chrono::seconds(10)) const;

 private:
  struct World {
    std::vector<GatewayRoute> routes;
    std::map<std::string, std::string> refusals;
    std::map<std::string, std::string> foreign;
    std::set<std::string> entries;
    std::set<std::string> elsewhere;
    EntriesByRoute serving;  // of these, by route
    std::map<std::string, int> in_flight;
    bool away = false;
    std::map<std::string, AnswerCount> answers;
    bool counts = true;
    bool tells = true;
    int epoch = 1;
    int publishes = 0;
    int changes = 0;
    int reads = 0;
  };
  void Change(const std::function<void(World&)>& change);

  const std::string name_;
  std::vector<FieldNotDone> unsupported_;
  mutable Guarded<World> world_;
  mutable std::condition_variable changed_;
};

}  // namespace patchbay::driver
