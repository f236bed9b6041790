// "registry:5000/team/app:1.2@sha256:..." taken apart, after the grammar of the distribution reference. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace patchbay::driver {

struct ImageReference {
  std::string domain;  // "docker.io" when none was written
  std::string path;    // "library/nginx" for "nginx"
  std::string tag;     // "" when there is a digest and no tag; "latest" when there is neither
  std::string digest;  // "sha256:...", or ""

  std::string Repository() const;  // "docker.io/library/nginx"
  std::string Version() const;     // what a pull asks for: the digest, else the tag
  // Two references with the same canonical form name the same image.
  std::string Canonical() const;
};

// kInvalid names the part that breaks a rule. An image id ("sha256:<64 hex>") is not a reference: see IsImageId.
Result<ImageReference> ParseImageReference(std::string_view text);
bool IsImageId(std::string_view text);

}  // namespace patchbay::driver
