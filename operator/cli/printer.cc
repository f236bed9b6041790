#include "cli/printer.h"

#include "base/text.h"
#include "object/jsonpath.h"
#include "object/object.h"
#include "object/yaml.h"

namespace patchbay::cli {
namespace {

// Display columns of UTF-8 text: code points.
std::size_t Width(const std::string& text) {
  std::size_t width = 0;
  for (const char c : text)
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++width;
  return width;
}

std::string Upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

std::string LabelsText(const Json& object) {
  std::vector<std::string> pairs;
  for (const auto& [name, value] : LabelsOf(object)) pairs.push_back(StrCat(name, "=", value));
  return pairs.empty() ? "<none>" : Join(pairs, ",");
}

}  // namespace

Result<Output> ParseOutput(const std::string& format) {
  if (format.empty()) return Output{};
  if (format == "wide") return Output{OutputForm::kWide, ""};
  if (format == "yaml") return Output{OutputForm::kYaml, ""};
  if (format == "json") return Output{OutputForm::kJson, ""};
  if (format == "name") return Output{OutputForm::kName, ""};
  if (format.starts_with("jsonpath=")) return Output{OutputForm::kJsonPath, format.substr(9)};
  return Error{Code::kInvalid, StrCat("unknown output format \"", format,
                                      "\"; there are: wide, yaml, json, name, jsonpath=TEMPLATE")};
}

void TextTable::Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

void TextTable::Flush() {
  for (const auto& row : rows_) {
    if (widths_.size() < row.size()) widths_.resize(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], Width(row[i]));
  }
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths_[i] - Width(row[i]) + 3, ' ');
    }
    out_ << line << "\n";
  }
  out_.flush();
  rows_.clear();
}

TablePrinter::TablePrinter(std::ostream& out, const OutputFlags& flags, bool wide, bool with_namespace,
                           std::string name_prefix)
    : text_(out), flags_(flags), wide_(wide), with_namespace_(with_namespace), name_prefix_(std::move(name_prefix)) {}

void TablePrinter::Remember(const Json& columns) {
  std::vector<std::string> header;
  if (with_namespace_) header.emplace_back("NAMESPACE");
  shown_.clear();
  for (const Json& column : columns) {
    shown_.push_back(wide_ || FindInt(column, {"priority"}) == 0);
    if (shown_.back()) header.push_back(Upper(FindString(column, {"name"})));
  }
  if (flags_.show_labels) header.emplace_back("LABELS");
  if (!flags_.no_headers && !header_done_) text_.Add(std::move(header));
  header_done_ = true;
}

std::vector<std::string> TablePrinter::Cells(const Json& row) const {
  static const Json nothing = Json::object();
  const Json* object = Find(row, {"object"});
  if (object == nullptr) object = &nothing;
  std::vector<std::string> cells;
  if (with_namespace_) cells.push_back(NamespaceOf(*object));
  const Json* values = Find(row, {"cells"});
  for (std::size_t i = 0; values != nullptr && values->is_array() && i < values->size(); ++i) {
    if (i < shown_.size() && !shown_[i]) continue;
    cells.push_back(i == 0 ? name_prefix_ + CellText((*values)[i]) : CellText((*values)[i]));
  }
  if (flags_.show_labels) cells.push_back(LabelsText(*object));
  return cells;
}

void TablePrinter::Print(const Json& table) {
  if (const Json* columns = Find(table, {"columnDefinitions"}); columns != nullptr && columns->is_array() && !columns->empty())
    Remember(*columns);
  if (const Json* rows = Find(table, {"rows"}); rows != nullptr && rows->is_array())
    for (const Json& row : *rows) text_.Add(Cells(row));
  text_.Flush();
}

std::string CellText(const Json& cell) {
  if (cell.is_null()) return "<none>";
  if (cell.is_string()) {
    std::string text = cell.get<std::string>();
    for (char& c : text)
      if (c == '\n') c = ' ';
    return text.empty() ? "<none>" : text;
  }
  return DumpJson(cell);
}

std::string NameOfObject(const Kind& kind, const std::string& name) {
  return StrCat(kind.singular, kind.group.empty() ? "" : ".", kind.group, "/", name);
}

Json Presentable(Json object) {
  if (Json* metadata = Find(object, {"metadata"}); metadata != nullptr && metadata->is_object())
    metadata->erase("managedFields");
  return object;
}

Result<void> PrintObject(std::ostream& out, const Json& object, const Output& output) {
  switch (output.form) {
    case OutputForm::kYaml: out << DumpYaml(object); break;
    case OutputForm::kJson: out << DumpJsonPretty(object) << "\n"; break;
    case OutputForm::kJsonPath: {
      PATCHBAY_TRY(const auto path, JsonPath::ParseTemplate(output.expression));
      PATCHBAY_TRY(const auto text, path.Render(object));
      out << text;
      if (!text.empty() && text.back() != '\n') out << "\n";
      break;
    }
    default: return Error{Code::kInternal, "this form is not for single objects"};
  }
  out.flush();
  return {};
}

}  // namespace patchbay::cli
