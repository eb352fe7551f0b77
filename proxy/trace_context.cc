#include "proxy/trace_context.h"

#include <algorithm>

#include "proxy/request_id.h"

namespace larder {
namespace {

// version "-" trace-id "-" parent-id "-" flags
constexpr std::size_t kTraceAt = 3;
constexpr std::size_t kTraceDigits = 32;
constexpr std::size_t kSpanAt = kTraceAt + kTraceDigits + 1;
constexpr std::size_t kSpanDigits = 16;
constexpr std::size_t kFlagsAt = kSpanAt + kSpanDigits + 1;
constexpr std::size_t kSize = kFlagsAt + 2;

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

std::string_view TraceIdOf(std::string_view traceparent) {
  if (traceparent.size() < kSize) return {};
  const std::string_view version = traceparent.substr(0, 2);
  const std::string_view trace = traceparent.substr(kTraceAt, kTraceDigits);
  const std::string_view span = traceparent.substr(kSpanAt, kSpanDigits);
  const bool dashed = traceparent[kTraceAt - 1] == '-' && traceparent[kSpanAt - 1] == '-' &&
                      traceparent[kFlagsAt - 1] == '-';
  if (!dashed || !IsHex(version) || version == "ff" || !IsHex(trace) || IsZero(trace) ||
      !IsHex(span) || IsZero(span) || !IsHex(traceparent.substr(kFlagsAt, 2))) {
    return {};
  }
  // A later version may have more behind another dash; this one has not.
  if (traceparent.size() > kSize && (version == "00" || traceparent[kSize] != '-')) return {};
  return trace;
}

std::string NextTraceparent(std::string_view traceparent) {
  std::string next = "00-";
  next += TraceIdOf(traceparent);
  next += '-';
  const std::string id = NewRequestId();  // "req_" and 24 random digits
  next += id.substr(id.size() - kSpanDigits);
  next += '-';
  next += traceparent.substr(kFlagsAt, 2);
  return next;
}

}  // namespace larder
