#include "proxy/access/limited_path.h"

#include "proxy/http/message.h"

namespace larder {

std::string LimitedPath(std::string_view path) {
  const bool plain = path.find('%') == path.npos && path.find("//") == path.npos &&
                     (path.size() < 2 || !path.ends_with('/'));
  if (plain) return std::string(path);
  std::string spelled;
  for (const char c : PercentDecode(path)) {
    if (c != '/' || !spelled.ends_with('/')) spelled += c;
  }
  if (spelled.size() > 1 && spelled.ends_with('/')) spelled.pop_back();
  return spelled;
}

}  // namespace larder
