// How one finished request is written: as an event of the live tail, and as a line of the access
// log, with the same fields by the same names; but that a line leaves out what is empty, zero or
// false, has "time" in place of "time_ms", and "incomplete" in place of "complete". Never a prompt,
// a query string or a credential: a RequestRecord has none. Cost: 0.2 us. Thread-safety: pure
// functions; a RequestText is one thread's at a time.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/log.h"
#include "proxy/admin/request_record.h"
#include "proxy/admin/rollup.h"
#include "proxy/admin/text_buffer.h"

namespace larder {

struct ShownRequest {
  std::uint64_t seq;  // over all requests since the start, from 1; 0 of Larder's own routes
  const RequestRecord& record;
  const RequestCost& cost;
};

// {"seq":12,"time_ms":1700000000123,...} without a line end.
void AppendRequestJson(const ShownRequest& request, TextBuffer& out);

// Makes lines as Log::Format does, with their ends.
class RequestText {
 public:
  void AppendLine(const ShownRequest& request, LogFormat format, LogLevel level, TextBuffer& out);

 private:
  // The beginning of the time of the last line, which mostly is that of the next.
  std::int64_t second_ = -1;
  std::array<char, 20> second_text_{};  // "2026-01-01T00:00:00."
};

}  // namespace larder
