#include "app/warmer.h"

#include <deque>
#include <map>
#include <random>
#include <thread>

#include "app/client.h"
#include "app/pacer.h"
#include "app/retry_pause.h"
#include "base/mutex.h"
#include "proxy/json/json_writer.h"

namespace larder {
namespace {

constexpr std::chrono::milliseconds kTellEvery{100};

struct Batch {
  std::int64_t number = 0;
  std::int64_t first = 0;  // the place of its first text in the file, from 1
  std::vector<std::string> texts;
  std::string hash_after;  // of all texts up to its last one
};

std::string RenderBatch(const WarmerOptions& options, const std::vector<std::string>& texts) {
  JsonWriter body;
  body.BeginObject().Member("model", options.model).Member("encoding_format", "base64");
  if (options.dimensions) body.Member("dimensions", *options.dimensions);
  body.Key("input").BeginArray();
  for (const std::string& text : texts) body.String(text);
  body.EndArray().EndObject();
  return body.Take();
}

// The number behind "hit=" in Cache-Status; a reply that is a hit as a whole has no such detail.
std::int64_t HitsOf(const ClientReply& reply) {
  const std::string status(reply.headers.Find("cache-status").value_or(""));
  const std::size_t at = status.find(",hit=");
  return at == std::string::npos ? 0 : std::strtol(status.c_str() + at + 5, nullptr, 10);
}

std::int64_t BilledOf(const ClientReply& reply) {
  const std::string tokens(reply.headers.Find("x-larder-billed-tokens").value_or("0"));
  return std::strtol(tokens.c_str(), nullptr, 10);
}

}  // namespace

// What the threads share.
class Warmer::Work {
 public:
  Work(const WarmerOptions& options, Interrupt& interrupt, WarmState state, const TextHash& hash)
      : options_(options),
        interrupt_(interrupt),
        hash_(hash),
        read_(state.done),
        texts_(options.texts_per_second),
        requests_(options.requests_per_minute ? std::optional(*options.requests_per_minute / 60)
                                              : std::nullopt),
        state_(std::move(state)) {
    tally_.done = state_.done;
  }

  // The next texts of `source`; nullopt at its end. What came before an error is given first.
  Result<std::optional<Batch>> Read(TextSource& source) {
    Batch batch;
    batch.first = read_ + 1;
    while (batch.texts.size() < static_cast<std::size_t>(options_.batch)) {
      if (source_error_) break;
      auto text = source.Next();
      if (!text.ok()) {
        source_error_ = text.error();
        break;
      }
      if (!*text) break;
      hash_.Add(**text);
      batch.texts.push_back(*std::move(*text));
    }
    if (batch.texts.empty() && source_error_) return *source_error_;
    if (batch.texts.empty()) return std::optional<Batch>();
    read_ += static_cast<std::int64_t>(batch.texts.size());
    batch.number = batches_++;
    batch.hash_after = hash_.Digits();
    return std::optional<Batch>(std::move(batch));
  }

  // Takes room for one more; false when `until` came first.
  bool Put(std::optional<Batch>& batch, MonoTime until) {
    MutexLock lock(mutex_);
    while (!queue_.empty()) {
      if (error_) return true;
      if (!changed_.WaitUntil(mutex_, until)) return false;
    }
    queue_.push_back(std::move(*batch));
    batch.reset();
    changed_.NotifyAll();
    return true;
  }

  void Close() {
    MutexLock lock(mutex_);
    closed_ = true;
    changed_.NotifyAll();
  }

  // A thread's life: sends batches until there are no more.
  void Send() {
    while (true) {
      std::optional<Batch> batch;
      {
        MutexLock lock(mutex_);
        while (queue_.empty() && !closed_ && !error_) changed_.Wait(mutex_);
        if (error_ || queue_.empty()) break;
        batch = std::move(queue_.front());
        queue_.pop_front();
        changed_.NotifyAll();
      }
      Finish(*batch, SendOne(*batch));
    }
    MutexLock lock(mutex_);
    ++ended_;
    changed_.NotifyAll();
  }

  bool WaitUntilEnded(int threads, MonoTime until) {
    MutexLock lock(mutex_);
    while (ended_ < threads) {
      if (!changed_.WaitUntil(mutex_, until)) return ended_ >= threads;
    }
    return true;
  }

  void Give(Error error) {
    MutexLock lock(mutex_);
    if (!error_) error_ = std::move(error);
    changed_.NotifyAll();
  }
  std::optional<Error> error() {
    MutexLock lock(mutex_);
    return error_;
  }
  std::pair<WarmTally, WarmState> standing() {
    MutexLock lock(mutex_);
    return {tally_, state_};
  }

 private:
  Error Interrupted() const {
    return Error{ErrorCode::kCancelled, ErrorOrigin::kSelf, "interrupted"};
  }

  // Its turn by the rates, and not before `not_before_`, which a 429 sets for all.
  bool WaitForTurn(std::size_t texts) {
    MutexLock lock(mutex_);
    MonoTime now = std::chrono::steady_clock::now();
    const MonoTime turn =
        std::max(texts_.Reserve(static_cast<double>(texts), now), requests_.Reserve(1, now));
    while (now < turn || now < not_before_) {
      if (error_ || interrupt_.triggered()) return false;
      changed_.WaitUntil(mutex_, std::min(std::max(turn, not_before_), now + kTellEvery));
      now = std::chrono::steady_clock::now();
    }
    tally_.waiting.clear();
    return !interrupt_.triggered();
  }

