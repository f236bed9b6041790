// Recorded conversations of real clients with a real API server (tests/data/kubernetes-wire), as they are read for a
// replay. Values.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "object/json.h"

namespace patchbay::replay {

// One request and its recorded answer.
struct Record {
  int number = 0;
  std::string method;
  std::string target;  // path and query, as sent
  std::vector<std::pair<std::string, std::string>> headers;
  // What was sent: a JSON value, or the bytes when it was none.
  std::optional<Json> body;
  std::string bytes;

  int status = 0;
  Json answer_headers;
  Json answer;           // null: no body; a string: text that is not JSON
  bool trimmed = false;  // the answer was cut down to what concerns patchbay.dev
  bool binary = false;   // the answer was not text: it is not compared

  bool watch = false;
  std::vector<Json> events;
  bool ended_by_server = false;
  int ends_after = 0;  // the last request that had begun when the watch ended

  bool after_compaction = false;
};

struct Transcript {
  std::string name;
  std::vector<Record> records;
};

// Names in alphabetical order, without those that the recording marks as for reading only.
std::vector<std::string> TranscriptNames();
// REQUIRES: one of TranscriptNames().
Transcript ReadTranscript(const std::string& name);
// The CustomResourceDefinitions that were recorded with, as YAML.
std::vector<std::string> RecordedKinds();

}  // namespace patchbay::replay
