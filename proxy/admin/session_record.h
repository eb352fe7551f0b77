// A login of the dashboard as it is kept in Family::kSessions, by the SHA-256 of the cookie's
// value. Grammar: docs/on_disk_format.md. Thread-safety: values; pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/sha256.h"

namespace larder {

struct AdminSession {
  Digest id_hash{};     // of the cookie's value, which is nowhere else
  std::string subject;  // who the OpenID provider says it is; empty: whoever has the admin token
  WallTime created_at{};
  WallTime ends_at{};
  Digest mark{};  // of what let it in: another one, and the session is over
};

std::string EncodeSession(const AdminSession& session);
// `key` is the record's. Errors: kCorruption.
Result<AdminSession> DecodeSession(std::string_view key, std::string_view record);

}  // namespace larder
