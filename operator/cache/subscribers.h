// Which Webhooks want to hear of what. Their specs are parsed once a revision; with no Webhook it costs a look.
// Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "cache/cache.h"

namespace patchbay::cache {

// Word by word between dots, '*' for any run of characters in a word; a last word "*" stands for all that follow, so
// that "*" is everything and "plugin.*" every topic of plugins.
bool MatchesTopic(std::string_view pattern, std::string_view topic);

// The namespace whose webhooks hear of every namespace's objects.
inline constexpr std::string_view kSystemNamespace = "patchbay-system";

class Subscribers {
 public:
  explicit Subscribers(const Cache& cache) : cache_(cache) {}

  bool any() const { return cache_.Count(kWebhooks) > 0; }
  // The enabled Webhooks that hear of this topic of an object with these labels in this namespace.
  std::vector<EntryPtr> Of(std::string_view topic, std::string_view ns, const Labels& labels) const;

 private:
  struct Webhook {
    EntryPtr entry;
    bool enabled = false;
    std::vector<std::string> patterns;
    LabelSelector selector;
  };
  using List = std::vector<Webhook>;
  static Webhook Read(const EntryPtr& entry);
  std::shared_ptr<const List> Present() const;

  const Cache& cache_;
  mutable Guarded<std::shared_ptr<const List>> read_;
};

}  // namespace patchbay::cache
