// The table that `patchbay dev` shows until everything is Ready.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "cli/api_client.h"

namespace patchbay {

struct LiveRow {
  std::string object;   // "plugin/echo"
  std::string ready;    // "2/2", "yes", "no"
  std::string phase;    // or the reason of the Ready condition
  std::string message;  // why it is not ready
  bool is_ready = false;
};

// Every plugin, route and webhook of every namespace.
Result<std::vector<LiveRow>> ReadRows(cli::ApiClient& api);

// Draws over what it drew before on a terminal; prints changed rows elsewhere.
class LiveTable {
 public:
  LiveTable(std::ostream& out, bool terminal) : out_(out), terminal_(terminal) {}
  void Draw(const std::vector<LiveRow>& rows);

 private:
  std::ostream& out_;
  const bool terminal_;
  std::size_t lines_ = 0;
  std::vector<std::string> last_;
};

}  // namespace patchbay
