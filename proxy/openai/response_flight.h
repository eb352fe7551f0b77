// What the leader of one answer and its followers share, and what the leader owes them.
#pragma once

#include <memory>
#include <utility>

#include "cache/flight_table.h"
#include "cache/response_cache.h"
#include "proxy/http/headers.h"
#include "proxy/relay/transcript.h"

namespace larder {

// A stream to read along, or the answer that was stored. Thread-safe.
class ResponseFlight {
 public:
  struct Landed {
    std::shared_ptr<Transcript>
        transcript;  // shared by its readers; null when there is none (any more)
    int status = 0;
    Headers headers;
    ResponsePointer entry;  // null when there is none
  };

  // The flight itself must not keep a transcript alive that nobody reads.
  void LandStream(const std::shared_ptr<Transcript>& transcript, int status, Headers headers) {
    MutexLock lock(mutex_);
    if (landed_) return;
    landed_ = true;
    transcript_ = transcript;
    status_ = status;
    headers_ = std::move(headers);
    changed_.NotifyAll();
  }
  // nullptr: there is nothing to share, each follower must try itself.
  void LandEntry(ResponsePointer entry) {
    MutexLock lock(mutex_);
    if (landed_) return;
    landed_ = true;
    entry_ = std::move(entry);
    changed_.NotifyAll();
  }
  Landed Wait() {
    MutexLock lock(mutex_);
    while (!landed_) changed_.Wait(mutex_);
    return {transcript_.lock(), status_, headers_, entry_};
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool landed_ LARDER_GUARDED_BY(mutex_) = false;
  std::weak_ptr<Transcript> transcript_ LARDER_GUARDED_BY(mutex_);
  int status_ LARDER_GUARDED_BY(mutex_) = 0;
  Headers headers_ LARDER_GUARDED_BY(mutex_);
  ResponsePointer entry_ LARDER_GUARDED_BY(mutex_);
};

using ResponseFlights = FlightTable<ResponseFlight>;

// Whatever way a leader ends, nobody waits for it for ever. Thread-safety: none; one thread at a
// time.
struct ResponseLanding {
  std::shared_ptr<ResponseFlight> flight;  // owned by leader and followers; null when led alone
  std::unique_ptr<ResponseFlights::Lead> lead;
  ResponsePointer entry = nullptr;  // what the followers get

  ResponseLanding() = default;
  explicit ResponseLanding(ResponseFlights::Joined joined)
      : flight(std::move(joined.state)), lead(std::move(joined.lead)) {}
  ResponseLanding(ResponseLanding&&) = default;
  ResponseLanding& operator=(ResponseLanding&&) = delete;
  ~ResponseLanding() {
    lead.reset();  // before its followers wake, so that they do not follow it again
    if (flight != nullptr) flight->LandEntry(std::move(entry));
  }
};

}  // namespace larder
