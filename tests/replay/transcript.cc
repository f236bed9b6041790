#include "replay/transcript.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"

namespace patchbay::replay {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = fs::path(PATCHBAY_SOURCE_DIR) / "tests/data/kubernetes-wire";

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

const Json* Member(const Json& value, const char* name) {
  if (!value.is_object()) return nullptr;
  const auto found = value.find(name);
  return found == value.end() ? nullptr : &*found;
}

// The recording writes long values short: {"$repeat": ["x", 3]}, {"$repeatItem": [v, n]}, {"$join": [...]}.
Json Unfold(const Json& value) {
  if (const Json* repeat = Member(value, "$repeat")) {
    std::string text;
    for (int i = 0; i < (*repeat)[1].get<int>(); ++i) text += (*repeat)[0].get<std::string>();
    return text;
  }
  if (const Json* repeat = Member(value, "$repeatItem")) {
    return Json(Json::array_t((*repeat)[1].get<std::size_t>(), Unfold((*repeat)[0])));
  }
  if (const Json* parts = Member(value, "$join")) {
    std::string text;
    for (const Json& part : *parts) text += Unfold(part).get<std::string>();
    return text;
  }
  Json unfolded = value;
  if (value.is_structured()) {
    for (auto& [key, member] : unfolded.items()) member = Unfold(member);
  }
  return unfolded;
}

void ReadBody(const Json& body, Record& record) {
  if (const Json* text = Member(body, "$text")) {
    record.bytes = Unfold(*text).get<std::string>();
  } else if (const Json* bytes = Member(body, "$base64")) {
    record.bytes = DecodeBase64(bytes->get<std::string>()).value_or("");
  } else {
    record.body = Unfold(body);
  }
}

void ReadAnswer(const Json& body, Record& record) {
  const Json* text = Member(body, "$text");
  record.binary = Member(body, "$base64") || Member(body, "$binary");
  record.answer = text ? Unfold(*text) : Unfold(body);
}

Record ReadRecord(const Json& line) {
  Record record;
  record.number = line["n"].get<int>();
  record.method = line["method"].get<std::string>();
  record.target = line["path"].get<std::string>();
  for (const auto& [name, value] : line["reqHeaders"].items()) {
    record.headers.emplace_back(name, value.get<std::string>());
  }
  if (const Json* body = Member(line, "reqBody")) ReadBody(*body, record);
  record.status = line["status"].get<int>();
  record.answer_headers = line["respHeaders"];
  if (const Json* body = Member(line, "respBody")) ReadAnswer(*body, record);
  record.trimmed = line.value("trimmed", false);
  record.watch = line.value("stream", false);
  if (record.watch) {
    for (const Json& event : line["events"]) record.events.push_back(Unfold(event));
    record.ended_by_server = line["ended"] == "server";
    record.ends_after = line["endsAfter"].get<int>();
  }
  record.after_compaction = line.contains("requires");
  return record;
}

std::vector<Json> ReadLines(const fs::path& path) {
  std::ifstream file(path);
  std::vector<Json> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(Json::parse(line));
  return lines;
}

std::vector<fs::path> FilesIn(const fs::path& folder) {
  std::vector<fs::path> paths;
  for (const auto& file : fs::directory_iterator(folder)) paths.push_back(file.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

bool IsForReadingOnly(const fs::path& path) {
  std::ifstream file(path);
  std::string first;
  std::getline(file, first);
  return first.find("\"skipReplay\": true") != std::string::npos;
}

}  // namespace

std::vector<std::string> TranscriptNames() {
  std::vector<std::string> names;
  for (const fs::path& path : FilesIn(kRoot / "transcripts")) {
    if (!IsForReadingOnly(path)) names.push_back(path.stem().string());
  }
  return names;
}

Transcript ReadTranscript(const std::string& name) {
  Transcript transcript;
  transcript.name = name;
  const std::vector<Json> lines = ReadLines(kRoot / "transcripts" / (name + ".jsonl"));
  for (std::size_t i = 1; i < lines.size(); ++i) transcript.records.push_back(ReadRecord(lines[i]));
  return transcript;
}

std::vector<std::string> RecordedKinds() {
  std::vector<std::string> documents;
  for (const fs::path& path : FilesIn(kRoot / "crds")) documents.push_back(ReadFile(path));
  return documents;
}

}  // namespace patchbay::replay
