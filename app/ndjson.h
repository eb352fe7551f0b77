// What the admin API's line streams have in common: lines of JSON, of which the last says that it
// is the last, or what went wrong. Thread-safety: pure functions, and a reader that is one
// thread's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "app/client.h"
#include "app/line_reader.h"

namespace larder {

// Of a line that is no entry: short, and an object with "finished" or "error".
struct StreamEnd {
  bool finished = false;
  std::string problem;  // of an error line
};
// nullopt for any other line. Cost: a parse of what is short and does not begin as an
// entry does.
std::optional<StreamEnd> EndOf(std::string_view line);

// Sends `request` and gives each line of its answer to `take`, whose first error ends it; the head
// to `begin` before that.
// Errors: those of StreamFromServer and of `take`; kInvalidArgument: a status other than 200, with
// the server's words.
Status StreamLines(const Session& session, const ClientRequest& request,
                   const std::function<Status(std::string_view)>& take,
                   const std::function<void(const ClientReply&)>& begin = {});

}  // namespace larder
