#include "tests/support/request_rows.h"

namespace larder {

std::string HeadWith(const std::vector<std::string>& lines, std::string_view method) {
  std::string head = std::string(method) + " /v1/echo HTTP/1.1\r\nHost: x\r\n";
  for (const std::string& line : lines) head += line + "\r\n";
  return head + "\r\n";
}

std::string SmuggledInChunks() {
  return "2b\r\n" + std::string(kSmuggled) + "\r\n0\r\n\r\n";
}

std::string SmuggledBehindChunks() {
  return "0\r\n\r\n" + std::string(kSmuggled);
}

std::vector<RequestRow> RequestRows() {
  std::vector<RequestRow> rows;
  for (const auto& part : {LineRows(), FieldRows(), FramingRows(), ChunkRows()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

}  // namespace larder
