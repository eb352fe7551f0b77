#include "proxy/upstream/request_render.h"

#include <charconv>

namespace larder {
namespace {

constexpr std::string_view kScheme = "http://";

bool HasControlByte(std::string_view text, bool tab_is_one) {
  bool found = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    found |= (byte < 0x20 && (tab_is_one || byte != '\t')) || byte == 0x7f;
  }
  return found;
}

// Host and port of an authority; false when it is none.
bool SplitAuthority(RenderedRequest& rendered) {
  std::string_view host = rendered.authority;
  std::string_view port;
  if (const std::size_t colon = host.rfind(':');
      colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || host.find_first_of("@[]\\") != std::string_view::npos) return false;
  rendered.host = host;
  if (port.empty()) return true;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), rendered.port);
  return error == std::errc() && end == port.data() + port.size() && rendered.port != 0;
}

RenderedRequest::Body BodyOf(const UpstreamRequest& request) {
  using Body = RenderedRequest::Body;
  const std::string& method = request.method;
  if (method == "HEAD") return Body::kNone;
  if (request.body_source != nullptr && request.body_size != std::optional<std::uint64_t>(0)) {
    return request.body_size ? Body::kSized : Body::kChunked;
  }
  const bool always = method == "POST" || method == "PUT" || method == "PATCH";
  return always || !request.body.empty() ? Body::kString : Body::kNone;
}

bool IsFraming(std::string_view name) {
  return EqualsIgnoreCase(name, "host") || EqualsIgnoreCase(name, "content-length") ||
         EqualsIgnoreCase(name, "transfer-encoding");
}

}  // namespace

Result<RenderedRequest> RenderRequest(std::string_view url, const UpstreamRequest& request) {
  RenderedRequest rendered;
  std::string_view rest = url.substr(0, url.find('#'));
  if (!rest.starts_with(kScheme) || !IsToken(request.method) || HasControlByte(url, true) ||
      url.find(' ') != std::string_view::npos) {
    return InvalidArgument("the method or path cannot be sent to the upstream");
  }
  rest.remove_prefix(kScheme.size());
  const std::size_t slash = std::min(rest.find_first_of("/?"), rest.size());
  rendered.authority = rest.substr(0, slash);
  if (!SplitAuthority(rendered)) {
    return InvalidArgument("the upstream's URL has no host and port that can be connected to");
  }
  rest.remove_prefix(slash);

  std::string& head = rendered.head;
  head.reserve(512 + rest.size());
  head.append(request.method).append(rest.starts_with('/') ? " " : " /").append(rest);
  head.append(" HTTP/1.1\r\nHost: ").append(rendered.authority).append("\r\n");
  for (const auto& [name, value] : request.headers.fields()) {
    if (IsFraming(name)) continue;
    if (!IsToken(name) || HasControlByte(value, false)) {
      return InvalidArgument("a header field cannot be sent to the upstream", name);
    }
    head.append(name).append(value.empty() ? ":" : ": ").append(value).append("\r\n");
  }
  rendered.close = request.headers.ListsToken("connection", "close");
  rendered.body = BodyOf(request);
  switch (rendered.body) {
    case RenderedRequest::Body::kNone:
      break;
    case RenderedRequest::Body::kString:
      head.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
      break;
    case RenderedRequest::Body::kSized:
      head.append("Content-Length: ").append(std::to_string(*request.body_size)).append("\r\n");
      break;
    case RenderedRequest::Body::kChunked:
      head.append("Transfer-Encoding: chunked\r\n");
      break;
  }
  head.append("\r\n");
  return rendered;
}

}  // namespace larder
