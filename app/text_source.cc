#include "app/text_source.h"

#include "proxy/json/json.h"

namespace larder {

std::string FormatOfPath(const std::string& path) {
  if (path.ends_with(".csv")) return "csv";
  if (path.ends_with(".jsonl") || path.ends_with(".ndjson")) return "jsonl";
  return "lines";
}

TextSource::TextSource(std::unique_ptr<ByteInput> input, TextFormat format)
    : input_(std::move(input)), format_(std::move(format)) {}

Result<std::optional<std::string>> TextSource::Next() {
  while (ready_.empty()) {
    LARDER_ASSIGN_OR_RETURN(const bool more, More());
    if (!more) return std::optional<std::string>();
  }
  std::optional<std::string> text = std::move(ready_.front());
  ready_.pop_front();
  return text;
}

Result<bool> TextSource::More() {
  while (true) {
    LARDER_ASSIGN_OR_RETURN(const bool taken, format_.name == "csv" ? MoreRecords() : MoreLines());
    if (taken) return true;
    if (ended_) return false;
    piece_.clear();
    LARDER_ASSIGN_OR_RETURN(const bool read, input_->Read(piece_));
    lines_.Feed(format_.name == "csv" ? std::string_view() : piece_);
    if (format_.name == "csv") records_.Feed(piece_);
    if (!read) {
      ended_ = true;
      lines_.End();
      records_.End();
    }
  }
}

Result<bool> TextSource::MoreLines() {
  const auto line = lines_.Next();
  if (!line) {
    if (!lines_.too_long()) return false;
    return InvalidArgument("line " + std::to_string(lines_.line() + 1) +
                           " is too long; is it the right --format?");
  }
  if (format_.name == "jsonl") {
    if (!line->empty()) LARDER_RETURN_IF_ERROR(TakeJson(*line));
  } else if (!line->empty()) {
    Take(*line);
  }
  return true;
}

Result<bool> TextSource::MoreRecords() {
  switch (records_.Next(record_)) {
    case CsvReader::State::kMore:
    case CsvReader::State::kEnd:
      return false;
    case CsvReader::State::kBroken:
      return InvalidArgument(records_.problem());
    case CsvReader::State::kRecord:
      break;
  }
  if (!column_) {
    LARDER_RETURN_IF_ERROR(TakeHeader(record_));
    return true;
  }
  if (record_.size() != columns_) {
    return Problem("has " + std::to_string(record_.size()) + " fields where the header has " +
                   std::to_string(columns_));
  }
  Take(record_[*column_]);
  return true;
}

Status TextSource::TakeHeader(const std::vector<std::string>& names) {
  std::string list;
  const std::string wanted = format_.column.empty() ? "text" : format_.column;
  for (std::size_t at = 0; at < names.size(); ++at) {
    if (names[at] == wanted && !column_) column_ = at;
    list += (at == 0 ? "" : ", ") + names[at];
  }
  if (!column_ && format_.column.empty() && names.size() == 1) column_ = 0;
  columns_ = names.size();
  if (column_) return {};
  return InvalidArgument("the header has no column " + wanted +
                         "; name one with --column: " + list);
}

Status TextSource::TakeJson(std::string_view line) {
  const auto document = JsonDocument::Parse(line);
  if (!document.ok()) return Problem("is not JSON; is it the right --format?");
  const JsonElement root = document->root();
  if (std::string_view text; root.get(text) == simdjson::SUCCESS) {
    Take(text);
    return {};
  }
  const std::string member = format_.member.empty() ? "text" : format_.member;
  auto value = Member(root, member);
  if (!value && format_.member.empty()) value = Member(root, "input");
  if (!value) {
    return Problem("is neither a string nor an object with " + member +
                   (format_.member.empty() ? " or input" : "") + "; name the member with --field");
  }
  if (std::string_view text; value->get(text) == simdjson::SUCCESS) {
    Take(text);
    return {};
  }
  JsonArray texts;
  if (value->get(texts) != simdjson::SUCCESS)
    return Problem("must hold a string or an array of strings");
  for (const JsonElement element : texts) {
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS)
      return Problem("must hold strings; token arrays are not read");
    Take(text);
  }
  return {};
}

void TextSource::Take(std::string_view text) {
  if (text.empty()) {
    ++empty_;
  } else {
    ready_.emplace_back(text);
  }
}

Error TextSource::Problem(const std::string& what) const {
  const std::int64_t line = format_.name == "csv" ? records_.line() : lines_.line();
  return InvalidArgument("line " + std::to_string(line) + " " + what);
}

}  // namespace larder
