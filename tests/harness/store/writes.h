// Short words for commits in tests, and for waiting on what they bring about.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "store/store.h"

namespace patchbay::store {

inline std::string BodyOf(const Key& key, const std::string& text) {
  return StrCat(R"({"apiVersion":"patchbay.dev/v1","kind":"Plugin","metadata":{"name":")", key.name,
                R"(","namespace":")", key.ns, R"("},"spec":{"z":1,"a":)", QuoteJson(text), "}}");
}

inline Write PutOf(const std::string& name, const std::string& text, std::optional<Revision> expected = std::nullopt) {
  Write write;
  write.key = {std::string(kPlugins), "default", name};
  write.expected = expected;
  write.uid = "uid-" + name;
  write.generation = 1;
  write.body = BodyOf(write.key, text);
  return write;
}

inline Write DeleteOf(const std::string& name, std::optional<Revision> expected = std::nullopt) {
  Write write = PutOf(name, "last words", expected);
  write.op = Write::Op::kDelete;
  return write;
}

inline Unit UnitOf(std::vector<Write> writes) { return {std::move(writes), {}}; }

inline NewDelivery MessageOf(const std::string& webhook, const std::string& id) {
  return {"uid-" + webhook, "default", webhook, id, "plugin.created", R"({"id":")" + id + R"("})"};
}

// Tries until `done`, for what another thread or the database's clock brings about.
inline bool Eventually(const std::function<bool()>& done,
                       std::chrono::milliseconds patience = std::chrono::seconds(20)) {
  Clock& clock = SystemClock();
  for (const MonoTime deadline = clock.Mono() + patience; clock.Mono() < deadline;) {
    if (done()) return true;
    clock.SleepFor(std::chrono::milliseconds(5), {});
  }
  return done();
}

inline std::map<Key, std::string> LoadAll(Store& store, Snapshot* snapshot = nullptr) {
  std::map<Key, std::string> rows;
  auto loaded = store.Load([&](const Row& row) { rows[row.key] = *row.bytes; });
  EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : loaded.error().message);
  if (loaded.ok() && snapshot != nullptr) *snapshot = *loaded;
  return rows;
}

}  // namespace patchbay::store
