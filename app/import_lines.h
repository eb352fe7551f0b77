// What an import sends, a line of JSON at a time and in constant memory: a file of JSON lines as it
// is, or the rows of a .npy file with their texts. Thread-safety: none; one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/line_reader.h"
#include "app/npy.h"

namespace larder {

class ImportLines {
 public:
  virtual ~ImportLines() = default;
  // The next line, without its end; nullopt at the end. Errors: kInvalidArgument; those of
  // ByteInput.
  virtual Result<std::optional<std::string>> Next() = 0;
  // Of the line that Next gave last: its number in the file, from 1 (a row's: from 0).
  virtual std::int64_t place() const = 0;
  virtual const char* place_name() const = 0;  // "line", "row"
  virtual const ByteInput& input() const = 0;
  // True when an export's last line was missing although it began as an export's.
  virtual bool cut_short() const { return false; }
};

// Empty lines, and an export's last one, are passed over.
class JsonImportLines final : public ImportLines {
 public:
  explicit JsonImportLines(std::unique_ptr<ByteInput> input) : input_(std::move(input)) {}
  Result<std::optional<std::string>> Next() override;
  std::int64_t place() const override { return lines_.line(); }
  const char* place_name() const override { return "line"; }
  const ByteInput& input() const override { return *input_; }
  bool cut_short() const override { return exported_ && !finished_; }

 private:
  const std::unique_ptr<ByteInput> input_;
  LineReader lines_;
  std::string piece_;
  bool ended_ = false;
  bool exported_ = false;  // a line has a key
  bool finished_ = false;
};

struct NpyImportOptions {
  // Which text each row is of, in order: `ids` has JSON lines with "text" (and "model"), as export
  // writes them; `texts` has lines of text. One of the two is set.
  std::string ids_path;
  std::string texts_path;
  std::string model;  // goes before that of the ids
  std::optional<int> dimensions;
};

// Each row as {"input","embedding","model"}: a vector of one's own. Rows of token inputs are passed
// over.
class NpyImportLines final : public ImportLines {
 public:
  // Errors: kInvalidArgument; those of ByteInput.
  static Result<std::unique_ptr<NpyImportLines>> Open(std::unique_ptr<ByteInput> vectors,
                                                      NpyImportOptions options,
                                                      const Interrupt* interrupt);
  Result<std::optional<std::string>> Next() override;
  std::int64_t place() const override { return row_; }
  const char* place_name() const override { return "row"; }
  const ByteInput& input() const override { return vectors_->input(); }

 private:
  NpyImportLines(std::unique_ptr<NpyReader> vectors, std::unique_ptr<ByteInput> texts,
                 NpyImportOptions options)
      : vectors_(std::move(vectors)), texts_(std::move(texts)), options_(std::move(options)) {}
  // nullopt for a row that has no text.
  Result<std::optional<std::string>> Line(std::string_view text_line);

  const std::unique_ptr<NpyReader> vectors_;
  const std::unique_ptr<ByteInput> texts_;
  const NpyImportOptions options_;
  LineReader lines_;
  std::string piece_;
  bool ended_ = false;
  std::int64_t row_ = -1;
  std::vector<float> vector_;
};

}  // namespace larder
