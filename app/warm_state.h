// WarmState: how far a warm of one file has come, kept beside the file, so that the next run goes
// on there. The texts that were done are told by their number and a hash of them, so that a file
// that was changed is noticed. Thread-safety: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/sha256.h"

namespace larder {

struct WarmState {
  // What the texts are embedded as; a state of other settings is not gone on with.
  std::string model;
  std::optional<int> dimensions;
  std::int64_t done = 0;  // texts, from the beginning of the file
  std::string hash;       // TextHash of them, 64 hex digits

  bool SameSettings(const WarmState& other) const {
    return model == other.model && dimensions == other.dimensions;
  }
};

// Over texts in order; "a","b" differs from "ab". A copy goes on by itself.
class TextHash {
 public:
  void Add(std::string_view text);
  // 64 hex digits of all so far; more may follow.
  std::string Digits() const;

 private:
  Sha256 hash_;
};

// nullopt when there is no such file. Errors: kIo; kInvalidArgument: it is no state of this kind.
Result<std::optional<WarmState>> LoadWarmState(const std::string& path);
// Whole or not at all; not waited for until it is on the disk: work goes on meanwhile, and what a
// power cut takes is asked for once more, from the cache. Errors: kIo.
Status SaveWarmState(const std::string& path, const WarmState& state);

}  // namespace larder
