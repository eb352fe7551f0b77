// PlainExchange: one request and its answer on a PlainEngine; the connection that serves it fills
// it in, the caller of Send waits on it, the reader of the body drains it. Internal to
// proxy/upstream.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "proxy/http/byte_channel.h"
#include "proxy/upstream/loop_link.h"
#include "proxy/upstream/reply_reader.h"
#include "proxy/upstream/request_render.h"

namespace larder {

class PlainConnection;

// Thread-safety: WaitForHead from the caller's thread, the body from its reader's; the rest on the
// thread of the loop that serves it. One of Deliver and Fail must follow: a caller waits for it.
class PlainExchange : public std::enable_shared_from_this<PlainExchange> {
 public:
  // `clock` is used until it has ended.
  PlainExchange(RenderedRequest rendered, UpstreamRequest request,
                std::chrono::milliseconds queue_timeout, const Clock& clock);

  // Errors: those of Upstream::Send. Called once.
  Result<UpstreamReply> WaitForHead();

  const RenderedRequest& rendered() const { return rendered_; }
  const UpstreamRequest& request() const { return request_; }
  bool is_upload() const {
    return rendered_.body == RenderedRequest::Body::kSized ||
           rendered_.body == RenderedRequest::Body::kChunked;
  }

  // Calls of the body's reader and of the upload's writer come back over this one.
  void SetLink(std::shared_ptr<LoopLink> link) { link_ = std::move(link); }
  // The one that serves it; nullptr: none (yet, or any more).
  void SetConnection(PlainConnection* connection) { connection_ = connection; }
  PlainConnection* connection() const { return connection_; }

  // Sees to it that the connection's OnUploadReady is called when there is more to send.
  void WatchUpload();
  // The upload is over, whether or not it was sent.
  void LeaveUpload();

  // Whether it may go out once more on another connection: no byte of a streamed body was taken.
  bool repeatable() const { return !upload_begun_; }
  void SetUploadBegun() { upload_begun_ = true; }

  // The answer is here, and so is its body: all of it,
  void DeliverWhole(ReplyReader::Head head, std::string body);
  // or its beginning; more comes by Write.
  void DeliverStream(ReplyReader::Head head, std::string_view beginning, std::size_t window_bytes);
  // False when the reader's window is full: the connection's OnRoom will be called.
  bool Write(std::string_view bytes) { return body_->Write(bytes); }
  // The body that was delivered as a stream is complete.
  void EndStream();
  // There will be no (whole) answer. Without effect when it has ended.
  void Fail(Error error);

  // Something moved.
  void Touch() { last_activity_ = clock_.Monotonic(); }
  // Why it must not go on: all of it took too long (total timeout, whoever is slow), or a
  // connection did not come free.
  std::optional<Error> OverdueInQueue(MonoTime now) const;
  // The same once it has a connection, and when nothing has moved although both sides are ready
  // (`standing` false: one of them is not): before the head for the first-byte timeout (an upload
  // that moves begins it anew, a head that drips does not), then for the idle timeout.
  std::optional<Error> Overdue(MonoTime now, bool standing) const;

 private:
  class Body;
  void Deliver(Result<UpstreamReply> reply);
  static UpstreamReply ReplyOf(ReplyReader::Head head);
  // Runs `task` with the connection on the loop, when one serves it then.
  void OnConnection(void (PlainConnection::*task)());

  const RenderedRequest rendered_;
  const UpstreamRequest request_;
  const Clock& clock_;
  const std::chrono::milliseconds queue_timeout_;
  const MonoTime sent_;
  std::shared_ptr<LoopLink> link_;  // shared with the loop and its other exchanges
  PlainConnection* connection_ = nullptr;
  MonoTime last_activity_;
  bool upload_watched_ = false;
  bool upload_begun_ = false;
  bool delivered_ = false;
  std::shared_ptr<ByteChannel> body_;  // owned by this and the reply's reader; null: no stream
  std::atomic<bool> ended_{false};

  Mutex mutex_;
  CondVar head_changed_;
  std::optional<Result<UpstreamReply>> head_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder
