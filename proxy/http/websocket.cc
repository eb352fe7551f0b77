#include "proxy/http/websocket.h"

namespace larder {

bool AsksForWebsocket(const Request& request) {
  return request.method == "GET" && request.minor_version == 1 &&
         SwitchesToWebsocket(request.headers) && !request.headers.Has("transfer-encoding") &&
         request.headers.Find("content-length").value_or("0") == "0";
}

bool SwitchesToWebsocket(const Headers& headers) {
  return headers.ListsToken("connection", "upgrade") && headers.ListsToken("upgrade", "websocket");
}

}  // namespace larder
