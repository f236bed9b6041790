#include "driver/runtime/log_frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace patchbay::driver {
namespace {

using testing::ElementsAre;

std::string Frame(char stream, const std::string& payload) {
  std::string frame{stream, 0, 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8) frame.push_back(static_cast<char>(payload.size() >> shift));
  return frame + payload;
}

struct Read {
  std::vector<std::string> lines;  // "out:..." or "err:..."
  bool fed = true;
  bool broken = false;
};

Read ReadPieces(const std::vector<std::string>& pieces, bool terminal = false) {
  Read read;
  LogFrames frames(terminal, [&](bool to_stderr, std::string_view line) {
    read.lines.push_back((to_stderr ? "err:" : "out:") + std::string(line));
    return true;
  });
  for (const auto& piece : pieces) read.fed = read.fed && frames.Feed(piece);
  frames.Finish();
  read.broken = frames.broken();
  return read;
}

TEST(LogFrames, TellsLinesOfBothStreamsWhereverTheStreamIsCut) {
  const std::string bytes =
      Frame(1, "one\ntw") + Frame(2, "oops\r\n") + Frame(1, "o\n\n") + Frame(1, "") + Frame(2, "end");
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut)
    EXPECT_THAT(ReadPieces({bytes.substr(0, cut), bytes.substr(cut)}).lines,
                ElementsAre("out:one", "err:oops", "out:two", "out:", "err:end"))
        << cut;
  std::vector<std::string> bytewise;
  for (const char byte : bytes) bytewise.emplace_back(1, byte);
  EXPECT_EQ(ReadPieces(bytewise).lines.size(), 5u);
}

TEST(LogFrames, ATerminalHasNoFrames) {
  EXPECT_THAT(ReadPieces({"one\r\nt", "wo"}, true).lines, ElementsAre("out:one", "out:two"));
}

TEST(LogFrames, BytesThatAreNoFramesBreakIt) {
  const Read read = ReadPieces({"HTTP nonsense"});
  EXPECT_FALSE(read.fed);
  EXPECT_TRUE(read.broken);
  EXPECT_TRUE(read.lines.empty());
}

TEST(LogFrames, EndsWhenTheReaderHasEnough) {
  int lines = 0;
  LogFrames frames(false, [&](bool, std::string_view) { return ++lines < 2; });
  EXPECT_FALSE(frames.Feed(Frame(1, "a\nb\nc\n")));
  EXPECT_EQ(lines, 2);
  EXPECT_FALSE(frames.broken());
}

TEST(LineSplitter, CutsLinesThatAreTooLong) {
  LineSplitter lines(4);
  std::vector<std::string> told;
  const auto tell = [&](std::string_view line) {
    told.emplace_back(line);
    return true;
  };
  EXPECT_TRUE(lines.Feed("abcdefgh", tell));
  EXPECT_TRUE(lines.Feed("i\n", tell));
  EXPECT_THAT(told, ElementsAre("abcdefgh", "i"));
}

}  // namespace
}  // namespace patchbay::driver
