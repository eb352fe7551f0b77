// A client's connection to a server on loopback, kept alive over requests. Blocking. Thread-safety:
// none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace larder::soak {

// False when the peer takes no more.
bool SendAll(int fd, std::string_view bytes);

class Connection {
 public:
  explicit Connection(std::uint16_t port) : port_(port) {}
  ~Connection() { Close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  struct Answer {
    int status = 0;      // 0: none came
    bool whole = false;  // by its own framing
    std::string head;
    std::string body;  // as far as it came, with the chunked coding taken off
  };
  // Sends it, on a new connection where there is none, and reads the answer. A kept connection that
  // turns out to be closed before a byte came is made anew.
  Answer Ask(std::string_view request);

  // Connects if need be; false when that or sending fails.
  bool Send(std::string_view bytes);
  // Reads what comes next, at least a byte; 0 at the end.
  std::size_t ReadSome(std::string& into);
  void Close();

 private:
  bool Connect();
  Answer Read();

  const std::uint16_t port_;
  int fd_ = -1;
};

}  // namespace larder::soak
