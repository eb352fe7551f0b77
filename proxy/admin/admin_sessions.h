// AdminSessions: who is logged in to the dashboard. All in memory, kept in Family::kSessions, so
// that a restart ends none; a store that refuses costs that alone. Of the cookie only the SHA-256
// is kept. Other rules of admission (another token) end every session that came in by the old ones.
// Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "cache/store.h"
#include "proxy/admin/admin_options.h"
#include "proxy/admin/session_record.h"

namespace larder {

class AdminSessions {
 public:
  // `secret`: this server's own, the same over restarts. `store` and `clock` outlive it.
  AdminSessions(Store& store, const Clock& clock, const AdminOptions& admin,
                std::string_view secret);

  // Reads what is stored, before the first request; what is over or unreadable goes. Returns how
  // many are in force. Errors: kIo, kCorruption; then everybody logs in anew.
  Result<std::size_t> Load();

  struct New {
    std::string id;      // the cookie's value: 43 characters of base64url
    Status stored = {};  // an error: it ends with this process
  };
  // `subject`: whom the OpenID provider named; empty: whoever has the admin token.
  New Begin(std::string subject);
  // The session of a cookie's value; nullopt when there is none, or when it is over.
  std::optional<AdminSession> Find(std::string_view id) const;
  // It is over from now on. Errors: kIo; then it comes back with the next start, unless a later
  // write takes it away.
  Status End(const AdminSession& session);

  // What a page of this session sends along with a change (64 hexadecimal digits): no other page
  // can know it.
  std::string CsrfTokenOf(const AdminSession& session) const;
  bool IsCsrfToken(const AdminSession& session, std::string_view given) const;

  std::chrono::seconds lifetime() const { return options_.lifetime; }
  std::size_t size() const;

 private:
  struct Held {
    AdminSession session;
    MonoTime ends;  // a clock that is set back lengthens none
  };
  const Digest& MarkOf(std::string_view subject) const;
  bool IsOver(const Held& held) const;
  void Hold(AdminSession session) LARDER_REQUIRES(mutex_);
  // Takes out what is over, and what ends first while there are `most` or more; what goes is
  // deleted with `batch`.
  void MakeRoom(std::size_t most, WriteBatch& batch) LARDER_REQUIRES(mutex_);
  // Applies it together with what could not be deleted before.
  Status Apply(WriteBatch batch) LARDER_REQUIRES(writing_);

  Store& store_;
  const Clock& clock_;
  const AdminSessionsOptions options_;
  const Digest secret_;
  const Digest token_mark_;
  const Digest oidc_mark_;
  Mutex writing_;  // one change at a time: what is stored is what is held
  std::vector<std::string> undeleted_ LARDER_GUARDED_BY(writing_);
  mutable SharedMutex mutex_;
  std::unordered_map<Digest, Held, DigestHash> sessions_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder
