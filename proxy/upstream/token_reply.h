// What a token endpoint answers (RFC 6749, sections 5.1 and 5.2). Thread-safety: a pure function.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace larder {

struct TokenReply {
  std::string access_token;          // 1 to kMaxTokenBytes visible ASCII characters
  std::chrono::seconds lifetime{0};  // [1, kLongestTokenLife]
};

inline constexpr std::size_t kMaxTokenReplyBytes = 64UL * 1024;
inline constexpr std::size_t kMaxTokenBytes = 16UL * 1024;
// What says nothing of its end is asked for again soon, and nothing is kept longer than a day.
inline constexpr std::chrono::seconds kAssumedTokenLife{300};
inline constexpr std::chrono::seconds kLongestTokenLife{24 * 3600};

// The token in an answer of 2xx: a JSON object with access_token, token_type "bearer" in any case,
// and expires_in, a whole number of seconds or, as Azure's first version sends it, a string of one.
//
// Errors, whose message goes on behind "the token endpoint" and shows nothing that the endpoint
// wrote but an error code of RFC 6749, section 5.2 and Azure's number: kUnavailable when it said
// no, kInvalidReply when it said something else.
Result<TokenReply> ParseTokenReply(int status, std::string_view body);

}  // namespace larder
