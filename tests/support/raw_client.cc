#include "tests/support/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

namespace larder {
namespace {

bool WaitFor(int fd, short events, std::chrono::milliseconds wait) {
  pollfd waiting{fd, events, 0};
  int ready = 0;
  do {
    ready = ::poll(&waiting, 1, static_cast<int>(wait.count()));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

// Calls `visit` with name and value of each field of a head.
template <typename Visit>
void ForEachField(std::string_view head, const Visit& visit) {
  std::size_t at = head.find("\r\n");
  while (at != std::string_view::npos && at + 2 < head.size()) {
    const std::size_t end = head.find("\r\n", at + 2);
    const std::string_view line = head.substr(at + 2, end - at - 2);
    at = end;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    visit(line.substr(0, colon), value);
  }
}

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

int RawMessage::status() const {
  return head.starts_with("HTTP/1.") && head.size() > 12 ? std::atoi(head.c_str() + 9) : 0;
}

std::optional<std::string> RawMessage::Field(std::string_view name) const {
  std::optional<std::string> found;
  ForEachField(head, [&](std::string_view field, std::string_view value) {
    if (!found && SameName(field, name)) found = std::string(value);
  });
  return found;
}

std::size_t RawMessage::CountField(std::string_view name) const {
  std::size_t count = 0;
  ForEachField(head,
               [&](std::string_view field, std::string_view) { count += SameName(field, name); });
  return count;
}

RawClient::RawClient(std::uint16_t port, int receive_buffer_bytes) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer_bytes > 0) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof(receive_buffer_bytes));
  }
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) Close();
}

RawClient::RawClient(RawClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      before_close_(std::move(other.before_close_)),
      in_(std::move(other.in_)),
      end_(other.end_) {}

std::size_t RawClient::SendUntilStuck(std::string_view bytes, std::chrono::milliseconds quiet) {
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    const ssize_t sent =
        ::send(fd_, bytes.data() + taken, bytes.size() - taken, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      taken += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!WaitFor(fd_, POLLOUT, quiet)) break;
    } else if (errno != EINTR) {
      break;
    }
  }
  return taken;
}

bool RawClient::SendByteByByte(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!Send(bytes.substr(i, 1))) return false;
  }
  return true;
}

void RawClient::FinishSending() {
  ::shutdown(fd_, SHUT_WR);
}

void RawClient::Close() {
  if (fd_ < 0) return;
  if (before_close_) before_close_(fd_);
  ::close(std::exchange(fd_, -1));
}

void RawClient::Reset() {
  const linger reset{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  Close();
}

bool RawClient::Fill(std::chrono::milliseconds wait) {
  if (end_ == End::kFin || end_ == End::kReset || fd_ < 0) return false;
  if (!WaitFor(fd_, POLLIN, wait)) {
    end_ = End::kTimedOut;
    return false;
  }
  std::array<char, 64 * 1024> bytes;
  const ssize_t size = ::recv(fd_, bytes.data(), bytes.size(), 0);
  if (size <= 0) {
    end_ = size == 0 ? End::kFin : End::kReset;
    return false;
  }
  in_.append(bytes.data(), static_cast<std::size_t>(size));
  return true;
}

std::optional<std::string> RawClient::ReadUntil(std::string_view marker) {
  std::size_t at = in_.find(marker);
  while (at == std::string::npos) {
    const std::size_t scanned = in_.size() < marker.size() ? 0 : in_.size() - marker.size();
    if (!Fill()) return std::nullopt;
    at = in_.find(marker, scanned);
  }
  std::string taken = in_.substr(0, at + marker.size());
  in_.erase(0, taken.size());
  return taken;
}

std::string RawClient::ReadExactly(std::size_t size) {
  while (in_.size() < size && Fill()) {
  }
  std::string taken = in_.substr(0, size);
  in_.erase(0, taken.size());
  return taken;
}

std::string RawClient::ReadToEnd() {
  while (Fill()) {
  }
  return std::exchange(in_, {});
}

bool RawClient::StaysSilent(std::chrono::milliseconds quiet) {
  if (!in_.empty() || end_ != End::kOpen) return false;
  if (Fill(quiet) || end_ != End::kTimedOut) return false;
  end_ = End::kOpen;
  return true;
}

bool RawClient::WaitForEnd() {
  while (Fill()) in_.clear();
  return end_ == End::kFin || end_ == End::kReset;
}

bool RawClient::ReadChunks(std::string& body) {
  while (true) {
    const auto line = ReadUntil("\r\n");
    if (!line) return false;
    const std::size_t size = std::strtoul(line->c_str(), nullptr, 16);
    if (size == 0) break;
    const std::string chunk = ReadExactly(size);
    body += chunk;
    if (chunk.size() < size || ReadExactly(2) != "\r\n") return false;
  }
  while (const auto trailer = ReadUntil("\r\n")) {
    if (*trailer == "\r\n") return true;
  }
  return false;
}

void RawClient::ReadBody(bool until_close, RawMessage& message) {
  if (message.Field("transfer-encoding")) {
    message.complete = ReadChunks(message.body);
  } else if (const auto length = message.Field("content-length")) {
    const std::size_t size = std::strtoull(length->c_str(), nullptr, 10);
    message.body = ReadExactly(size);
    message.complete = message.body.size() == size;
  } else if (until_close) {
    message.body = ReadToEnd();
    message.complete = end_ == End::kFin;
  } else {
    message.complete = true;
  }
}

RawMessage RawClient::ReadResponse(bool to_head, std::string* interim) {
  RawMessage message;
  do {
    if (message.status() >= 100 && interim != nullptr) *interim += message.head;
    message.head = ReadUntil("\r\n\r\n").value_or("");
  } while (message.status() >= 100 && message.status() < 200);
  if (message.head.empty()) return message;
  if (to_head || message.status() == 204 || message.status() == 304) {
    message.complete = true;
  } else {
    ReadBody(true, message);
  }
  return message;
}

RawMessage RawClient::ReadRequest() {
  RawMessage message;
  message.head = ReadUntil("\r\n\r\n").value_or("");
  if (!message.head.empty()) ReadBody(false, message);
  return message;
}

}  // namespace larder
