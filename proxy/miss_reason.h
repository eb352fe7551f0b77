// MissReason: why a request was not a hit, as an operator wants to know it. Thread-safety: values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace larder {

enum class MissReason : std::uint8_t {
  kNone,         // a hit, or not a request of the API
  kCold,         // never asked before, as far as is known
  kExpired,      // was cached, and is past its lifetime
  kEvicted,      // was cached, and made room for others
  kPurged,       // was cached, and was taken out on request
  kChanged,      // something very like it is cached: one field differs
  kBypass,       // the caller's or the server's wish: no-cache, skip-cache, a lifetime of 0
  kUncacheable,  // of a kind that is never cached, by endpoint or content
};
inline constexpr std::array kAllMissReasons = {
    MissReason::kNone,   MissReason::kCold,    MissReason::kExpired, MissReason::kEvicted,
    MissReason::kPurged, MissReason::kChanged, MissReason::kBypass,  MissReason::kUncacheable};

// "", "cold", "expired", "evicted", "purged", "changed", "bypass", "uncacheable".
constexpr std::string_view MissReasonName(MissReason reason) {
  constexpr std::array<std::string_view, kAllMissReasons.size()> kNames = {
      "", "cold", "expired", "evicted", "purged", "changed", "bypass", "uncacheable"};
  return kNames[static_cast<std::size_t>(reason)];
}

}  // namespace larder
