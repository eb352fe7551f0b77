// SlowClients: clients that hold connections as long as they are let: heads and bodies that come
// one byte a second, and answers that are asked for and never read. Thread-safety: one thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace larder::bench {

class SlowClients {
 public:
  enum class Kind { kHead, kBody, kUnread };
  static constexpr std::size_t kKinds = 3;

  // `count` of them in equal parts. What the server closes is opened again at once.
  SlowClients(std::uint16_t port, std::size_t count);
  // One kind alone, `count` of them.
  SlowClients(std::uint16_t port, std::size_t count, Kind kind);
  ~SlowClients();
  SlowClients(const SlowClients&) = delete;
  SlowClients& operator=(const SlowClients&) = delete;

  // Goes on for `duration`, or until `stop`.
  void Run(std::chrono::seconds duration, const volatile bool& stop);

  // How many connections of a kind the server has ended, and how many could not be opened.
  std::size_t cut(Kind kind) const { return cut_[static_cast<std::size_t>(kind)]; }
  std::size_t not_opened() const { return not_opened_; }
  // Of requests whose answers are never read: what the server has taken.
  std::size_t unread_bytes_sent() const { return unread_bytes_sent_; }

 private:
  struct Client {
    Kind kind;
    int fd = -1;
    std::size_t sent = 0;  // of kUnread: within the request that is being sent
    std::chrono::steady_clock::time_point due;
  };

  void Open(Client& client);
  void Send(Client& client);
  bool HasEnded(const Client& client) const;

  const std::uint16_t port_;
  std::vector<Client> clients_;
  std::array<std::size_t, kKinds> cut_{};
  std::size_t not_opened_ = 0;
  std::size_t unread_bytes_sent_ = 0;
  const std::string unread_request_;
};

}  // namespace larder::bench
