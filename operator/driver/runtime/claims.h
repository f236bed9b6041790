// Which containers of others a Runtime was told to take for ours. For implementations of Runtime::Claim. Thread-safe.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "driver/runtime/runtime.h"

namespace patchbay::driver {

class Claims {
 public:
  explicit Claims(std::string installation) : installation_(std::move(installation)) {}

  // As Runtime::Claim. Returns the ids that are not claimed any more.
  Result<std::vector<std::string>> Set(const std::string& owner_uid, const std::vector<Claimed>& containers);
  void Drop(const std::string& id) { state_.Lock()->erase(id); }
  bool Contains(const std::string& id) const { return state_.Lock()->contains(id); }
  // "": of all owners.
  std::vector<std::string> IdsOf(const std::string& owner_uid = "") const;
  // Gives a claimed container its labels, unless it carries the mark of an installation.
  void Mark(Container& container) const;

 private:
  struct Entry {
    std::string owner_uid;
    std::map<std::string, std::string> labels;
  };
  const std::string installation_;
  mutable Guarded<std::map<std::string, Entry>> state_;  // by id
};

}  // namespace patchbay::driver
