// Small objects and commits for the cache's tests.
#pragma once

#include <string>

#include "base/text.h"
#include "object/object.h"
#include "store/store.h"

namespace patchbay::cache {

inline Key PluginKey(const std::string& name, const std::string& ns = "default") {
  return {std::string(kPlugins), ns, name};
}

inline Json PluginObject(const std::string& name, const std::string& ns = "default", Json labels = Json::object()) {
  Json metadata = {{"name", name}, {"namespace", ns}, {"uid", "uid-" + ns + "-" + name}, {"generation", 1}};
  if (!labels.empty()) metadata["labels"] = std::move(labels);
  return {{"apiVersion", "patchbay.dev/v1"},
          {"kind", "Plugin"},
          {"metadata", std::move(metadata)},
          {"spec", {{"image", "echo:1"}}}};
}

inline store::Write PutOf(const Key& key, const Json& object) {
  return {.key = key,
          .op = store::Write::Op::kPut,
          .expected = std::nullopt,
          .uid = UidOf(object),
          .generation = GenerationOf(object),
          .body = EncodeBody(object)};
}

inline store::Write DeleteOf(const Key& key, const Json& last) {
  store::Write write = PutOf(key, last);
  write.op = store::Write::Op::kDelete;
  return write;
}

// The revision it was given; the test fails when it was not committed.
inline Revision CommitOne(store::Store& store, store::Write write) {
  auto outcome = store::CommitAndWait(store, store::Unit{.writes = {std::move(write)}, .deliveries = {}});
  EXPECT_TRUE(outcome.ok()) << (outcome.ok() ? "" : outcome.error().message);
  return outcome.ok() ? outcome->front().revision : 0;
}

inline Revision PutPlugin(store::Store& store, const std::string& name, const std::string& ns = "default",
                          Json labels = Json::object()) {
  return CommitOne(store, PutOf(PluginKey(name, ns), PluginObject(name, ns, std::move(labels))));
}
inline Revision DeletePlugin(store::Store& store, const std::string& name, const std::string& ns = "default") {
  return CommitOne(store, DeleteOf(PluginKey(name, ns), PluginObject(name, ns)));
}

}  // namespace patchbay::cache
