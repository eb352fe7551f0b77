// TextSource: the texts of a file, one after another, in constant memory. Formats: "lines" (each
// line that is not empty), "jsonl" (a line is a string, or an object with the text in a member or
// with `input`: a string or an array of strings, as in a request), "csv" (RFC 4180, a header names
// the columns). Thread-safety: none; one thread at a time.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/byte_input.h"
#include "app/csv_reader.h"
#include "app/line_reader.h"

namespace larder {

struct TextFormat {
  std::string name;    // "lines", "jsonl", "csv"
  std::string member;  // of jsonl objects; empty: "text"
  std::string column;  // of csv; empty: "text" where there is such a column, else the only one
};

// By the name's end: .csv, .jsonl and .ndjson; anything else is lines.
std::string FormatOfPath(const std::string& path);

class TextSource {
 public:
  TextSource(std::unique_ptr<ByteInput> input, TextFormat format);

  // The next text, never an empty one; nullopt at the end. Errors: kInvalidArgument, naming the
  // line and what is wrong; those of ByteInput.
  Result<std::optional<std::string>> Next();

  // Texts that were passed over because they are empty.
  std::int64_t empty() const { return empty_; }
  const ByteInput& input() const { return *input_; }

 private:
  // One line or record more into ready_; false at the end.
  Result<bool> More();
  Result<bool> MoreLines();
  Result<bool> MoreRecords();
  Status TakeJson(std::string_view line);
  Status TakeHeader(const std::vector<std::string>& names);
  void Take(std::string_view text);
  Error Problem(const std::string& what) const;

  const std::unique_ptr<ByteInput> input_;
  const TextFormat format_;
  LineReader lines_;
  CsvReader records_;
  std::optional<std::size_t> column_;
  std::size_t columns_ = 0;
  std::vector<std::string> record_;
  std::string piece_;
  std::deque<std::string> ready_;
  std::int64_t empty_ = 0;
  bool ended_ = false;
};

}  // namespace larder
