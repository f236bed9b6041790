// The strict reader behind ParseJson. Recursive descent into the value itself: members wait on one shared stack until
// their object or list closes, so every container is allocated once, and keys are moved, not copied.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "object/json.h"

namespace patchbay::json_detail {

class Reader {
 public:
  Reader(std::string_view text, const JsonLimits& limits, std::vector<std::string>* duplicates);

  // From here on metadata.managedFields[].fieldsV1 is not read but taken as it is written (WrittenJson).
  // REQUIRES: the text is our own writer's.
  void LeaveFieldsWritten() { leaves_fields_ = true; }

  // One value and nothing after it.
  Result<Json> Read();

 private:
  // An object or list under way: its members begin at `base` of pending_; the one being read is at `slot`.
  struct Level {
    std::size_t base;
    std::size_t slot;
    bool list;
  };

  bool ReadValue(Json& out);
  bool ReadObject(Json& out);
  bool ReadMember();
  bool ReadList(Json& out);
  // Stands before the value of metadata.managedFields[].fieldsV1.
  bool IsAtFields() const;
  bool TakeWritten(Json& out);
  bool ReadString(std::string& out);
  bool SkipString();
  bool ReadEscape(std::string& out);
  bool ReadHex(std::uint32_t& unit);
  bool ReadNumber(Json& out);
  bool ReadWord(std::string_view word, Json value, Json& out);
  bool Open(bool list);
  bool TakeMembers(Json& out);
  bool AreUnique(std::size_t base) const;
  bool DropDuplicates(std::size_t base);
  bool ReportDuplicate(std::size_t slot);
  void SkipSpace();
  bool Accept(char c);
  bool Fail(std::string why);
  std::string PathOfCurrent() const;

  const char* const begin_;
  const char* at_;
  const char* const end_;
  const JsonLimits limits_;
  std::vector<std::string>* const duplicates_;
  std::vector<std::pair<std::string, Json>> pending_;
  std::vector<Level> levels_;
  bool leaves_fields_ = false;
  std::size_t values_ = 0;
  std::string why_;
};

}  // namespace patchbay::json_detail
