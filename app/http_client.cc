#include "app/http_client.h"

#include <httplib.h>

// The library's class layout depends on these; without them every call corrupts memory.
#if !defined(CPPHTTPLIB_OPENSSL_SUPPORT) || !defined(CPPHTTPLIB_ZLIB_SUPPORT) || \
    !defined(CPPHTTPLIB_BROTLI_SUPPORT)
#error "build cpp-httplib's users with the flags of its pkg-config file"
#endif

namespace larder {
namespace {

bool IsLoopback(const std::string& server) {
  const std::size_t host = server.find("://");
  if (host == std::string::npos) return false;
  const std::string_view rest = std::string_view(server).substr(host + 3);
  return rest.starts_with("127.") || rest.starts_with("[::1]") || rest.starts_with("localhost");
}

}  // namespace

Result<ClientReply> CallServer(const std::string& server, const std::string& method,
                               const std::string& path, const Headers& headers,
                               const std::string& body) {
  httplib::Client client(server);
  if (!client.is_valid()) {
    return InvalidArgument("--server must be http://HOST:PORT, got " + server);
  }
  // On this machine nobody stands between, and a certificate seldom names the loopback address.
  if (IsLoopback(server)) client.enable_server_certificate_verification(false);
  client.set_connection_timeout(5);
  client.set_read_timeout(60);
  httplib::Request request;
  request.method = method;
  request.path = path;
  for (const auto& [name, value] : headers.fields()) request.headers.emplace(name, value);
  if (!body.empty()) {
    request.body = body;
    if (!headers.Has("content-type")) request.headers.emplace("Content-Type", "application/json");
  }
  const httplib::Result result = client.send(request);
  if (!result) {
    return Error{ErrorCode::kUnavailable, ErrorOrigin::kSelf,
                 "no answer from " + server + " (" + httplib::to_string(result.error()) +
                     "): is larder running there? Name another with --server http://HOST:PORT"};
  }
  ClientReply reply;
  reply.status = result->status;
  reply.body = result->body;
  for (const auto& [name, value] : result->headers) reply.headers.Add(name, value);
  return reply;
}

}  // namespace larder
