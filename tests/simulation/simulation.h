// One random life of a small world, told by a seed: wishes change, the engine, the database and the gateway fail, the
// operator dies and comes back. The laws are looked at before every action on a container and after every step; then
// everything is mended and the world must become as wished, and still.
//
// Two sorts of lives. In a calm one nothing fails but the operator itself (kill -9), images work and strategies roll:
// there no request may be lost. In a rough one everything fails, and the laws are those that hold always.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "harness/world/world.h"

namespace patchbay::controller {

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed);

  // "" when every law held, else which was broken, after what.
  std::string Run();

 private:
  struct Broken {
    std::string what;
  };
  struct Wish {  // what the last apply said
    Json spec;
    int floor = 0;  // members the gateway may not fall below; 0 before it first ran
  };

  bool Chance(int percent) { return Below(100) < percent; }
  int Below(int bound) { return static_cast<int>(random_() % static_cast<std::uint64_t>(bound)); }
  void Tell(const std::string& what) { story_.push_back(what); }
  static std::string Plugin(int i) { return "p" + std::to_string(i); }

  // --- what happens ---
  void Wishes();
  void Apply(const std::string& plugin);
  Json RandomSpec(const std::string& plugin);
  void Requests();
  void Troubles();
  void TroubleOfEngine();
  void TroubleOfContainer();
  void TroubleOfGateway();
  void WishOfAdopted();
  void Put(const Key& key, const Json& spec, const std::string& adopt = "");
  void Delete(const Key& key);
  void Turn(std::chrono::milliseconds time);
  void Pass(std::chrono::milliseconds time);  // with the crash that is due
  void Restart();
  void Mend();

  // --- laws ---
  void Watch();  // before every action
  void BeforeStop(const driver::Container& container) const;
  void LookAtForeigner() const;
  void LookAtAdopted();
  void LookAtAdoptedInTheEnd() const;
  void LookAtMembers();
  void LookAtEnd();
  void LookAtRolledBack(const std::string& plugin) const;
  std::string Words(const std::string& plugin) const;
  void LookAtPlugin(const std::string& plugin) const;
  bool GatewayWasCalm() const { return world_.clock.Mono() >= gateway_trouble_until_; }

  const std::uint64_t seed_;
  const bool calm_;
  std::mt19937_64 random_;
  World world_;
  std::map<std::string, Wish> wishes_;
  std::set<std::string> deleted_;
  std::optional<Json> adopting_;  // spec of the Route that takes over somebody's entry in the gateway, while it is wished for
  bool adopted_ = false;          // it was seen to be served so
  std::string busy_ip_;  // requests to it are under way; "" for none
  std::optional<int> crash_in_;  // actions
  std::vector<std::string> story_;
  MonoTime gateway_trouble_until_{};
};

}  // namespace patchbay::controller
