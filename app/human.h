// Figures as people read them. Thread-safety: pure functions; the locale does not matter.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace larder {

std::string HumanCount(std::int64_t count);  // "1,234,567"
std::string HumanBytes(double bytes);        // "0 B", "1.5 KB", "12 MB": powers of 1000
std::string HumanDuration(std::chrono::duration<double> time);  // "0.25 s", "1m 05s", "2d 3h"
std::string HumanMillis(double milliseconds);                   // "0.25 ms", "12 ms", "1.3 s"
std::string HumanPercent(double part, double whole);            // "12.5 %"; "-" of nothing
// "$1.50" for USD, "1.50 EUR" otherwise; more places below a cent, so that it is not 0.
std::string HumanMoney(double amount, const std::string& currency);
// "1 entry", "2 entries": `plural` when count is not 1.
std::string Counted(std::int64_t count, const char* singular, const char* plural);

}  // namespace larder
