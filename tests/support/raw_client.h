// RawClient: a loopback TCP socket that sends and receives exactly the bytes a test says, malformed
// ones included. Every wait is bounded by kWait; what did not come in time is told, never waited
// for longer. RawServer hands out the same class for the other side of a connection. Thread-safety:
// one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace larder {

// One HTTP/1.1 message as it was read, with a reader of its own: not the code under test.
struct RawMessage {
  std::string head;       // start line and fields, with the empty line; "" when none arrived
  std::string body;       // decoded
  bool complete = false;  // the body ended as its framing said

  // "HTTP/1.1 200 OK" or "GET / HTTP/1.1".
  std::string start_line() const { return head.substr(0, head.find("\r\n")); }
  // Of a response; 0 when there is none.
  int status() const;
  // The first value of a field, compared without case; nullopt when absent.
  std::optional<std::string> Field(std::string_view name) const;
  std::size_t CountField(std::string_view name) const;
};

class RawClient {
 public:
  static constexpr std::chrono::seconds kWait{20};

  enum class End {
    kOpen,      // not seen to end
    kFin,       // the peer sends no more
    kReset,     // the peer broke the connection off
    kTimedOut,  // a wait took kWait
  };

  // Connects to 127.0.0.1. `receive_buffer_bytes` > 0 makes a reader that is easily full.
  explicit RawClient(std::uint16_t port, int receive_buffer_bytes = 0);
  // Takes a connected socket; `before_close` is called with it before it is closed.
  struct Accepted {
    int fd;
    std::function<void(int fd)> before_close;
  };
  explicit RawClient(Accepted accepted)
      : fd_(accepted.fd), before_close_(std::move(accepted.before_close)) {}
  ~RawClient() { Close(); }
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&&) = delete;

  bool connected() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  // How the peer's side ended, as far as reads have seen.
  End end() const { return end_; }

  // False when the peer went away or took nothing for kWait.
  bool Send(std::string_view bytes) { return SendUntilStuck(bytes, kWait) == bytes.size(); }
  // Sends until the peer takes nothing for `quiet`; returns how many bytes it took.
  std::size_t SendUntilStuck(std::string_view bytes, std::chrono::milliseconds quiet);
  // One byte to a packet (the socket has no delay).
  bool SendByteByByte(std::string_view bytes);
  // No more will be sent (FIN); receiving goes on.
  void FinishSending();
  void Close();
  // Closes with RST.
  void Reset();

  // Received bytes up to and with `marker`; nullopt when the peer's side ended or kWait passed
  // first.
  std::optional<std::string> ReadUntil(std::string_view marker);
  // The next `size` bytes; fewer when the peer's side ended or kWait passed first.
  std::string ReadExactly(std::size_t size);
  // All until the peer's side ends; see end().
  std::string ReadToEnd();
  // True when nothing arrives and nothing ends for `quiet`.
  bool StaysSilent(std::chrono::milliseconds quiet);

  // A response (never an interim one: those are in `interim`, when given), framed by its fields;
  // `to_head`: the answer to HEAD, without a body.
  RawMessage ReadResponse(bool to_head = false, std::string* interim = nullptr);
  // A request, framed by its fields.
  RawMessage ReadRequest();
  // Waits until the peer's side has ended, dropping what arrives. False after kWait.
  bool WaitForEnd();

 private:
  // Waits for more bytes; false when there will be none.
  bool Fill(std::chrono::milliseconds wait = kWait);
  void ReadBody(bool until_close, RawMessage& message);
  bool ReadChunks(std::string& body);

  int fd_ = -1;
  std::function<void(int fd)> before_close_;
  std::string in_;
  End end_ = End::kOpen;
};

}  // namespace larder
