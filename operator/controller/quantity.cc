#include "controller/quantity.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace patchbay::controller {
namespace {

std::optional<double> SuffixFactor(std::string_view suffix) {
  static constexpr std::array<std::pair<std::string_view, double>, 16> kFactors{{
      {"", 1}, {"n", 1e-9}, {"u", 1e-6}, {"m", 1e-3}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}, {"P", 1e15},
      {"E", 1e18}, {"Ki", 1024.0}, {"Mi", 1048576.0}, {"Gi", 1073741824.0}, {"Ti", 1099511627776.0},
      {"Pi", 1125899906842624.0}, {"Ei", 1152921504606846976.0}}};
  for (const auto& [name, factor] : kFactors)
    if (name == suffix) return factor;
  return std::nullopt;
}

std::optional<double> ReadAmount(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  const auto factor = SuffixFactor(text.substr(static_cast<std::size_t>(end - text.data())));
  if (!factor) return std::nullopt;
  return number * *factor;
}

}  // namespace

std::optional<std::int64_t> ParseQuantity(const Json& value, double unit) {
  std::optional<double> amount;
  if (value.is_string()) amount = ReadAmount(value.get_ref<const std::string&>());
  if (value.is_number()) amount = value.get<double>();
  if (!amount || !std::isfinite(*amount) || *amount < 0) return std::nullopt;
  const double scaled = std::ceil(*amount / unit - 1e-6);  // 0.1 / 1e-9 is a little above 1e8
  if (scaled > 9e18) return std::nullopt;
  return static_cast<std::int64_t>(scaled);
}

std::optional<int> ParseIntOrPercent(const Json& value, int whole, bool round_up) {
  if (value.is_number_integer()) return value.get<int>() < 0 ? std::nullopt : std::optional(value.get<int>());
  if (!value.is_string()) return std::nullopt;
  std::string_view text = value.get_ref<const std::string&>();
  const bool percent = !text.empty() && text.back() == '%';
  if (percent) text.remove_suffix(1);
  const auto number = ParseInt(text);
  if (!number || *number > 1'000'000) return std::nullopt;
  if (!percent) return static_cast<int>(*number);
  const long share = *number * whole;
  return static_cast<int>((share + (round_up ? 99 : 0)) / 100);
}

}  // namespace patchbay::controller
