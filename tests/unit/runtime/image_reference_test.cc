#include "driver/runtime/image_reference.h"

#include <gtest/gtest.h>

namespace patchbay::driver {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

struct Row {
  std::string text;
  std::string repository;
  std::string version;
};

TEST(ImageReference, TakesEveryFormApart) {
  for (const Row& row : std::vector<Row>{
           {"nginx", "docker.io/library/nginx", "latest"},
           {"nginx:1.25", "docker.io/library/nginx", "1.25"},
           {"team/app", "docker.io/team/app", "latest"},
           {"docker.io/nginx", "docker.io/library/nginx", "latest"},
           {"index.docker.io/a/b", "docker.io/a/b", "latest"},
           {"localhost/app:dev", "localhost/app", "dev"},
           {"registry:5000/app", "registry:5000/app", "latest"},
           {"registry:5000/team/app:1.2@" + kDigest, "registry:5000/team/app", kDigest},
           {"ghcr.io/a/b/c@" + kDigest, "ghcr.io/a/b/c", kDigest},
           {"127.0.0.1:1/none:1", "127.0.0.1:1/none", "1"},
           {"a__b-c/d.e---f:T_1", "docker.io/a__b-c/d.e---f", "T_1"},
       }) {
    const auto reference = ParseImageReference(row.text);
    ASSERT_TRUE(reference.ok()) << row.text << ": " << reference.error().message;
    EXPECT_EQ(reference->Repository(), row.repository) << row.text;
    EXPECT_EQ(reference->Version(), row.version) << row.text;
  }
}

TEST(ImageReference, OneImageHasOneCanonicalForm) {
  EXPECT_EQ(ParseImageReference("nginx")->Canonical(),
            ParseImageReference("docker.io/library/nginx:latest")->Canonical());
  EXPECT_NE(ParseImageReference("nginx")->Canonical(), ParseImageReference("nginx:1")->Canonical());
  EXPECT_EQ(ParseImageReference("nginx:1@" + kDigest)->Canonical(),
            ParseImageReference("nginx@" + kDigest)->Canonical());
}

TEST(ImageReference, RefusesWhatBreaksTheGrammar) {
  for (const std::string text : {"", ":", "a:", "a:b:c", "UPPER/case:x y", "Nginx", "-a", "a-", "a..b", "a___b", "a//b",
                                 "a/", "/a", "a@sha256:xyz", "a@sha256:12", "a b", "a:-tag", "https://x/y", "a?b"}) {
    const auto reference = ParseImageReference(text);
    EXPECT_FALSE(reference.ok()) << text;
  }
  EXPECT_FALSE(ParseImageReference("a:" + std::string(129, 't')).ok());
  EXPECT_FALSE(ParseImageReference(std::string(300, 'a')).ok());
}

TEST(ImageReference, KnowsImageIds) {
  EXPECT_TRUE(IsImageId(kDigest));
  EXPECT_TRUE(IsImageId(std::string(64, '0')));
  EXPECT_FALSE(IsImageId("nginx"));
  EXPECT_FALSE(IsImageId(std::string(64, 'g')));
}

}  // namespace
}  // namespace patchbay::driver
