#include "app/http_client.h"

#include <httplib.h>

#include <algorithm>
#include <optional>

// The library's class layout depends on these; without them every call corrupts memory.
#if !defined(CPPHTTPLIB_OPENSSL_SUPPORT) || !defined(CPPHTTPLIB_ZLIB_SUPPORT) || \
    !defined(CPPHTTPLIB_BROTLI_SUPPORT)
#error "build cpp-httplib's users with the flags of its pkg-config file"
#endif

namespace larder {
namespace {

// Of an answer that is kept whole beside a stream: an error object is far smaller.
constexpr std::size_t kMaxErrorBytes = 1 << 20;
// Of any other answer that is kept whole: a thousand vectors as text are a quarter of it.
constexpr std::size_t kMaxReplyBytes = 256U << 20;

Error NoAnswer(const std::string& server, httplib::Error error) {
  return Error{ErrorCode::kUnavailable, ErrorOrigin::kSelf,
               "no answer from " + server + " (" + httplib::to_string(error) +
                   "): is larder running there? Name another with --server http://HOST:PORT"};
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

Error Interrupted() {
  return Error{ErrorCode::kCancelled, ErrorOrigin::kSelf, "interrupted"};
}

void Prepare(httplib::Client& client, const std::string& server, const ClientRequest& request) {
  // On this machine nobody stands between, and a certificate seldom names the loopback address.
  if (IsLoopbackUrl(server)) client.enable_server_certificate_verification(false);
  client.set_url_encode(false);
  client.set_decompress(false);  // none was asked for: what comes compressed is a bomb, or broken
  client.set_connection_timeout(5);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(request.idle_timeout);
  const std::chrono::microseconds rest = request.idle_timeout - seconds;
  client.set_read_timeout(seconds.count(), rest.count());
  client.set_write_timeout(60);
}

httplib::Request RequestOf(const ClientRequest& request) {
  httplib::Request out;
  out.method = request.method;
  out.path = request.path;
  for (const auto& [name, value] : request.headers.fields()) out.headers.emplace(name, value);
  out.headers.emplace("Accept-Encoding", "identity");
  if (!request.body.empty()) {
    out.body = request.body;
    if (!request.headers.Has("content-type")) {
      out.headers.emplace("Content-Type", "application/json");
    }
  }
  return out;
}

void TakeHead(const httplib::Response& response, ClientReply& reply) {
  reply.status = response.status;
  for (const auto& [name, value] : response.headers) reply.headers.Add(name, value);
}

// Sends `prepared`; the answer, or nullopt when its receiver ended it.
Result<std::optional<httplib::Response>> Exchange(const std::string& server,
                                                  const ClientRequest& request,
                                                  const httplib::Request& prepared) {
  // The library writes both as they are, line ends too (CVE-2026-21428).
  for (const auto& [name, value] : prepared.headers) {
    if (!IsToken(name) || HasControl(value)) {
      return InvalidArgument("the value for the field " + name +
                             " has a line end or another control byte: check the token");
    }
  }
  if (HasControl(prepared.path) || prepared.path.find(' ') != std::string::npos) {
    return InvalidArgument("the path to ask for has a byte that must be percent-encoded");
  }
  httplib::Client client(server);
  if (!client.is_valid()) {
    return InvalidArgument("--server must be http://HOST:PORT, got " + server);
  }
  Prepare(client, server, request);
  std::optional<Interrupt::Listener> listener;
  if (request.interrupt != nullptr) {
    listener.emplace(*request.interrupt, [&client] { client.stop(); });
    if (request.interrupt->triggered()) return Interrupted();
  }
  httplib::Result result = client.send(prepared);
  listener.reset();
  if (result) return std::optional<httplib::Response>(std::move(*result));
  if (request.interrupt != nullptr && request.interrupt->triggered()) return Interrupted();
  if (result.error() == httplib::Error::Canceled) return std::optional<httplib::Response>();
  return NoAnswer(server, result.error());
}

}  // namespace

Result<ClientReply> CallServer(const std::string& server, const ClientRequest& request) {
  ClientReply reply;
  httplib::Request prepared = RequestOf(request);
  prepared.content_receiver = [&](const char* data, std::size_t size, std::uint64_t,
                                  std::uint64_t) {
    reply.body.append(data, size);
    return reply.body.size() <= kMaxReplyBytes;
  };
  LARDER_ASSIGN_OR_RETURN(const auto response, Exchange(server, request, prepared));
  if (!response) {
    return UpstreamError(ErrorCode::kTooLarge,
                         "the answer of " + server + " is too large to take in; ask for less");
  }
  TakeHead(*response, reply);
  return reply;
}

Result<ClientReply> CallServer(const std::string& server, const std::string& method,
                               const std::string& path, const Headers& headers,
                               const std::string& body) {
  return CallServer(server, ClientRequest{method, path, headers, body});
}

Result<ClientReply> StreamFromServer(const std::string& server, const ClientRequest& request,
                                     const std::function<bool(std::string_view)>& take,
                                     const std::function<void(const ClientReply&)>& begin) {
  ClientReply reply;
  httplib::Request prepared = RequestOf(request);
  prepared.response_handler = [&](const httplib::Response& response) {
    TakeHead(response, reply);
    if (begin) begin(reply);
    return true;
  };
  prepared.content_receiver = [&](const char* data, std::size_t size, std::uint64_t,
                                  std::uint64_t) {
    if (reply.status == 200) return take({data, size});
    reply.body.append(data, std::min(size, kMaxErrorBytes - reply.body.size()));
    return true;
  };
  auto ended = Exchange(server, request, prepared);
  if (ended.ok()) return reply;
  Error error = ended.error();
  if (error.code == ErrorCode::kUnavailable && reply.status != 0) {
    error.message = "the answer of " + server + " broke off; try again";
  }
  return error;
}

bool IsLoopbackUrl(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return false;
  std::string_view host = url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (host.find('@') != std::string_view::npos) return false;
  if (host.starts_with("[::1]")) return host.size() == 5 || host[5] == ':';
  host = host.substr(0, host.find(':'));
  if (host == "localhost") return true;
  // All digits and dots: "127.0.0.1.example.com" is somebody else's.
  return host.starts_with("127.") &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace larder
