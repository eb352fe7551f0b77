#include "proxy/http/response_head.h"

#include <charconv>
#include <ctime>

namespace larder {
namespace {

bool IsFramingField(std::string_view name) {
  for (const std::string_view own :
       {"connection", "keep-alive", "transfer-encoding", "content-length", "upgrade", "date"}) {
    if (EqualsIgnoreCase(name, own)) return true;
  }
  return false;
}

void AppendValue(std::string_view value, std::string& out) {
  for (const char c : value) out.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
}

}  // namespace

BodyFraming DecideResponseFraming(const Response& response, std::string_view method,
                                  int minor_version) {
  if (response.status < 200 || response.status == 204 || response.status == 304 ||
      method == "HEAD") {
    return BodyFraming::kNone;
  }
  if (response.stream == nullptr || response.stream_size) return BodyFraming::kLength;
  return minor_version == 0 ? BodyFraming::kUntilClose : BodyFraming::kChunked;
}

void AppendStatusLine(int status, std::string& out) {
  out += "HTTP/1.1 ";
  out += std::to_string(status);
  out += ' ';
  out += ReasonPhrase(status);
  out += "\r\n";
}

void AppendField(std::string_view name, std::string_view value, std::string& out) {
  if (IsFramingField(name)) return;
  out += name;
  out += ": ";
  AppendValue(value, out);
  out += "\r\n";
}

void AppendResponseHead(const Response& response, BodyFraming framing, bool keep_alive,
                        std::string_view date, std::string& out) {
  AppendStatusLine(response.status, out);
  for (const auto& [name, value] : response.headers.fields()) AppendField(name, value, out);
  out += "Date: ";
  out += date;
  out += "\r\n";
  if (framing == BodyFraming::kLength) {
    out += "Content-Length: ";
    out +=
        std::to_string(response.stream == nullptr ? response.body.size() : *response.stream_size);
    out += "\r\n";
  } else if (framing == BodyFraming::kChunked) {
    out += "Transfer-Encoding: chunked\r\n";
  } else if (framing == BodyFraming::kNone && response.status >= 200 && response.status != 204) {
    // HEAD and 304: the length that GET would have had, when it is known.
    if (response.stream == nullptr && !response.body.empty()) {
      out += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
    } else if (response.stream_size) {
      out += "Content-Length: " + std::to_string(*response.stream_size) + "\r\n";
    } else if (const auto length = response.headers.Find("content-length")) {
      out += "Content-Length: ";
      AppendValue(*length, out);
      out += "\r\n";
    }
  }
  if (framing == BodyFraming::kTunnel) {
    out += "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    return;
  }
  out += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
}

void AppendChunk(std::string_view data, std::string& out) {
  char size[16];
  const auto end = std::to_chars(size, size + sizeof(size), data.size(), 16);
  out.append(size, end.ptr);
  out += "\r\n";
  out += data;
  out += "\r\n";
}

std::string HttpDate(WallTime time) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  const std::size_t size = std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

}  // namespace larder
