#include "proxy/admin/query_parameters.h"

#include <algorithm>
#include <set>

#include "proxy/http/message.h"

namespace larder {

Status CheckParameters(std::string_view query, std::span<const std::string_view> names) {
  std::set<std::string> seen;
  while (!query.empty()) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), parameter.size() + 1));
    if (parameter.empty()) continue;
    const std::string name = PercentDecode(parameter.substr(0, parameter.find('=')), true);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return InvalidArgument("there is no such query parameter: " + name, name);
    }
    if (!seen.insert(name).second) {
      return InvalidArgument("the query parameter " + name + " occurs twice", name);
    }
  }
  return {};
}

}  // namespace larder
