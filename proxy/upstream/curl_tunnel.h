// CurlTunnel: one websocket connection to an upstream. libcurl makes and verifies the connection
// (CURLOPT_CONNECT_ONLY); the handshake and the bytes behind it are written and read here, on an
// engine's loop. Internal to proxy/upstream; see CurlTunnels.
#pragma once

#include <curl/curl.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "proxy/http/body_decoder.h"
#include "proxy/http/byte_channel.h"
#include "proxy/http/event_loop.h"
#include "proxy/http/reply_head.h"
#include "proxy/upstream/curl_engine.h"

namespace larder {

// Thread-safety: Prepare, Connect and WaitForHead on the caller's thread, in this order; Begin,
// OnTick and End on the loop's (or, once that has stopped, its stopper's), End at any time; Cancel
// and body() from any. Once Connect has succeeded, Begin or End must follow: the caller waits for
// it.
class CurlTunnel : public std::enable_shared_from_this<CurlTunnel> {
 public:
  using OnEnd = std::function<void(const std::shared_ptr<CurlTunnel>&)>;

  // `loop` is shared with the engine, which stops it, and with wakers that may still be running.
  // `clock` outlives its End; `on_end` is called once then.
  CurlTunnel(std::string url, UpstreamRequest request, std::size_t window_bytes,
             std::shared_ptr<EventLoop> loop, const Clock& clock, OnEnd on_end);
  ~CurlTunnel();

  // Makes the handle and renders the handshake. Errors: kInvalidArgument (what cannot be sent),
  // kInternal.
  Status Prepare(const CurlEngineOptions& options);
  // Blocks until the connection stands, TLS included. `aborted` ends it within a second or so.
  // Errors: kUnavailable, kCancelled.
  Status Connect(const std::atomic<bool>& aborted);
  // Sends the handshake and relays from then on.
  void Begin();
  // The answer: 101 with the tunnel's bytes as its body (kEnd: upstream closed it), or a refusal
  // with its body whole. Errors: those of Upstream::Send.
  Result<UpstreamReply> WaitForHead();
  const std::shared_ptr<ByteChannel>& body() const { return body_; }

  // Ends it when the handshake has taken longer than the first-byte timeout.
  void OnTick(MonoTime now);
  // Closes the connection; the body breaks off with `error` unless it had ended before.
  void End(std::optional<Error> error);
  // Has the loop end it: nobody reads its body.
  void Cancel();

 private:
  enum class State {
    kHandshake,  // until the head of the answer
    kRefusal,    // reading the body of an answer other than 101
    kOpen,
    kEnded,
  };

  void Pump();  // both directions, as far as they go without waiting
  void Send();
  bool TakeUpload();  // false: nothing to send now
  void Receive();
  void TakeBytes(std::string_view bytes);
  void ParseHead();
  void TakeRefusal();
  void OnEof();
  void AnswerRefusal(bool framed);
  void Answer(Result<UpstreamReply> answer);
  void Fail(ErrorCode code, std::string_view reason);
  void UpdateInterest();

  const std::string url_;
  UpstreamRequest request_;
  const std::shared_ptr<EventLoop> loop_;
  const Clock& clock_;
  const OnEnd on_end_;
  const std::shared_ptr<ByteChannel> body_;  // owned by this and the reply's reader
  CURL* easy_ = nullptr;
  curl_socket_t fd_ = CURL_SOCKET_BAD;
  bool begun_ = false;  // easy_ and fd_ are the loop's, no longer the caller's
  bool watched_ = false;
  std::uint32_t interest_ = 0;
  State state_ = State::kHandshake;
  MonoTime begun_at_{};

  // What is to be sent: the handshake, then pieces of the upload. TLS wants a piece that it could
  // not take again from the same place, so nothing is added before all of it is gone.
  std::string out_;
  std::size_t out_position_ = 0;
  bool handshake_sent_ = false;
  bool upload_ended_ = false;
  bool send_blocked_ = false;

  bool receive_paused_ = false;  // the reader is slower than upstream
  std::string in_;               // of the head, and of a refusal's body, what is not taken yet
  std::size_t scanned_ = 0;
  UpstreamReply refusal_;
  std::string refusal_body_;
  std::optional<BodyDecoder> decoder_;

  Mutex mutex_;
  CondVar answered_;
  std::optional<Result<UpstreamReply>> answer_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder
