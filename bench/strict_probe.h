// StrictProbe: sends the rows of tests/support/request_rows.h to a server in front of the stand-in
// and judges what it did. Thread-safety: one thread.
#pragma once

#include <cstdint>
#include <string>

#include "tests/support/request_rows.h"

namespace larder::bench {

// What a server made of one row.
struct Verdict {
  std::string what;  // "400", "closed", "silent" (1 s long), "no HTTP"; and what else was wrong
  bool right = false;
  bool smuggled = false;  // upstream was asked for what no client asked for
};

class StrictProbe {
 public:
  // `server` and `provider` are loopback ports; nobody else may use them meanwhile.
  StrictProbe(std::uint16_t server, std::uint16_t provider)
      : server_(server), provider_(provider) {}

  // Sends the row three times, on connections of their own: alone and then a good request; between
  // two good requests at once; and, when it may be refused, with kSmuggled behind it. Right
  // is: a right status each time, every answer in its turn, the body where it belongs, and nothing
  // smuggled.
  Verdict Judge(const RequestRow& row);

 private:
  std::uint64_t Smuggled() const;

  const std::uint16_t server_;
  const std::uint16_t provider_;
};

}  // namespace larder::bench
