// Whether this is a build that makes everything many times slower: where data may be fewer.
#pragma once

namespace larder {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace larder
