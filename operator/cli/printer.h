// What the commands print: tables as the server makes them, or the objects in another form.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/flags.h"
#include "object/json.h"
#include "schema/kind.h"

namespace patchbay::cli {

enum class OutputForm { kTable, kWide, kYaml, kJson, kName, kJsonPath };

struct Output {
  OutputForm form = OutputForm::kTable;
  std::string expression;  // of jsonpath=
};
// kInvalid lists the forms there are.
Result<Output> ParseOutput(const std::string& format);

// Columns of text, aligned as kubectl does it (three spaces apart, nothing after the last). Widths only grow, so rows
// that come later (watch) stay in line.
class TextTable {
 public:
  explicit TextTable(std::ostream& out) : out_(out) {}
  void Add(std::vector<std::string> row);
  void Flush();

 private:
  std::ostream& out_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> widths_;
};

// A metav1.Table, or the rows of a watch event.
class TablePrinter {
 public:
  TablePrinter(std::ostream& out, const OutputFlags& flags, bool wide, bool with_namespace, std::string name_prefix);
  void Print(const Json& table);

 private:
  void Remember(const Json& columns);
  std::vector<std::string> Cells(const Json& row) const;
  TextTable text_;
  const OutputFlags& flags_;
  const bool wide_;
  const bool with_namespace_;
  const std::string name_prefix_;  // "plugin.patchbay.dev/" when several kinds are shown
  std::vector<bool> shown_;
  bool header_done_ = false;
};

std::string CellText(const Json& cell);  // null is <none>
// "plugin.patchbay.dev/echo", "secret/x".
std::string NameOfObject(const Kind& kind, const std::string& name);
// An object (or list) in the form; not for tables.
Result<void> PrintObject(std::ostream& out, const Json& object, const Output& output);
// The object without what only the server cares about (managedFields).
Json Presentable(Json object);

}  // namespace patchbay::cli
