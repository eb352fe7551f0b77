// bench_load: sends distinct texts as embeddings requests in batches and checks each answer: status
// 200 and one vector a text. One connection and thread per --connections. Prints
// "entries=N seconds=S"; exits 1 at the first answer that is not as it should be.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

#include "bench/arguments.h"
#include "bench/http_message.h"

namespace {

// 100 bytes, different for each number.
std::string TextOf(std::uint64_t number) {
  char text[128];
  std::snprintf(text, sizeof(text),
                "Passage %012llu of a manual on how to keep what was paid for "
                "once and to find it again later.",
                static_cast<unsigned long long>(number));
  std::string padded = text;
  padded.resize(100, '.');
  return padded;
}

std::string RequestFor(std::uint64_t first, std::uint64_t end) {
  std::string body = R"({"model":"bench-embedding","encoding_format":"base64","input":[)";
  for (std::uint64_t i = first; i < end; ++i) {
    if (i > first) body += ',';
    body += '"' + TextOf(i) + '"';
  }
  body += "]}";
  return "POST /v1/embeddings HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
         "Authorization: Bearer sk-bench\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

int Connect(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const timeval patience{60, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return fd;
  ::close(fd);
  return -1;
}

bool SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

std::size_t Count(std::string_view text, std::string_view what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + what.size())) ++count;
  return count;
}

// True when the answer that is next on `fd` has status 200 and `vectors` vectors.
bool ReadAnswer(int fd, std::size_t vectors) {
  static constexpr std::size_t kStep = 256 * 1024;
  std::string in;
  std::string decoded;
  while (true) {
    const std::size_t before = in.size();
    in.resize(before + kStep);
    const ssize_t size = ::recv(fd, in.data() + before, kStep, 0);
    if (size <= 0) {
      std::fprintf(stderr, "the connection ended within an answer\n");
      return false;
    }
    in.resize(before + static_cast<std::size_t>(size));
    const auto answer = larder::bench::ReadMessage(in, decoded);
    if (answer.state == larder::bench::MessageState::kMore) continue;
    if (answer.Word(1) == "200" && Count(answer.body, "\"embedding\":") == vectors) return true;
    std::fprintf(stderr, "a wrong answer: %.300s\n", in.c_str());
    return false;
  }
}

}  // namespace

int main(int argc, char** argv) {
  auto arguments = larder::bench::ReadArguments(
      argc, argv, {{"--port", 0}, {"--entries", 200'000}, {"--batch", 256}, {"--connections", 2}});
  const auto port = static_cast<std::uint16_t>(arguments["--port"]);
  const std::uint64_t entries = arguments["--entries"];
  const std::uint64_t batch = arguments["--batch"];
  std::atomic<std::uint64_t> next{0};
  std::atomic<bool> failed{false};
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < arguments["--connections"]; ++i) {
    threads.emplace_back([&] {
      const int fd = Connect(port);
      while (!failed) {
        const std::uint64_t first = next.fetch_add(batch);
        if (first >= entries) break;
        const std::uint64_t end = std::min(entries, first + batch);
        if (!SendAll(fd, RequestFor(first, end)) || !ReadAnswer(fd, end - first)) failed = true;
      }
      ::close(fd);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("entries=%llu seconds=%.3f\n", static_cast<unsigned long long>(entries),
              took.count());
  return failed ? 1 : 0;
}
