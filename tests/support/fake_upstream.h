// FakeUpstream: an Upstream that does as the test says, in this process and without a socket. It
// records what it was sent, and can answer, compute an answer, fail, hold the head back, break a
// body off, and let a body grow piece by piece on command. It passes
// tests/proxy/upstream_contract_test.cc.
//
//   FakeUpstream upstream;
//   upstream.Reply({.body = R"({"data":[]})"});      // the next call
//   upstream.Fail(ErrorCode::kUnavailable);          // the one after it
//   upstream.ReplyAlways({.status = 429});           // every call that finds no script
//
//   auto stream = upstream.Stream();                 // an answer that the test feeds
//   ... a thread calls Send, gets the head at once ...
//   stream->Push("data: 1\n\n");                     // one TryRead sees one piece
//   stream->Cut();                                   // or End(): whole
//   EXPECT_TRUE(stream->WaitUntilDropped());         // the reader let go
//
//   upstream.Hold();                                 // heads wait from now on
//   ... start two requests ...
//   ASSERT_TRUE(upstream.WaitForCalls(2));
//   upstream.Release();
//
// Order: a call is recorded, reads its whole request body, waits while held, and only then takes
// the next script. Scripts are taken in the order in which they were added. Every wait of a test is
// bounded (kWait): false means it did not happen. Thread-safety: every method may be called from
// any thread, many at once. Outlives its calls; the bodies and streams handed out may outlive it.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "proxy/upstream/upstream.h"

namespace larder {

// One scripted answer.
struct FakeReply {
  int status = 200;
  Headers headers = {{"content-type", "application/json"}};
  // The body: `body`, then each of `pieces`; one TryRead never reaches into the next piece. Empty
  // pieces are skipped.
  std::string body = {};
  std::vector<std::string> pieces = {};
  // After those bytes the body breaks off (kFailed) with this error.
  std::optional<Error> cut = std::nullopt;
  bool framed = true;
};

// One recorded call.
struct FakeCall {
  std::string method;
  std::string path_and_query;
  bool from_origin = false;
  Headers headers;
  std::string body;                        // also when it came as a source
  bool streamed = false;                   // it came as a source,
  std::optional<std::uint64_t> body_size;  // of this size, when known
  // It asked for a websocket: what the client sends into it, not read yet.
  std::shared_ptr<BodySource> tunnel = nullptr;
};

// A body that the test feeds. Thread-safe.
class FakeStream {
 public:
  static constexpr std::chrono::seconds kWait{10};

  // Appends one piece (not empty); a waiting reader is woken. Without effect after End or Cut.
  void Push(std::string piece);
  // The body is whole.
  void End();
  // The body breaks off: behind the pieces pushed so far the reader gets kFailed with `error`.
  void Cut(Error error = UpstreamError(ErrorCode::kUnavailable,
                                       "FakeStream was told to break off"));

  // Bytes pushed and not yet read.
  std::size_t unread() const;
  // The reader (or the caller that never read) let go of the body.
  bool dropped() const;
  bool WaitUntilDropped(std::chrono::milliseconds wait = kWait) const;
  // The reader has taken every byte pushed so far.
  bool WaitUntilRead(std::chrono::milliseconds wait = kWait) const;

 private:
  friend class FakeUpstream;
  class Body;
  struct State;
  FakeStream();
  void Finish(std::optional<Error> error);
  std::shared_ptr<State> state_;  // shared with the body handed out
};

class FakeUpstream final : public Upstream {
 public:
  static constexpr std::chrono::seconds kWait{10};
  using Compute = std::function<Result<UpstreamReply>(const FakeCall&)>;

  explicit FakeUpstream(std::string name = "http://upstream.test/v1", std::string label = "fake")
      : name_(std::move(name)), label_(std::move(label)) {}

  // --- Scripts, each for one call ---
  void Reply(FakeReply reply);
  void Fail(Error error);
  void Fail(ErrorCode code) { Fail(UpstreamError(code, "FakeUpstream was told to fail")); }
  // The head comes at once, the body as the test feeds it. Text event stream unless told otherwise.
  std::shared_ptr<FakeStream> Stream(FakeReply head = {
                                         .headers = {{"content-type", "text/event-stream"}}});

  // --- For every call that finds no script; kInternal when neither was set ---
  void ReplyAlways(FakeReply reply);
  // `compute` runs on the caller's thread, without a lock, maybe several at once.
  void ComputeAlways(Compute compute);

  // A reply for use by Compute.
  UpstreamReply Make(FakeReply reply) const;

  // --- Holding heads back ---
  // From now on every call waits before it takes its script, until Release, or until its
  // first_byte_timeout has passed in real time (then it fails with kDeadlineExceeded).
  void Hold();
  void Release();

  // --- What happened ---
  // Calls so far, in the order they arrived; recorded once their request body has been read.
  std::vector<FakeCall> calls() const;
  std::size_t call_count() const;
  // At least `count` calls have been recorded.
  bool WaitForCalls(std::size_t count, std::chrono::milliseconds wait = kWait) const;
  // Most calls that were inside Send at one time.
  std::size_t most_at_once() const;
  // Bodies handed out (streams included) that were dropped before their end.
  std::size_t cancelled() const { return cancelled_->load(); }

  // --- Upstream ---
  const std::string& name() const override { return name_; }
  const std::string& label() const override { return label_; }
  // Errors besides the scripted: those of the request's own body source, and kDeadlineExceeded when
  // that or a hold outlasts first_byte_timeout. idle_timeout is not kept: FakeStream::Cut tells it.
  Result<UpstreamReply> Send(UpstreamRequest request) override;
  // As Send, but that the request's source goes into the record unread.
  Result<UpstreamReply> OpenTunnel(UpstreamRequest request) override;

 private:
  void AddScript(Compute script);
  Result<UpstreamReply> Answer(UpstreamRequest request, std::shared_ptr<BodySource> tunnel);
  UpstreamReply Hand(FakeReply head, const FakeStream& stream) const;

  const std::string name_;
  const std::string label_;
  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::deque<Compute> scripts_ LARDER_GUARDED_BY(mutex_);
  Compute always_ LARDER_GUARDED_BY(mutex_);
  std::vector<FakeCall> calls_ LARDER_GUARDED_BY(mutex_);
  bool held_ LARDER_GUARDED_BY(mutex_) = false;
  std::size_t inside_ LARDER_GUARDED_BY(mutex_) = 0;
  std::size_t most_at_once_ LARDER_GUARDED_BY(mutex_) = 0;
  // Shared with the bodies handed out.
  std::shared_ptr<std::atomic<std::size_t>> cancelled_ =
      std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace larder
