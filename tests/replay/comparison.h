// Compares a recorded answer with ours: what each server chooses by itself is matched by name, what has no order is
// compared without one, and ages in tables are ages.
#pragma once

#include <string>
#include <vector>

#include "object/json.h"
#include "replay/names.h"

namespace patchbay::replay {

// Where the two differ. Texts stand as they are, other values as JSON; "(absent)" for what is not there.
struct Mismatch {
  std::string place;  // "status", "header Warning", "body.details.causes[0].field", "events[2].type"
  std::string recorded;
  std::string ours;
};

class Comparison {
 public:
  // `unordered`: the lists come in no order. `trimmed`: the recorded answer leaves things out.
  Comparison(Names& names, bool unordered, bool trimmed) : names_(names), unordered_(unordered), trimmed_(trimmed) {}

  void Compare(const std::string& place, const Json& recorded, const Json& ours);
  void CompareText(const std::string& place, const std::string& recorded, const std::string& ours);
  const std::vector<Mismatch>& mismatches() const { return mismatches_; }

 private:
  void CompareObjects(const std::string& place, const Json& recorded, const Json& ours);
  void CompareMember(const std::string& place, const std::string& key, const Json& recorded, const Json& ours);
  void CompareLists(const std::string& place, const Json& recorded, const Json& ours);
  void CompareNamed(const std::string& place, const Json& recorded, const Json& ours);
  void Differ(const std::string& place, const Json* recorded, const Json* ours);
  bool LearnName(const std::string& key, const std::string& recorded, const std::string& ours);
  Names& names_;
  const bool unordered_;
  const bool trimmed_;
  std::vector<Mismatch> mismatches_;
};

// What is there when a watch begins (ADDED, one after the other) in an order of its own.
std::vector<Json> SortedArrivals(std::vector<Json> events);

}  // namespace patchbay::replay
