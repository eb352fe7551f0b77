#include "config/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "config/toml_text.h"
#include "proxy/admin/access.h"

namespace larder {
namespace {

constexpr std::size_t kMaxHostBytes = 253;  // RFC 1035, section 2.3.4, in text form

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool IsAddress(int family, std::string_view text) {
  in6_addr ignored;
  return ::inet_pton(family, std::string(text).c_str(), &ignored) == 1;
}

// A name of letters, digits, hyphens, underscores and dots. One whose last label is a number is
// taken for an IPv4 address and has to be one (URL standard, "ends in a number").
bool IsNameOrIpv4(std::string_view text) {
  if (text.empty() || text.size() > kMaxHostBytes) return false;
  const bool legal = std::all_of(text.begin(), text.end(), [](char c) {
    return IsDigit(c) || IsLetter(c) || c == '-' || c == '_' || c == '.';
  });
  if (!legal || text.front() == '.' || text.front() == '-' || text.back() == '.') return false;
  if (text.find("..") != std::string_view::npos) return false;
  const std::string_view last = text.substr(text.rfind('.') + 1);
  if (std::all_of(last.begin(), last.end(), IsDigit)) {
    return IsAddress(AF_INET, text);
  }
  return true;
}

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return port;
}

struct Authority {
  std::string_view host;                 // brackets taken off
  std::optional<std::string_view> port;  // as written, absent without a colon
  bool bracketed = false;
};

// nullopt when the host is neither a name nor an address.
std::optional<Authority> SplitAuthority(std::string_view text) {
  Authority parts;
  if (!text.empty() && text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    parts.bracketed = true;
    parts.host = text.substr(1, end - 1);
    if (!IsAddress(AF_INET6, parts.host)) return std::nullopt;
    text.remove_prefix(end + 1);
    if (!text.empty() && text.front() != ':') return std::nullopt;
    if (!text.empty()) parts.port = text.substr(1);
    return parts;
  }
  const std::size_t colon = text.find(':');
  parts.host = text.substr(0, colon);
  if (colon != std::string_view::npos) parts.port = text.substr(colon + 1);
  if (!IsNameOrIpv4(parts.host)) return std::nullopt;
  return parts;
}

// RFC 3986, section 3.1; `text` is in lower case.
bool IsScheme(std::string_view text) {
  return !text.empty() && IsLetter(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return IsLetter(c) || IsDigit(c) || c == '+' || c == '-' || c == '.';
         });
}

struct HttpUrl {
  std::string scheme;     // "http" or "https"
  std::string authority;  // in lower case
  std::string host;       // in lower case, brackets taken off
  std::string path;       // as written
};

// Errors: kInvalidArgument; the message goes on behind "this one".
Result<HttpUrl> ParseHttpUrl(std::string_view text) {
  const std::size_t colon = text.find("://");
  const std::string scheme = LowerCase(text.substr(0, colon));
  if (colon == std::string_view::npos || (scheme != "http" && scheme != "https")) {
    return InvalidArgument("does not start with http:// or https://");
  }
  std::string_view rest = text.substr(colon + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) {
    return InvalidArgument(
        "holds user information: credentials never stand in a URL, clients send them");
  }
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return InvalidArgument("has a query or a fragment");
  }
  if (!std::all_of(rest.begin(), rest.end(), [](char c) { return c > ' ' && c < 0x7f; })) {
    return InvalidArgument("holds a character that must be percent-encoded");
  }
  const auto parts = SplitAuthority(authority);
  if (!parts) return InvalidArgument("has no valid host");
  if (parts->port && ParsePort(*parts->port).value_or(0) == 0) {
    return InvalidArgument("has no valid port after its host");
  }
  return HttpUrl{scheme, LowerCase(authority), LowerCase(parts->host),
                 std::string(rest.substr(authority.size()))};
}

}  // namespace

Result<ListenAddress> ParseListenAddress(std::string_view text) {
  if (!text.empty() && (text.front() == ':' || text.front() == '*') && !IsAddress(AF_INET6, text)) {
    return InvalidArgument("must name a host before the port (127.0.0.1 for this machine only, " +
                           std::string("0.0.0.0 for every IPv4 address), got ") + ShowText(text));
  }
  const auto parts = SplitAuthority(text);
  const auto port = parts && parts->port ? ParsePort(*parts->port) : std::nullopt;
  if (!port) {
    return InvalidArgument(
        "must be HOST:PORT or [IPV6]:PORT with a port in [0, 65535], such as 127.0.0.1:8787, got " +
        ShowText(text));
  }
  return ListenAddress{std::string(parts->host), *port};
}

Result<std::string> NormaliseUpstream(std::string_view text) {
  if (text == "builtin") return std::string(text);
  auto url = ParseHttpUrl(text);
  if (!url.ok()) {
    return InvalidArgument(
        "must be \"builtin\" or a base URL such as https://api.openai.com/v1; this one " +
        url.error().message);
  }
  while (url->path.ends_with('/')) url->path.pop_back();
  return url->scheme + "://" + url->authority + url->path;
}

Result<std::string> NormaliseTokenUrl(std::string_view text) {
  if (text.empty()) return std::string();
  const auto refused = [](const std::string& why) {
    return InvalidArgument(
        "must be a URL such as https://login.example.org/oauth2/token; this one " + why);
  };
  const auto url = ParseHttpUrl(text);
  if (!url.ok()) return refused(url.error().message);
  if (url->scheme == "http" && !IsLoopback(url->host)) {
    return refused("is http://, which would show the secret on its way; use https://");
  }
  return url->scheme + "://" + url->authority + (url->path.empty() ? "/" : url->path);
}

Result<std::string> NormaliseOrigin(std::string_view text) {
  if (text == "*") return std::string(text);
  const std::size_t colon = text.find("://");
  const std::string scheme = LowerCase(text.substr(0, colon));
  const std::string_view authority =
      colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 3);
  const auto parts = IsScheme(scheme) ? SplitAuthority(authority) : std::nullopt;
  const auto port = parts && parts->port ? ParsePort(*parts->port) : std::nullopt;
  if (!parts || (parts->port && port.value_or(0) == 0)) {
    return InvalidArgument(
        "must hold origins, scheme://host[:port] without a path, such as "
        "\"https://app.example.com\", or \"*\"" +
        // What follows one of these may be a credential.
        (text.find_first_of("@?#") == std::string_view::npos ? ", got " + ShowText(text) : ""));
  }
  const std::string host = LowerCase(parts->host);
  std::string origin = scheme + "://" + (parts->bracketed ? "[" + host + "]" : host);
  const bool implied = (scheme == "http" && port == 80) || (scheme == "https" && port == 443);
  if (port && !implied) origin += ":" + std::to_string(*port);
  return origin;
}

Result<std::string> NormaliseHost(std::string_view text) {
  if (!IsNameOrIpv4(text) && !IsAddress(AF_INET6, text)) {
    return InvalidArgument(
        "must hold host names or addresses without scheme, port and brackets, such as "
        "\"larder.example.org\", got " +
        ShowText(text));
  }
  return LowerCase(text);
}

}  // namespace larder
