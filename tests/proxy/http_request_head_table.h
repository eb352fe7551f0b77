// Request heads with the verdict they must get; used by the parser's test and by the front's, which
// sends each over a socket. Sources: RFC 9112 (message syntax), RFC 9110, sections 5 and 7.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace larder {

struct HeadRow {
  std::string name;
  std::string bytes;
  int status;  // 0: well formed
};

inline std::ostream& operator<<(std::ostream& out, const HeadRow& row) {
  return out << row.name;
}

// At least 100 rows. Names are unique CamelCase words.
std::vector<HeadRow> HeadRows();

}  // namespace larder
