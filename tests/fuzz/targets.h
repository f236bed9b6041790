// The targets, one file each.
#pragma once

#include <string_view>

namespace patchbay::fuzz {

void FuzzYaml(std::string_view input);
void FuzzJson(std::string_view input);
// "TARGET\n---\nPATCH", both JSON.
void FuzzPatch(std::string_view input);
// "LABEL SELECTOR\n---\nANOTHER\n---\nFIELD SELECTOR".
void FuzzSelectors(std::string_view input);
// "LIVE OBJECT\n---\nCONFIGURATION", in JSON or YAML; anything else is a list of choices that make both.
void FuzzApply(std::string_view input);
void FuzzProtobuf(std::string_view input);
// The first byte says how the rest is cut into what arrives together.
void FuzzHttp(std::string_view input);
// "TEMPLATE\n---\nOBJECT".
void FuzzJsonPath(std::string_view input);

}  // namespace patchbay::fuzz
