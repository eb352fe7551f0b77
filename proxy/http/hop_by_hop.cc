#include "proxy/http/hop_by_hop.h"

namespace larder {

void RemoveHopByHop(Headers& headers) {
  std::vector<std::string> listed;
  const std::string connection = headers.Joined("connection");
  std::string_view rest = connection;
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    listed.emplace_back(TrimOws(item));
  }
  for (const std::string_view name :
       {"connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization",
        "te", "trailer", "transfer-encoding", "upgrade"}) {
    headers.Remove(name);
  }
  for (const std::string& name : listed) headers.Remove(name);
}

}  // namespace larder
