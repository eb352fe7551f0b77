#include "tests/endurance/soak/upstream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

#include "bench/http_message.h"
#include "tests/endurance/soak/answers.h"
#include "tests/endurance/soak/connection.h"

namespace larder::soak {
namespace {

std::string_view FieldOf(std::string_view head, std::string_view name) {
  for (auto at = head.find("\r\n"); at != head.npos; at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() <= name.size() + 2 || line[name.size()] != ':') continue;
    if (::strncasecmp(line.data(), name.data(), name.size()) == 0) {
      return line.substr(name.size() + 2);
    }
  }
  return {};
}

std::string Whole(int status, std::string_view body) {
  return "HTTP/1.1 " + std::to_string(status) +
         " Answer\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string Chunk(std::string_view bytes) {
  std::array<char, 16> size;
  std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
  return size.data() + std::string(bytes) + "\r\n";
}

}  // namespace

std::uint16_t Upstream::Start() {
  const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  if (::bind(listening, generic, size) != 0 || ::listen(listening, 1024) != 0 ||
      ::getsockname(listening, generic, &size) != 0) {
    return 0;
  }
  std::thread([this, listening] {
    while (true) {
      const int fd = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      std::thread([this, fd] {
        Serve(fd);
        ::close(fd);
      }).detach();
    }
  }).detach();
  return ntohs(address.sin_port);
}

void Upstream::Serve(int fd) {
  std::string in;
  std::string decoded;
  std::array<char, 32 * 1024> bytes;
  while (true) {
    const auto message = bench::ReadMessage(in, decoded);
    if (message.state == bench::MessageState::kBroken) return;
    if (message.state != bench::MessageState::kWhole) {
      const ssize_t size = ::recv(fd, bytes.data(), bytes.size(), 0);
      if (size <= 0) return;
      in.append(bytes.data(), static_cast<std::size_t>(size));
      continue;
    }
    ++requests_;
    const std::string head = in.substr(0, in.find("\r\n\r\n") + 2);
    if (!Answer(fd, message.Word(1), head, message.body)) return;
    in.erase(0, message.size);
  }
}

bool Upstream::Answer(int fd, std::string_view target, std::string_view head,
                      std::string_view body) {
  const std::string_view credential = FieldOf(head, "authorization");
  const bool embeddings = target.ends_with("/embeddings");
  const EmbeddingsCall texts = embeddings ? ReadEmbeddingsCall(body) : EmbeddingsCall();
  const ChatCall chat = embeddings ? ChatCall() : ReadChatCall(body);
  std::string_view asked = chat.text;
  for (const std::string& text : texts.texts) {
    if (text.starts_with("fault-")) asked = text;
  }
  const std::string_view fault =
      asked.starts_with("fault-") ? asked.substr(6, asked.find(' ') - 6) : "";
  if (fault == "500" || fault == "429") {
    return SendAll(
        fd, Whole(fault == "500" ? 500 : 429,
                  R"({"error":{"message":"as asked","type":"t","param":null,"code":null}})"));
  }
  if (fault == "none") return false;
  // What the fault is: the provider takes its time.
  if (fault == "slow") std::this_thread::sleep_for(std::chrono::seconds(1));
  if (chat.stream) {
    const auto events = ChatEvents(credential, chat);
    std::string out =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (fault == "cut" && i == events.size() / 2) return SendAll(fd, out) && false;
      out += Chunk(events[i]);
      if (i == 1 && !SendAll(fd, out)) return false;  // the rest comes after its beginning
      if (i == 1) out.clear();
    }
    return SendAll(fd, out + "0\r\n\r\n");
  }
  const std::string answer =
      Whole(200, embeddings ? EmbeddingsBody(credential, texts) : ChatBody(credential, chat));
  if (fault == "cut")
    return SendAll(fd, std::string_view(answer).substr(0, answer.size() - 20)) && false;
  return SendAll(fd, answer);
}

}  // namespace larder::soak
