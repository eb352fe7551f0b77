// Where an export goes: JSON lines as the server sends them, or a matrix for NumPy with a file that
// says what each row is. Thread-safety: none; one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "app/output_file.h"

namespace larder {

class ExportSink {
 public:
  virtual ~ExportSink() = default;
  // One entry, as the server sent it. Errors: kIo; kInvalidArgument: it cannot be kept so.
  virtual Status Take(std::string_view line) = 0;
  // The export is whole; `last` is the line that said so.
  virtual Status Finish(std::string_view last) = 0;

  std::int64_t kept() const { return kept_; }
  std::int64_t left_out() const { return left_out_; }  // of other dimensions than those asked for

 protected:
  std::int64_t kept_ = 0;
  std::int64_t left_out_ = 0;
};

// Every line as it is, the last one too: it tells an import that nothing is missing. With
// `dimensions`, embeddings of others are left out.
class JsonLinesSink final : public ExportSink {
 public:
  JsonLinesSink(std::unique_ptr<OutputFile> file, std::optional<int> dimensions)
      : file_(std::move(file)), dimensions_(dimensions) {}
  Status Take(std::string_view line) override;
  Status Finish(std::string_view last) override;

 private:
  const std::unique_ptr<OutputFile> file_;
  const std::optional<int> dimensions_;
};

// `path` as .npy (float32, a row an entry), and beside it IdsPathOf(path): a JSON line a row with
// its key, text, model, partition, namespace and upstream.
class NpySink final : public ExportSink {
 public:
  // Errors: kIo.
  static Result<std::unique_ptr<NpySink>> Create(const std::string& path,
                                                 std::optional<int> dimensions);
  Status Take(std::string_view line) override;
  Status Finish(std::string_view last) override;

  const std::set<std::string>& models() const { return models_; }

 private:
  NpySink(std::unique_ptr<OutputFile> vectors, std::unique_ptr<OutputFile> ids,
          std::optional<int> dimensions)
      : vectors_(std::move(vectors)), ids_(std::move(ids)), dimensions_(dimensions) {}

  const std::unique_ptr<OutputFile> vectors_;
  const std::unique_ptr<OutputFile> ids_;
  const std::optional<int> dimensions_;
  std::int64_t columns_ = 0;      // 0: no row yet
  std::set<std::string> models_;  // the first few
};

// "a.ids.jsonl" of "a.npy".
std::string IdsPathOf(const std::string& npy_path);

}  // namespace larder
