// Warmer: sends texts to a server's /v1/embeddings in batches, several at a time, no faster than
// allowed, and again where a repetition helps; keeps how far it came in order.
// Thread-safety: Run on one thread; it makes its own.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "app/interrupt.h"
#include "app/text_source.h"
#include "app/warm_state.h"
#include "proxy/http/headers.h"

namespace larder {

struct WarmerOptions {
  std::string server;
  Headers headers;  // the provider's credential
  std::string model;
  std::optional<int> dimensions;
  int batch = 256;      // texts per request
  int concurrency = 2;  // requests at a time
  std::optional<double> texts_per_second;
  std::optional<double> requests_per_minute;
  int retries = 6;  // of one request
};

// All counts but `done` are of this run.
struct WarmTally {
  std::int64_t texts = 0;  // answered
  std::int64_t from_cache = 0;
  std::int64_t billed_tokens = 0;
  std::int64_t repeated = 0;  // requests sent again
  std::int64_t done = 0;    // texts from the file's beginning, without a gap, this and earlier runs
  std::uint64_t bytes = 0;  // of the file that were read
  std::string waiting;      // why nothing moves, when it waits: "429, again in 12 s"
};

class Warmer {
 public:
  // `interrupt` outlives it.
  Warmer(WarmerOptions options, Interrupt& interrupt);

  // Sends what `source` still has. `state` tells where it stands (the texts before were taken from
  // `source` already, `hash` has seen them). `told` is called now and then, on this thread, with
  // the counts and the state to keep. When it ends, for whatever reason, it is called once more.
  // Errors: those of the source, and of the first request that cannot be repaired, after those
  // under way have ended; kCancelled: interrupted.
  Status Run(TextSource& source, WarmState state, const TextHash& hash,
             const std::function<void(const WarmTally&, const WarmState&)>& told);

 private:
  class Work;
  const WarmerOptions options_;
  Interrupt& interrupt_;
};

}  // namespace larder
