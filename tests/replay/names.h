// What the recorded server chose by itself (uids, versions, generated names, continue tokens and ETags) and what ours
// chose instead: one and the same throughout a transcript. Of one thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "object/json.h"
#include "object/key.h"
#include "replay/transcript.h"

namespace patchbay::replay {

class Names {
 public:
  // False when it contradicts what is known: another partner, or (for versions) another order.
  bool LearnUid(const std::string& recorded, const std::string& ours);
  bool LearnVersion(const std::string& recorded, const std::string& ours);
  bool LearnText(const std::string& recorded, const std::string& ours);
  // Of a list's continuation, or an ETag.
  bool LearnToken(const std::string& recorded, const std::string& ours);

  // Recorded text in our words: uids and generated names wherever they stand, numbers that are versions too.
  std::string Translate(std::string text) const;
  // What a client that had talked to us would have sent.
  Record Translate(Record record) const;

 private:
  std::string TranslateNames(std::string text) const;
  std::string TranslateVersion(const std::string& version) const;
  std::string TranslateTarget(const std::string& target) const;
  void TranslateBody(Json& value) const;
  static bool Learn(std::map<std::string, std::string>& known, const std::string& recorded, const std::string& ours);
  std::map<std::string, std::string> texts_;
  std::map<std::string, std::string> uids_;
  std::map<std::string, std::string> recorded_uids_;  // the way back
  std::map<std::string, std::string> tokens_;
  std::map<Revision, Revision> versions_;
};

}  // namespace patchbay::replay
