#include "object/jsonpath.h"

#include <algorithm>

#include "base/text.h"
#include "object/jsonpath_node.h"

namespace patchbay {
namespace jsonpath_detail {
namespace {

using Values = std::vector<const Json*>;

// Descending many times over a deep value grows without end; nobody wants a million results.
constexpr std::size_t kMostValues = 1'000'000;

class Walker {
 public:
  explicit Walker(const Json& root) : root_(root) {}

  // Empty `missing` afterwards: every name and index was there.
  Values Walk(const Path& path, const Json& from) {
    Values values = {path.from_root ? &root_ : &from};
    for (std::size_t i = 0; i < path.steps.size() && !values.empty(); ++i) {
      Values next;
      for (const Json* value : values) {
        Take(path.steps[i], *value, next);
        if (next.size() > kMostValues) break;
      }
      // Below a descent a name need not be everywhere.
      if (i > 0 && path.steps[i - 1].kind == Step::Kind::kDescend && !next.empty()) missing_.clear();
      values = std::move(next);
    }
    return values;
  }

  const std::string& missing() const { return missing_; }

 private:
  void Take(const Step& step, const Json& value, Values& out) {
    switch (step.kind) {
      case Step::Kind::kField: return TakeField(step.name, value, out);
      case Step::Kind::kIndex: return TakeIndex(step.index, value, out);
      case Step::Kind::kSlice: return TakeSlice(step, value, out);
      case Step::Kind::kDescend: return Descend(value, out);
      case Step::Kind::kFilter:
        if (value.is_array())
          for (const Json& item : value)
            if (Passes(step, item)) out.push_back(&item);
        return;
      case Step::Kind::kUnion:
        for (const Step& choice : step.choices) Take(choice, value, out);
        return;
      case Step::Kind::kEvery:
        if (value.is_structured())
          for (const Json& item : value) out.push_back(&item);
        return;
    }
  }

  void TakeField(const std::string& name, const Json& value, Values& out) {
    if (const Json* member = Find(value, {name}))
      out.push_back(member);
    else if (missing_.empty())
      missing_ = StrCat(name, " is not found");
  }

  void TakeIndex(long index, const Json& value, Values& out) {
    if (!value.is_array()) {
      if (missing_.empty()) missing_ = "the value is not a list";
      return;
    }
    const auto size = static_cast<long>(value.size());
    const long at = index < 0 ? index + size : index;
    if (at >= 0 && at < size)
      out.push_back(&value[static_cast<std::size_t>(at)]);
    else if (missing_.empty())
      missing_ = StrCat("array index out of bounds: index ", index, ", length ", size);
  }

  static void TakeSlice(const Step& step, const Json& value, Values& out) {
    if (!value.is_array()) return;
    const auto size = static_cast<long>(value.size());
    const auto place = [&](std::optional<long> at, long fallback) {
      if (!at) return fallback;
      return std::clamp(*at < 0 ? *at + size : *at, 0L, size);
    };
    const long stride = step.stride.value_or(1);
    const long to = place(step.to, size);
    for (long at = place(step.from, 0); at < to; at += stride) out.push_back(&value[static_cast<std::size_t>(at)]);
  }

  static void Descend(const Json& value, Values& out) {
    if (out.size() > kMostValues) return;
    out.push_back(&value);
    if (value.is_structured())
      for (const Json& item : value) Descend(item, out);
  }

  bool Passes(const Step& step, const Json& item) const {
    Walker inner(root_);
    const Values left = inner.Evaluate(*step.left, item);
    if (step.op.empty()) return !left.empty();
    const Values right = inner.Evaluate(*step.right, item);
    if (left.size() != 1 || right.size() != 1) return false;
    return Compare(*left[0], step.op, *right[0]);
  }

  Values Evaluate(const Operand& operand, const Json& item) {
    return operand.path ? Walk(*operand.path, item) : Values{&operand.literal};
  }

  static bool Compare(const Json& left, const std::string& op, const Json& right) {
    if (op == "==") return EqualJson(left, right);
    if (op == "!=") return !EqualJson(left, right);
    const bool comparable = (left.is_number() && right.is_number()) || (left.is_string() && right.is_string());
    if (!comparable) return false;
    if (op == "<") return left < right;
    if (op == "<=") return left <= right;
    return op == ">" ? left > right : left >= right;
  }

  const Json& root_;
  std::string missing_;
};

}  // namespace
}  // namespace jsonpath_detail

namespace {

using jsonpath_detail::Walker;

class Renderer {
 public:
  Renderer(const Json& root, bool allow_missing) : root_(root), allow_missing_(allow_missing) {}

  template <class Node>
  Result<void> Run(const std::vector<Node>& body, const Json& current) {
    for (const Node& node : body) {
      if (node.kind == Node::Kind::kText) {
        out_ += node.text;
        continue;
      }
      Walker walker(root_);
      const auto values = walker.Walk(node.path, current);
      if (!allow_missing_ && !walker.missing().empty()) return Error{Code::kNotFound, walker.missing()};
      if (node.kind == Node::Kind::kRange) {
        for (const Json* value : values) PATCHBAY_CHECK(Run(node.body, *value));
        continue;
      }
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (i > 0) out_ += ' ';
        if (values[i]->is_string())
          out_ += values[i]->template get_ref<const std::string&>();
        else
          AppendJson(out_, *values[i]);
      }
    }
    return {};
  }

  std::string Take() { return std::move(out_); }

 private:
  const Json& root_;
  const bool allow_missing_;
  std::string out_;
};

}  // namespace

std::vector<const Json*> JsonPath::Select(const Json& root) const {
  for (const Node& node : root_->body)
    if (node.kind == Node::Kind::kPath || node.kind == Node::Kind::kRange) return Walker(root).Walk(node.path, root);
  return {};
}

Result<std::string> JsonPath::Render(const Json& root, bool allow_missing) const {
  Renderer renderer(root, allow_missing);
  PATCHBAY_CHECK(renderer.Run(root_->body, root));
  return renderer.Take();
}

}  // namespace patchbay
