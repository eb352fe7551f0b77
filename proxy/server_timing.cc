#include "proxy/server_timing.h"

#include <string_view>

#include "base/decimal.h"

namespace larder {
namespace {

void AppendPart(std::string_view name, std::chrono::microseconds time, std::string& out) {
  const std::int64_t micros = std::max<std::int64_t>(time.count(), 0);
  out += name;
  out += ";dur=";
  AppendNumber(micros / 1000, out);
  const auto rest = static_cast<int>(micros % 1000);
  out += '.';
  out += static_cast<char>('0' + rest / 100);
  out += static_cast<char>('0' + rest / 10 % 10);
  out += static_cast<char>('0' + rest % 10);
}

}  // namespace

void AppendServerTiming(const PhaseTimes& times, std::chrono::microseconds total,
                        std::string& out) {
  AppendPart("parse", times.parse, out);
  AppendPart(", lookup", times.lookup, out);
  if (times.upstream.count() > 0) AppendPart(", upstream", times.upstream, out);
  AppendPart(", total", total, out);
}

}  // namespace larder
