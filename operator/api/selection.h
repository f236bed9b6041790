// Which objects of a kind a list, watch or deletecollection is about: namespace, labels, fields. Immutable.
#pragma once

#include <string>

#include "api/failure.h"
#include "api/options.h"
#include "cache/cache.h"
#include "object/selector.h"
#include "schema/kind.h"

namespace patchbay::api {

class Selection {
 public:
  // `name`: one object only, as a watch of .../watch/plugins/NAME; or "". 400 for a selector that does not parse or
  // names a field that the kind does not know.
  static Answer<Selection> Make(const Kind& kind, std::string ns, std::string name, const ListOptions& options);

  bool Matches(const cache::Entry& entry) const;
  bool Matches(const cache::EntryPtr& entry) const { return entry && Matches(*entry); }
  // A query for everything selected, without limit.
  cache::ListQuery Query() const;
  const Kind& kind() const { return *kind_; }
  const std::string& ns() const { return ns_; }
  // The namespace alone selects: every object of it.
  bool everything() const { return labels_.empty() && fields_.empty() && name_.empty(); }
  // More than names and labels: the bytes must be read.
  bool reads_bytes() const { return reads_bytes_; }

 private:
  bool MatchesFields(const cache::Entry& entry) const;
  const Kind* kind_ = nullptr;
  std::string ns_;
  std::string name_;
  LabelSelector labels_;
  FieldSelector fields_;
  bool reads_bytes_ = false;
};

}  // namespace patchbay::api
