#include "tests/endurance/soak/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "bench/crowd.h"
#include "bench/http_message.h"

namespace larder::soak {

using bench::MessageState;

void Connection::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

bool Connection::Connect() {
  fd_ = bench::Dial(port_);
  const timeval patience{60, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  return fd_ >= 0;
}

bool SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

bool Connection::Send(std::string_view bytes) {
  return (fd_ >= 0 || Connect()) && SendAll(fd_, bytes);
}

std::size_t Connection::ReadSome(std::string& into) {
  std::array<char, 32 * 1024> bytes;
  const ssize_t size = ::recv(fd_, bytes.data(), bytes.size(), 0);
  if (size <= 0) return 0;
  into.append(bytes.data(), static_cast<std::size_t>(size));
  return static_cast<std::size_t>(size);
}

Connection::Answer Connection::Ask(std::string_view request) {
  const bool kept = fd_ >= 0;
  Answer answer;
  if (Send(request)) answer = Read();
  if (answer.status == 0 && kept) {
    Close();
    if (Send(request)) answer = Read();
  }
  return answer;
}

Connection::Answer Connection::Read() {
  Answer answer;
  std::string in;
  std::string decoded;
  bench::HttpMessage message;
  while (message.state != MessageState::kWhole && message.state != MessageState::kBroken) {
    if (ReadSome(in) == 0) break;
    message = bench::ReadMessage(in, decoded);
  }
  answer.whole = message.state == MessageState::kWhole;
  const std::size_t head_end = in.find("\r\n\r\n");
  if (head_end != in.npos) {
    answer.head = in.substr(0, head_end);
    const std::string_view status = message.Word(1);
    std::from_chars(status.data(), status.data() + status.size(), answer.status);
    answer.body = answer.whole ? std::string(message.body) : in.substr(head_end + 4);
  }
  if (!answer.whole || !message.keep_alive) Close();
  return answer;
}

}  // namespace larder::soak
