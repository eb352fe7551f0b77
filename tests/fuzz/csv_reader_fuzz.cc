// Any file: the same records, lines and verdict however it is cut.

#include <cstdlib>

#include "app/csv_reader.h"

namespace {

struct Read {
  std::vector<std::vector<std::string>> records;
  std::vector<std::int64_t> lines;
  std::string problem;

  bool operator==(const Read&) const = default;
};

Read InPieces(std::string_view text, std::size_t piece) {
  larder::CsvReader reader(4096);
  Read read;
  std::vector<std::string> fields;
  while (true) {
    switch (reader.Next(fields)) {
      case larder::CsvReader::State::kRecord:
        read.records.push_back(fields);
        read.lines.push_back(reader.line());
        break;
      case larder::CsvReader::State::kMore:
        if (text.empty()) reader.End();
        reader.Feed(text.substr(0, piece));
        text.remove_prefix(std::min(piece, text.size()));
        break;
      case larder::CsvReader::State::kBroken:
        read.problem = reader.problem();
        return read;
      case larder::CsvReader::State::kEnd:
        return read;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Read whole = InPieces(text, size + 1);
  if (InPieces(text, 1) != whole || InPieces(text, 7) != whole) std::abort();
  return 0;
}