  Result<ClientReply> SendOne(const Batch& batch) {
    ClientRequest request{"POST", "/v1/embeddings", options_.headers,
                          RenderBatch(options_, batch.texts)};
    request.idle_timeout = std::chrono::minutes(10);
    request.interrupt = &interrupt_;
    for (int attempt = 1;; ++attempt) {
      if (!WaitForTurn(batch.texts.size())) return Interrupted();
      Result<ClientReply> reply = CallServer(options_.server, request);
      const bool failed = !reply.ok() && reply.error().code == ErrorCode::kUnavailable;
      if (!failed && (!reply.ok() || !IsWorthRepeating(reply->status))) return reply;
      if (attempt > options_.retries) return reply;
      MutexLock lock(mutex_);
      std::chrono::milliseconds pause = PauseBefore(attempt, jitter_(random_));
      if (!failed) pause = PauseAskedFor(reply->headers).value_or(pause);
      const std::string why = failed ? "no answer" : "status " + std::to_string(reply->status);
      not_before_ = std::max(not_before_, std::chrono::steady_clock::now() + pause);
      tally_.waiting = why + ", trying again";
      ++tally_.repeated;
    }
  }

  void Finish(const Batch& batch, const Result<ClientReply>& reply) {
    MutexLock lock(mutex_);
    if (!reply.ok() || reply->status != 200) {
      if (!error_) {
        error_ = reply.ok() ? InvalidArgument(WhatWentWrong(*reply)) : reply.error();
        const std::int64_t last = batch.first + static_cast<std::int64_t>(batch.texts.size()) - 1;
        if (error_->code != ErrorCode::kCancelled) {
          error_->message = "texts " + std::to_string(batch.first) + " to " + std::to_string(last) +
                            ": " + error_->message;
        }
      }
      changed_.NotifyAll();
      return;
    }
    const auto count = static_cast<std::int64_t>(batch.texts.size());
    tally_.texts += count;
    tally_.from_cache += HitsOf(*reply);
    tally_.billed_tokens += BilledOf(*reply);
    answered_[batch.number] = {batch.first + count - 1, batch.hash_after};
    for (auto at = answered_.begin(); at != answered_.end() && at->first == next_answer_;
         at = answered_.erase(at), ++next_answer_) {
      state_.done = tally_.done = at->second.first;
      state_.hash = at->second.second;
    }
  }

  const WarmerOptions& options_;
  Interrupt& interrupt_;
  // Of the reading thread.
  TextHash hash_;
  std::int64_t read_;
  std::int64_t batches_ = 0;
  std::optional<Error> source_error_;

  Mutex mutex_;
  CondVar changed_;
  std::deque<Batch> queue_ LARDER_GUARDED_BY(mutex_);  // at most one: read ahead, no more
  bool closed_ LARDER_GUARDED_BY(mutex_) = false;
  int ended_ LARDER_GUARDED_BY(mutex_) = 0;
  std::optional<Error> error_ LARDER_GUARDED_BY(mutex_);
  Pacer texts_ LARDER_GUARDED_BY(mutex_);
  Pacer requests_ LARDER_GUARDED_BY(mutex_);
  MonoTime not_before_ LARDER_GUARDED_BY(mutex_) = MonoTime::min();
  std::minstd_rand random_ LARDER_GUARDED_BY(mutex_){std::random_device{}()};
  std::uniform_real_distribution<double> jitter_ LARDER_GUARDED_BY(mutex_){0, 1};
  WarmTally tally_ LARDER_GUARDED_BY(mutex_);
  WarmState state_ LARDER_GUARDED_BY(mutex_);
  // Answered out of turn: the last text's place and the hash up to it, by batch.
  std::map<std::int64_t, std::pair<std::int64_t, std::string>> answered_ LARDER_GUARDED_BY(mutex_);
  std::int64_t next_answer_ LARDER_GUARDED_BY(mutex_) = 0;
};

Warmer::Warmer(WarmerOptions options, Interrupt& interrupt)
    : options_(std::move(options)), interrupt_(interrupt) {}

Status Warmer::Run(TextSource& source, WarmState state, const TextHash& hash,
                   const std::function<void(const WarmTally&, const WarmState&)>& told) {
  Work work(options_, interrupt_, std::move(state), hash);
  const auto tell = [&] {
    auto [tally, standing] = work.standing();
    tally.bytes = source.input().read_bytes();
    told(tally, standing);
  };
  std::vector<std::thread> threads;
  for (int at = 0; at < options_.concurrency; ++at) threads.emplace_back([&work] { work.Send(); });
  Status read;
  while (!work.error() && !interrupt_.triggered()) {
    auto batch = work.Read(source);
    if (!batch.ok()) {
      read = batch.error();
      break;
    }
    if (!*batch) break;
    while (*batch && !work.error() && !interrupt_.triggered()) {
      work.Put(*batch, std::chrono::steady_clock::now() + kTellEvery);
      tell();
    }
  }
  if (interrupt_.triggered()) {
    work.Give({ErrorCode::kCancelled, ErrorOrigin::kSelf, "interrupted"});
  }
  work.Close();
  while (
      !work.WaitUntilEnded(options_.concurrency, std::chrono::steady_clock::now() + kTellEvery)) {
    tell();
  }
  for (std::thread& thread : threads) thread.join();
  tell();
  if (auto error = work.error()) return *std::move(error);
  return read;
}

}  // namespace larder
