// CurlExchange: one request and its answer on a CurlEngine's loop. Internal to proxy/upstream.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "proxy/http/byte_channel.h"
#include "proxy/upstream/curl_engine.h"

namespace larder {

// Thread-safety: WaitForHead and Fail from any thread, the rest on the loop's thread. Once Prepare
// has succeeded, Finish, TimeOut or Fail must follow: a caller waits for it.
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
  // It was Stalled, and is taken from libcurl.
  void TimeOut();
  void Fail(Error error);
  // True when nothing has moved for too long although both sides of it are ready: before the head
  // for the first-byte timeout (an upload that moves begins it anew), then for the idle timeout.
  bool Stalled(MonoTime now) const;

 private:
  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t OnUpload(char* buffer, std::size_t size, std::size_t count, void* self);

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
  MonoTime last_activity_{};
  Headers headers_;
  bool in_head_ = false;               // between a status line and its empty line
  bool head_seen_ = false;             // the final one
  std::optional<Error> refused_;       // why the answer is none
  std::optional<Error> upload_error_;  // why the request body broke off

  Mutex mutex_;
  CondVar head_changed_;
  std::optional<Result<UpstreamReply>> head_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder
