// Seeded random values for property tests.
#pragma once

#include <string>

#include "base/random.h"
#include "object/json.h"

namespace patchbay {

class RandomJson {
 public:
  explicit RandomJson(std::uint64_t seed) : random_(seed) {}

  Json Value(int depth = 4) {
    switch (random_.Below(depth > 0 ? 9 : 6)) {
      case 0: return nullptr;
      case 1: return random_.Below(2) == 0;
      case 2: return static_cast<std::int64_t>(random_.Next()) >> random_.Below(64);
      case 3: return (random_.Unit() - 0.5) * std::pow(10.0, static_cast<double>(random_.Below(40)) - 20);
      case 4:
      case 5: return Text();
      case 6: return List(depth - 1);
      default: return Object(depth - 1);
    }
  }
  Json List(int depth) {
    Json out = Json::array();
    for (auto count = random_.Below(5); count > 0; --count) out.push_back(Value(depth));
    return out;
  }
  Json Object(int depth, bool nulls = true) {
    Json out = Json::object();
    for (auto count = random_.Below(6); count > 0; --count) {
      Json value = Value(depth);
      if (nulls || !value.is_null()) out[Key()] = std::move(value);
    }
    return out;
  }
  std::string Key() {
    static const std::vector<std::string> keys = {"a", "b",  "c", "name", "spec", "x.y",
                                                  "",  "on", "1", "a b",  "ä",    "~/"};
    return keys[random_.Below(keys.size())];
  }
  std::string Text() {
    static const std::vector<std::string> pieces = {
        "a",   "word", " ",   "\n",  "\t",   "\"",   "'",    "\\", ":",  "#",     "- ",     "true",
        "1",   "0x1",  "é",   "😀",   "null", "~",    "{",    "]",  ",",  "&",     "*",      "!",
        "|",   ">",    "%",   "@",   "`",    "\x01", "=",    "<<", "\r", "\x7f",  "\u0085", "\u2028",
        "---", "...",  "1e3", "0o7", "? ",   "  ",   "\n\n", ": ", " #", "\ufeff"};
    std::string out;
    for (auto count = random_.Below(6); count > 0; --count) out += pieces[random_.Below(pieces.size())];
    return out;
  }
  Random& random() { return random_; }

 private:
  Random random_;
};

}  // namespace patchbay
