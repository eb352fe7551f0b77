// Connection: one client's connection on its loop: reads heads and bodies, hands requests out (to
// the fast lane, a fiber or a worker), writes answers in order, or carries a websocket tunnel.
// Non-blocking; holds a few hundred bytes while idle.
//
// Thread-safety: everything runs on the loop's thread; handlers run elsewhere and come back by
// Post.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "proxy/http/body_decoder.h"
#include "proxy/http/byte_channel.h"
#include "proxy/http/event_loop.h"
#include "proxy/http/handler.h"
#include "proxy/http/request_head.h"
#include "proxy/http/response_head.h"
#include "proxy/http/tls_server.h"
#include "proxy/http/worker_pool.h"

namespace larder {

struct ConnectionOptions {
  HeadLimits head;
  std::chrono::milliseconds head_timeout{30'000};   // from the first byte of a head to its last
  std::chrono::milliseconds body_timeout{60'000};   // between two pieces of a request body
  std::chrono::milliseconds idle_timeout{75'000};   // between requests
  std::chrono::milliseconds write_timeout{60'000};  // without the client taking a byte
  std::size_t write_window_bytes = 256 * 1024;      // unsent bytes of a streamed answer
  std::size_t upload_window_bytes = 256 * 1024;  // received bytes of a streamed body not yet read
  // Of a tunnel without a byte in either direction; the other timeouts do not concern it.
  std::chrono::milliseconds tunnel_idle_timeout{3'600'000};
  // From the client's FIN, or from the last byte behind it, until a tunnel ends; and from the
  // beginning of a drain, whatever moves.
  std::chrono::milliseconds tunnel_drain_timeout{5'000};
};

// What every connection of a front shares; outlives them.
struct ConnectionContext {
  ConnectionOptions options;
  HttpHandler& handler;
  WorkerPool& workers;
  const Clock& clock;
  const TlsServer* tls = nullptr;  // null: plain HTTP
  std::function<bool()> draining;  // true: answer with Connection: close
  std::size_t max_fibers = 4096;   // requests on fibers of one loop; the next is refused
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // Takes `fd` (non-blocking) and closes it in the end. `on_closed` runs once, on the loop.
  Connection(int fd, std::string peer, EventLoop& loop, ConnectionContext& context,
             std::function<void(int fd)> on_closed);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Start();
  // Closes it when a deadline has passed, or when it is idle and the front drains.
  void OnTick(MonoTime now);
  // The same for those of a loop whose deadline has passed; on the loop, each tick.
  static void CheckDeadlines(EventLoop& loop, ConnectionContext& context, MonoTime now);
  // Between requests, with nothing received of the next.
  bool idle() const { return state_ == State::kHead && in_.empty() && out_.empty(); }
  // Idle after an answer: its client expects that it may end at any time (RFC 9112, section 9.5).
  bool spare() const { return idle() && received_ != MonoTime{}; }
  void Close();

 private:
  enum class State {
    kHead,        // reading a head (or idle)
    kWholeBody,   // gathering the body
    kHandling,    // a handler has the request; a streamed body may still be arriving
    kResponding,  // an answer is being written
    kClosing,     // the last bytes are being written, then the connection ends
    kClosed,
  };

  // As recv and send, through TLS where that is spoken.
  ssize_t Receive(char* bytes, std::size_t size);
  ssize_t Send(const char* bytes, std::size_t size);
  // The peer broke TLS off, or never spoke it.
  void OnTlsFailure();

  static constexpr std::size_t kReadStep = 64 * 1024;
  // Buffers larger than this are given back when they are empty.
  static constexpr std::size_t kKeptBuffer = 4 * 1024;
  // Pipelined bytes taken in while an answer is under way.
  static constexpr std::size_t kMaxPipelined = 64 * 1024;

  void OnEvents(std::uint32_t events);
  void OnEventsInTurn(std::uint32_t events);
  void OnReadable();
  void ReadOnce();
  void ReadPendingSoon();  // what TLS holds already, when it is wanted
  void Advance();          // acts on what stands in in_
  void EndInput();         // the client sent FIN: what is not whole now never will be
  bool ReadHead();         // false: more bytes are needed, or the connection is done
  void BeginBody(RequestHead head);
  // Answers from memory what it can of `bytes`, which begin at a request; how many are done with.
  std::size_t AnswerFast(std::string_view bytes);
  // Whether the request has been answered from memory: its head, `head_bytes` long, is lane_.head.
  bool TryFastLane(std::string_view bytes, std::size_t head_bytes, std::size_t& consumed);
  // The same for request_, which is whole by now.
  bool TryFastLaneAgain();
  void SendFast(const FastAnswer& answer);
  // What the connections of one loop share.
  struct Lane;
  static Lane& LaneOf(EventLoop& loop, ConnectionContext& context);
  bool ReadWholeBody();
  void OpenUpload();
  void FeedUpload();
  void Dispatch();
  void RunOnFiber();
  void RunOnWorker();
  void OnHandled(Response response);
  void AnswerBusy();
  void OnResponse(Response response);
  void PumpStream();
  static void PostPump(EventLoop& loop, std::weak_ptr<Connection> connection);
  void FinishResponse(bool complete);
  // A tunnel: what the client sends goes to upload_, response_.stream goes out.
  bool tunnelling() const {
    return state_ == State::kResponding && framing_ == BodyFraming::kTunnel;
  }
  void FeedTunnel();
  void EndTunnelInput();  // the client sends no more: the tunnel ends when upstream has said all
  void OnTunnelTick(MonoTime now);
  void SetProgressDeadline();  // bytes went to the client, or are there to go
  void AnswerAndClose(int status, std::string_view message);
  // Hands a whole answer to the socket; what that does not take goes to out_. False: the socket is
  // broken.
  bool SendWhole(std::string_view head, std::string_view body);
  void Flush();     // writes what stands in out_
  void TellSent();  // on_sent of the answers that have been written
  void UpdateInterest();
  void SetDeadline(std::chrono::milliseconds from_now);
  void SetDeadlineAt(MonoTime when);
  void OnTimer(MonoTime now, MonoTime when);
  bool reading_wanted() const;
  std::size_t unsent() const { return out_.size() - out_position_; }
  std::string_view Date();

  const int fd_;
  EventLoop& loop_;
  ConnectionContext& context_;
  Lane& lane_;
  std::function<void(int fd)> on_closed_;
  std::string peer_;
  std::unique_ptr<TlsSession> tls_;  // null: plain HTTP
  bool read_posted_ = false;
  bool fast_declined_ = false;  // the fast lane has seen the request that in_ begins with
  bool lane_asked_ = false;     // the same of the request that is being read
  State state_ = State::kHead;
  std::uint32_t interest_ = 0;
  MonoTime deadline_{};
  MonoTime timer_ = MonoTime::max();  // the earliest in the loop's timers
  bool read_closed_ = false;          // the client sent FIN
  bool upload_stalled_ = false;       // the handler is slower than the client
  bool close_after_ = false;
  bool reset_after_ = false;  // only a reset tells the client that the body was cut
  bool tunnel_drains_ = false;

  std::string in_;
  std::size_t scanned_ = 0;
  MonoTime received_{};  // when the first byte of what stands in in_ was read
  std::string out_;
  std::size_t out_position_ = 0;

  // The request being read or handled.
  Request request_;
  RequestPlan plan_;
  std::string method_;
  int minor_version_ = 1;
  bool keep_alive_ = true;
  std::optional<BodyDecoder> decoder_;
  std::shared_ptr<ByteChannel> upload_;  // owned by this and the request's handler
  // The answer being written.
  Response response_;
  BodyFraming framing_ = BodyFraming::kNone;
  std::uint64_t body_sent_ = 0;
  MonoTime first_byte_{};
  // Answers that stand in out_ to their end, oldest first; `end` counts the connection's bytes.
  struct Written {
    std::uint64_t end;
    SendOutcome outcome;
    std::function<void(const SendOutcome&)> on_sent;
  };
  std::deque<Written> written_;
  std::uint64_t flushed_ = 0;
};

}  // namespace larder
