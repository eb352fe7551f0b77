// CurlExchange: one request and its answer on a CurlEngine's loop. Internal to proxy/upstream.
#pragma once

#include <curl/curl.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "proxy/http/byte_channel.h"
#include "proxy/upstream/curl_engine.h"

namespace larder {

// Thread-safety: WaitForHead, waiting and Fail from any thread, the rest on the loop's thread. Once
// Prepare
// has succeeded, Finish or Fail must follow: a caller waits for it.
class CurlExchange : public std::enable_shared_from_this<CurlExchange> {
 public:
  CurlExchange(std::string url, UpstreamRequest request, std::size_t window_bytes);
  ~CurlExchange();

  // Makes the easy handle. `post` runs a task on the loop. Errors: kInternal, kInvalidArgument
  // (URL).
  Status Prepare(const CurlEngineOptions& options, std::function<void(std::function<void()>)> post,
                 const Clock& clock);
  CURL* easy() const { return easy_; }

  // Status, headers and framing; the body is body().
  // Errors: those of Upstream::Send.
  Result<UpstreamReply> WaitForHead();
  const std::shared_ptr<ByteChannel>& body() const { return body_; }

  // libcurl is done with it.
  void Finish(CURLcode code);
  void Fail(Error error);
  // libcurl has not begun to use a connection for it, new or pooled.
  bool waiting() const { return waiting_; }
  // Why it must not go on, when it has taken too long: all of it (total timeout, whoever is slow),
  // the wait for a connection (queue timeout), or nothing has moved although both sides of it are
  // ready: before the head for the first-byte timeout (an upload that moves begins it anew, a head
  // that drips does not), then for the idle timeout.
  std::optional<Error> Overdue(MonoTime now) const;

 private:
  static int OnResolve(void* resolver, void* reserved, void* self);
  static int OnSocketOption(void* self, curl_socket_t fd, curlsocktype purpose);
  static int OnReady(void* self, char* ip, char* local_ip, int port, int local_port);
  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t OnUpload(char* buffer, std::size_t size, std::size_t count, void* self);

  void Begun();
  Status SetBody();
  Status SetHeaders();
  // False when the answer is none: refused_ says why.
  bool TakeHeaderLine(std::string_view line);
  bool HeadDone();
  bool CheckFraming();
  bool Refuse(std::string_view reason);
  void ResumeReceiving();
  void ResumeSending();
  void Unpause();
  Error ErrorFor(CURLcode code) const;

  const std::string url_;
  UpstreamRequest request_;
  CURL* easy_ = nullptr;
  curl_slist* header_list_ = nullptr;
  std::function<void(std::function<void()>)> post_;
  const Clock* clock_ = nullptr;
  const std::shared_ptr<ByteChannel> body_;  // owned by this and the reply's reader
  bool receive_paused_ = false;
  bool send_paused_ = false;
  std::chrono::milliseconds queue_timeout_{};
  MonoTime sent_{};
  std::optional<MonoTime> deadline_;  // of all of it
  std::atomic<bool> waiting_{true};
  MonoTime last_activity_{};
  Headers headers_;
  std::size_t head_bytes_ = 0;         // interim heads included
  bool in_head_ = false;               // between a status line and its empty line
  bool framed_twice_ = false;          // a length beside chunks
  bool head_seen_ = false;             // the final one
  std::optional<Error> refused_;       // why the answer is none
  std::optional<Error> upload_error_;  // why the request body broke off

  Mutex mutex_;
  CondVar head_changed_;
  std::optional<Result<UpstreamReply>> head_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder
