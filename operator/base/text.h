// Small text work that every room needs. Pure functions; thread-safe.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

namespace text_detail {
inline void Append(std::string& out, std::string_view piece) { out.append(piece); }
inline void Append(std::string& out, const char* piece) { out.append(piece); }
inline void Append(std::string& out, const std::string& piece) { out.append(piece); }
inline void Append(std::string& out, char piece) { out.push_back(piece); }
inline void Append(std::string& out, bool piece) { out.append(piece ? "true" : "false"); }
template <std::integral T>
void Append(std::string& out, T piece) { out.append(std::to_string(piece)); }
template <std::floating_point T>
void Append(std::string& out, T piece) { out.append(std::to_string(piece)); }
}  // namespace text_detail

template <class... Pieces>
std::string StrCat(const Pieces&... pieces) {
  std::string out;
  (text_detail::Append(out, pieces), ...);
  return out;
}

std::vector<std::string> Split(std::string_view text, char separator);  // "" gives {""}
std::string Join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view Trim(std::string_view text);  // ASCII white space
std::string Lower(std::string_view text);      // ASCII
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

// A JSON string literal, quotes included; invalid UTF-8 becomes U+FFFD.
std::string QuoteJson(std::string_view text);
bool IsUtf8(std::string_view text);

std::string EncodeHex(std::string_view bytes);
std::string EncodeBase64(std::string_view bytes);
std::optional<std::string> DecodeBase64(std::string_view text);  // standard alphabet, padding required
// RFC 3986 percent-coding; '+' is left alone. Nothing on a bad escape.
std::string EncodeUrl(std::string_view text);
std::optional<std::string> DecodeUrl(std::string_view text);

// The whole text as a decimal number; nothing otherwise (sign, space, overflow included).
std::optional<long> ParseInt(std::string_view text);

// "postgres://u:secret@h/db?password=x" -> "postgres://u:***@h/db?password=***"; also "password=x" words.
std::string Redact(std::string_view text);

}  // namespace patchbay
