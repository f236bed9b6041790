// One Publish of KongGateway, from the routes to what is served. Used once, by one thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "driver/gateway/entries.h"
#include "driver/gateway/kong_gateway.h"

namespace patchbay::driver {

class KongPublish {
 public:
  explicit KongPublish(KongGateway& gateway);
  ~KongPublish();
  KongPublish(const KongPublish&) = delete;
  KongPublish& operator=(const KongPublish&) = delete;

  Result<Published> Run(const std::vector<GatewayRoute>& routes);

 private:
  void Map(const std::vector<GatewayRoute>& routes);
  // With what is served of those that are left as they were found.
  std::vector<KongEntity> NewWish(const KongState& state) const;
  // One after the other; an error only when the whole Publish must end.
  Result<void> Make(const std::vector<KongStep>& steps, MonoTime deadline);
  Result<void> Send(const KongStep& step) const;
  Result<void> Judge(const KongStep& step, const Error& error);
  // DB-less: all at once.
  Result<void> Replace(const std::vector<KongEntity>& wish);
  Result<void> Blame(const Error& refusal, const std::vector<KongEntity>& wish);
  // Two routes that want different things of one caller: the later one cannot be.
  std::string FindQuarrel(const std::vector<KongEntity>& entities) const;
  std::set<std::string> RoutesOf(const std::string& route, const std::string& consumer) const;
  void Refuse(const std::string& route, const std::string& message);
  // Which entries that are to serve are not there: of their routes stays what stands.
  Result<void> FindMissing();
  // Once ours serves: what it took the place of goes.
  Result<void> RemoveEntries();

  KongGateway& gateway_;
  KongNode node_;
  std::vector<KongEntity> entities_;
  std::map<std::string, KongEntity> shared_;              // consumers and credentials, by id
  std::map<std::string, std::set<std::string>> callers_;  // consumer -> routes that let it in
  std::map<std::string, std::string> digests_;            // by route id
  std::set<std::string> as_found_;      // ids of routes
  std::set<std::string> held_;          // routes of which others use something: nothing of them is removed
  std::map<std::string, int> written_;  // how often, by path
  EntryPlan entry_plan_;
  std::set<std::string> present_;  // of all foreign routes
  Published published_;
  int doubts_ = 0;
};

}  // namespace patchbay::driver
