#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "base/text.h"
#include "driver/gateway/dns_answerer.h"
#include "harness/clock/fake_clock.h"

namespace patchbay::driver {
namespace {

using std::chrono::milliseconds;

std::string Question(const std::string& name, std::uint16_t type = kDnsTypeA, const std::string& rest = "") {
  std::string message = {'\x12', '\x34', '\x01', '\0', '\0', '\1', '\0', '\0', '\0', '\0', '\0', static_cast<char>(rest.empty() ? 0 : 1)};
  for (const auto& label : Split(name, '.')) {
    message += static_cast<char>(label.size());
    message += label;
  }
  message += '\0';
  message += static_cast<char>(type >> 8);
  message += static_cast<char>(type & 0xff);
  message += std::string("\0\1", 2);
  return message + rest;
}

int CodeOf(const std::string& answer) { return answer[3] & 0xf; }
int CountOf(const std::string& answer) { return static_cast<unsigned char>(answer[6]) * 256 + static_cast<unsigned char>(answer[7]); }
bool IsCut(const std::string& answer) { return (answer[2] & 2) != 0; }

TEST(DnsMessage, ReadsAQuestion) {
  const auto question = ReadDnsQuestion(Question("Web.Patchbay"));
  ASSERT_TRUE(question);
  EXPECT_EQ(question->id, 0x1234);
  EXPECT_EQ(question->name, "web.patchbay");
  EXPECT_EQ(question->type, kDnsTypeA);
  EXPECT_TRUE(question->recursion);
  EXPECT_EQ(question->most, 512u);
  EXPECT_EQ(question->problem, DnsCode::kOk);
}

TEST(DnsMessage, TakesTheSizeThatTheAskerCanTake) {
  const std::string opt("\0\0\x29\x04\xd0\0\0\0\0\0\0", 11);
  const auto question = ReadDnsQuestion(Question("web.patchbay", kDnsTypeA, opt));
  ASSERT_TRUE(question);
  EXPECT_EQ(question->most, 1232u);
  EXPECT_TRUE(question->edns);
}

TEST(DnsMessage, SaysWhatIsWrongWithEveryCutQuestionAndReadsNothingBeyondIt) {
  const std::string whole = Question("web.patchbay");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto question = ReadDnsQuestion(std::string(whole.substr(0, size)));
    EXPECT_EQ(question.has_value(), size >= 12) << size;
    if (question) {
      EXPECT_EQ(question->problem, DnsCode::kFormatError) << size;
    }
  }
}

TEST(DnsMessage, AnswersNoAnswer) {
  std::string answer = Question("web.patchbay");
  answer[2] = static_cast<char>(0x80);
  EXPECT_FALSE(ReadDnsQuestion(answer));
}

TEST(DnsMessage, CutsWhatIsTooLong) {
  const auto question = ReadDnsQuestion(Question("web.patchbay"));
  const std::vector<std::string> many(40, "10.0.0.1");
  const std::string cut = PrintDnsAnswer(*question, DnsCode::kOk, many, 512);
  EXPECT_TRUE(IsCut(cut));
  EXPECT_EQ(CountOf(cut), 0);
  const std::string whole = PrintDnsAnswer(*question, DnsCode::kOk, many, 65'535);
  EXPECT_FALSE(IsCut(whole));
  EXPECT_EQ(CountOf(whole), 40);
}

class DnsAnswererTest : public testing::Test {
 protected:
  DnsAnswererTest() {
    auto made = DnsAnswerer::Listen("127.0.0.1", 0, clock_);
    EXPECT_TRUE(made.ok()) << made.error().message;
    answerer_ = *std::move(made);
  }
  std::string Ask(const std::string& name) { return answerer_->Answer(Question(name), true); }

  FakeClock clock_;
  std::unique_ptr<DnsAnswerer> answerer_;
};

TEST_F(DnsAnswererTest, AnswersForItsOwnNamesAlone) {
  answerer_->Set({{"web.patchbay", {"10.0.0.1", "10.0.0.2"}}, {"none.patchbay", {}}});
  EXPECT_EQ(CountOf(Ask("web.patchbay")), 2);
  EXPECT_EQ(CodeOf(Ask("none.patchbay")), 0);
  EXPECT_EQ(CountOf(Ask("none.patchbay")), 0);
  EXPECT_EQ(CodeOf(Ask("example.org")), static_cast<int>(DnsCode::kRefused));
  EXPECT_EQ(CountOf(answerer_->Answer(Question("web.patchbay", 28), true)), 0);
}

TEST_F(DnsAnswererTest, IsCurrentAtOnceForNamesThatNobodyAskedFor) {
  answerer_->Set({{"web.patchbay", {"10.0.0.1"}}});
  answerer_->Set({{"web.patchbay", {"10.0.0.2"}}});
  EXPECT_TRUE(answerer_->WaitUntilCurrent(milliseconds(250)));
}

TEST_F(DnsAnswererTest, IsCurrentOnceItWasAskedAgain) {
  answerer_->Set({{"web.patchbay", {"10.0.0.1"}}});
  Ask("web.patchbay");
  answerer_->Set({{"web.patchbay", {"10.0.0.2"}}});
  std::atomic<bool> current = false;
  std::jthread waiter([&] {
    EXPECT_TRUE(answerer_->WaitUntilCurrent(milliseconds(250)));
    EXPECT_TRUE(current);
  });
  answerer_->Set({{"web.patchbay", {"10.0.0.3"}}});  // still outdated
  current = true;
  Ask("web.patchbay");
}

TEST_F(DnsAnswererTest, IsCurrentOnceTheLastOutdatedAnswerIsTooOldToBeUsed) {
  answerer_->Set({{"web.patchbay", {"10.0.0.1"}}});
  Ask("web.patchbay");
  answerer_->Set({{"web.patchbay", {"10.0.0.2"}}});
  clock_.Advance(milliseconds(1'000));
  EXPECT_TRUE(answerer_->WaitUntilCurrent(milliseconds(250)));
}

TEST_F(DnsAnswererTest, AnswersByTcpWhatIsTooLongForADatagram) {
  answerer_->Set({{"web.patchbay", std::vector<std::string>(100, "10.0.0.1")}});
  EXPECT_TRUE(IsCut(Ask("web.patchbay")));
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const std::string address = answerer_->address();
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<std::uint16_t>(*ParseInt(address.substr(address.rfind(':') + 1))));
  ASSERT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  const std::string question = Question("web.patchbay");
  const std::string framed = std::string(1, '\0') + static_cast<char>(question.size()) + question;
  // In two pieces, as a network may bring it.
  ASSERT_EQ(send(fd, framed.data(), 5, 0), 5);
  ASSERT_EQ(send(fd, framed.data() + 5, framed.size() - 5, 0), static_cast<ssize_t>(framed.size() - 5));
  std::string got(2 + 12 + question.size() - 12 + 1'600, '\0');
  ASSERT_EQ(recv(fd, got.data(), got.size(), MSG_WAITALL), static_cast<ssize_t>(got.size()));
  EXPECT_EQ(CountOf(got.substr(2)), 100);
  close(fd);
}

TEST(DnsAnswerer, SaysWhyItCannotListen) {
  FakeClock clock;
  EXPECT_EQ(DnsAnswerer::Listen("example.org", 0, clock).error().code, Code::kInvalid);
  const auto first = DnsAnswerer::Listen("127.0.0.1", 0, clock);
  const std::string address = (*first)->address();
  const auto port = static_cast<int>(*ParseInt(address.substr(address.rfind(':') + 1)));
  const auto second = DnsAnswerer::Listen("127.0.0.1", port, clock);
  EXPECT_EQ(second.error().code, Code::kUnavailable);
  EXPECT_THAT(second.error().message, testing::HasSubstr(address));
}

}  // namespace
}  // namespace patchbay::driver
