// An ApiStand and its clients, which are processes of their own (load.cc).
#pragma once

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "base/text.h"
#include "bench/api_stand.h"
#include "bench/raw_client.h"

namespace patchbay::bench {

// Another program of this folder, with its output as a pipe.
class Tool {
 public:
  explicit Tool(const std::string& command) : pipe_(popen(command.c_str(), "r")) {}
  ~Tool() { Finish(); }
  Tool(const Tool&) = delete;
  Tool& operator=(const Tool&) = delete;

  std::string Line() {
    char line[512];
    return std::fgets(line, sizeof line, pipe_) == nullptr ? "" : std::string(Trim(line));
  }
  std::string All() {
    std::string all;
    for (std::string line = Line(); !std::feof(pipe_); line = Line()) all += line + "\n";
    return all;
  }
  int Finish() { return pipe_ == nullptr ? 0 : pclose(std::exchange(pipe_, nullptr)); }

 private:
  FILE* pipe_;
};

class StandLoad {
 public:
  explicit StandLoad(ApiStand& stand)
      : stand_(stand), here_(std::filesystem::read_symlink("/proc/self/exe").parent_path().string()) {}

  std::string LoadCommand(const std::string& arguments) const { return StrCat(here_, "/bench_load ", arguments); }
  double Load(const std::string& arguments) const {
    Tool tool(LoadCommand(arguments));
    const std::string line = tool.Line();
    if (tool.Finish() != 0) Die("load " + arguments + " failed");
    return std::strtod(line.c_str(), nullptr);
  }
  // Of this process, so far: what the server took, its clients and Postgres not.
  static double CpuSeconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  }
  void MakeNamespace(const std::string& name) const {
    RawClient client(stand_.port());
    const int status = client.Ask(PostRequest("/api/v1/namespaces", StrCat(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":")", name, "\"}}")));
    if (status != 201) Die(StrCat("the namespace ", name, ": ", status, " ", client.ReadBody()));
  }
  const std::string& here() const { return here_; }

 protected:
  ApiStand& stand_;

 private:
  const std::string here_;
};

}  // namespace patchbay::bench
