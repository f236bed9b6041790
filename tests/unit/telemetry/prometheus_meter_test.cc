#include "telemetry/prometheus_meter.h"

#include <cstdio>
#include <fstream>

#include "base/text.h"
#include "telemetry/own_process.h"

namespace patchbay::telemetry {
namespace {

using testing::HasSubstr;
using testing::Not;

// What promtool has to say; empty when it is content.
std::string Lint(const std::string& text) {
  const std::string path = testing::TempDir() + "patchbay_metrics.txt";
  std::ofstream(path, std::ios::binary) << text;
  FILE* tool = popen(StrCat("promtool check metrics < '", path, "' 2>&1").c_str(), "r");
  std::string said;
  for (int c = fgetc(tool); c != EOF; c = fgetc(tool)) said += static_cast<char>(c);
  const int status = pclose(tool);
  return status == 0 && said.empty() ? "" : StrCat("status ", status, ": ", said);
}

TEST(PrometheusMeter, ShowsWhatWasCounted) {
  PrometheusMeter meter;
  meter.AddCounter("patchbay_test_things_total", "Things.", {{"kind", "a\"b\\c\nd"}}).Add(2);
  meter.AddGauge("patchbay_test_depth", "How deep.").Set(3.5);
  meter.AddHistogram("patchbay_test_seconds", "How long.", {}, {0.1, 1}).Observe(0.5);
  const std::string text = meter.Exposition();
  EXPECT_THAT(text, HasSubstr("patchbay_test_things_total{kind=\"a\\\"b\\\\c\\nd\"} 2"));
  EXPECT_THAT(text, HasSubstr("patchbay_test_depth 3.5"));
  EXPECT_THAT(text, HasSubstr("patchbay_test_seconds_bucket{le=\"1\"} 1"));
  EXPECT_THAT(text, HasSubstr("patchbay_test_seconds_count 1"));
}

TEST(PrometheusMeter, GivesTheSameObjectForTheSameNameAndLabels) {
  PrometheusMeter meter;
  Counter& a = meter.AddCounter("patchbay_test_a_total", "A.", {{"x", "1"}});
  EXPECT_EQ(&a, &meter.AddCounter("patchbay_test_a_total", "A.", {{"x", "1"}}));
  EXPECT_EQ(&a, &meter.AddCounter("patchbay_test_a_total", "Another help.", {{"x", "1"}}));
  EXPECT_NE(&a, &meter.AddCounter("patchbay_test_a_total", "Another help.", {{"x", "2"}}));
}

TEST(PrometheusMeter, KeepsAHelpOnItsLine) {
  PrometheusMeter meter;
  meter.AddGauge("patchbay_test_depth", "How\ndeep \\ it is.").Set(1);
  EXPECT_THAT(meter.Exposition(), HasSubstr("# HELP patchbay_test_depth How\\ndeep \\\\ it is.\n"));
  EXPECT_EQ(Lint(meter.Exposition()), "");
}

TEST(PrometheusMeter, NeverThrowsOverAName) {
  PrometheusMeter meter;
  meter.AddGauge("patchbay_test_depth", "How deep.").Set(1);
  meter.AddCounter("patchbay_test_depth", "Another type.").Add();
  meter.AddGauge("not a name", "Bad.").Set(1);
  meter.AddGauge("patchbay_test_label", "Bad.", {{"not a label", "x"}}).Set(1);
  EXPECT_THAT(meter.Exposition(), HasSubstr("patchbay_test_depth 1"));
  EXPECT_THAT(meter.Exposition(), Not(HasSubstr("not a")));
}

TEST(PrometheusMeter, AsksCollectorsAtEachScrape) {
  PrometheusMeter meter;
  double level = 0;
  meter.OnScrape([&] { ++level; });
  meter.AddCollector([&] {
    return std::vector<Reading>{{.name = "patchbay_test_level", .help = "The level.", .values = {{{{"k", "v"}}, level}}},
                                {.name = "patchbay_test_nothing", .help = "None.", .values = {}}};
  });
  EXPECT_THAT(meter.Exposition(), HasSubstr("patchbay_test_level{k=\"v\"} 1"));
  EXPECT_THAT(meter.Exposition(), HasSubstr("patchbay_test_level{k=\"v\"} 2"));
  EXPECT_THAT(meter.Exposition(), Not(HasSubstr("nothing")));
}

TEST(PrometheusMeter, CountsFromManyThreads) {
  PrometheusMeter meter;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i)
          meter.AddCounter("patchbay_test_a_total", "A.", {{"x", StrCat(i % 5)}}).Add();
        (void)meter.Exposition();
      });
  }
  EXPECT_THAT(meter.Exposition(), HasSubstr("patchbay_test_a_total{x=\"3\"} 400"));
}

TEST(OwnProcess, IsToldAndPassesPromtool) {
  PrometheusMeter meter;
  AddBuild(meter, "1.2.3");
  meter.AddCollector(OwnProcess());
  const std::string text = meter.Exposition();
  EXPECT_THAT(text, HasSubstr("patchbay_build_info{"));
  EXPECT_THAT(text, HasSubstr("version=\"1.2.3\""));
  for (const char* name : {"process_resident_memory_bytes ", "process_cpu_seconds_total ", "process_open_fds ",
                           "process_max_fds ", "process_start_time_seconds "})
    EXPECT_THAT(text, HasSubstr(StrCat("\n", name)));
  EXPECT_EQ(Lint(text), "");
}

TEST(OwnProcess, KnowsWhenItStarted) {
  for (const Reading& reading : OwnProcess()()) {
    if (reading.name != "process_start_time_seconds") continue;
    const double now = std::chrono::duration<double>(SystemClock().Wall().time_since_epoch()).count();
    EXPECT_LE(reading.values[0].second, now + 2);
    EXPECT_GE(reading.values[0].second, now - 3600);
    return;
  }
  FAIL() << "no start time";
}

}  // namespace
}  // namespace patchbay::telemetry
