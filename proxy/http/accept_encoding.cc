#include "proxy/http/accept_encoding.h"

#include <algorithm>
#include <string>

namespace larder {
namespace {

// "q=0", "q=0.000": the coding is refused.
bool IsRefused(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::size_t end = std::min(parameters.find(';'), parameters.size());
    const std::string_view one = TrimOws(parameters.substr(0, end));
    if (EqualsIgnoreCase(one.substr(0, 2), "q=")) {
      return one.substr(2).find_first_not_of("0.") == std::string_view::npos;
    }
    parameters.remove_prefix(std::min(parameters.size(), end + 1));
  }
  return false;
}

}  // namespace

bool AcceptsGzip(const Headers& headers) {
  const std::string joined = headers.Joined("accept-encoding");
  std::string_view rest = joined;
  bool any = false;
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    const std::size_t parameters = std::min(item.find(';'), item.size());
    const std::string_view coding = TrimOws(item.substr(0, parameters));
    const bool refused = IsRefused(item.substr(std::min(parameters + 1, item.size())));
    if (EqualsIgnoreCase(coding, "gzip")) return !refused;
    if (coding == "*") any = !refused;
  }
  return any;
}

}  // namespace larder
