#include "api/compress.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "world.h"

namespace patchbay::api {
namespace {

constexpr const char* kMapsPath = "/api/v1/namespaces/default/configmaps";

std::string Unpack(const std::string& packed) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string out(4 * 1024 * 1024, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return status == Z_STREAM_END ? out : "broken";
}

void Fill(World& world, int count) {
  for (int i = 0; i < count; ++i) {
    world.Post(kMapsPath, {{"apiVersion", "v1"},
                           {"kind", "ConfigMap"},
                           {"metadata", {{"name", "c" + std::to_string(i)}}},
                           {"data", {{"k", std::string(50'000, 'x')}}}});
  }
}

TEST(Compress, PacksLargeListsForWhoTakesIt) {
  World world;
  Fill(world, 4);
  const Reply plain = world.Call("GET", kMapsPath);
  const Reply packed = world.Call("GET", kMapsPath, "", {{"Accept-Encoding", "deflate, gzip;q=0.5"}});
  EXPECT_EQ(packed.headers.Get("Content-Encoding"), "gzip");
  EXPECT_LT(packed.text.size(), plain.text.size() / 10);
  EXPECT_EQ(Unpack(packed.text), plain.text);
  EXPECT_FALSE(plain.headers.Has("Content-Encoding"));
  EXPECT_EQ(plain.headers.Get("Vary"), "Accept-Encoding");
  EXPECT_FALSE(world.Call("GET", kMapsPath, "", {{"Accept-Encoding", "gzip;q=0"}}).headers.Has("Content-Encoding"));
}

TEST(Compress, LeavesSmallAnswersAndWatchesAlone) {
  World world;
  Fill(world, 1);
  EXPECT_FALSE(world.Call("GET", kMapsPath, "", {{"Accept-Encoding", "gzip"}}).headers.Has("Content-Encoding"));
  Fill(world, 5);
  const Reply watch = world.Call("GET", std::string(kMapsPath) + "?watch=true", "", {{"Accept-Encoding", "gzip"}});
  ASSERT_TRUE(watch.stream);
  EXPECT_FALSE(watch.headers.Has("Content-Encoding"));
  EXPECT_EQ(watch.stream->Await(5).size(), 5u);
}

}  // namespace
}  // namespace patchbay::api
