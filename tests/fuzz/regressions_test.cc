// What the fuzzers found once, and what they begin with, under the compiler and sanitizers of all other tests.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "fuzz.h"

namespace patchbay::fuzz {

void Report(const std::string& broken_law) { ADD_FAILURE() << broken_law; }

namespace {

std::vector<std::filesystem::path> FilesIn(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::exists(folder)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string ReadAll(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

class Fuzz : public testing::TestWithParam<Target> {};

TEST_P(Fuzz, WhatWasFoundStaysFixed) {
  for (const auto& path : FilesIn(std::filesystem::path(PATCHBAY_SOURCE_DIR "/tests/fuzz/regressions") / GetParam().name)) {
    SCOPED_TRACE(path.filename().string());
    GetParam().run(ReadAll(path));
  }
}

TEST_P(Fuzz, LawsHoldForWhatRealClientsSent) {
  const auto seeds = FilesIn(std::filesystem::path(PATCHBAY_BINARY_DIR "/fuzz-seeds") / GetParam().name);
  ASSERT_GT(seeds.size(), 10u) << "tests/fuzz/seeds.py has not run";
  for (const auto& path : seeds) {
    SCOPED_TRACE(path.string());
    GetParam().run(ReadAll(path));
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Fuzz, testing::ValuesIn(Targets()),
                         [](const testing::TestParamInfo<Target>& target) { return std::string(target.param.name); });

}  // namespace
}  // namespace patchbay::fuzz
