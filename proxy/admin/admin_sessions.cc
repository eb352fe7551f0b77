#include "proxy/admin/admin_sessions.h"

#include <algorithm>

#include "base/base64url.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/secret_box.h"

namespace larder {
namespace {

constexpr std::size_t kIdBytes = 32;

// Whatever decides who comes in this way.
std::string RulesOf(const AdminOptions& admin, bool oidc) {
  std::string rules;
  ByteWriter writer(rules);
  writer.Prefixed(admin.token);
  if (!oidc) return rules;
  writer.Prefixed(admin.oidc.issuer);
  writer.Prefixed(admin.oidc.client_id);
  for (const std::string& pattern : admin.oidc.allowed) writer.Prefixed(pattern);
  return rules;
}

}  // namespace

AdminSessions::AdminSessions(Store& store, const Clock& clock, const AdminOptions& admin,
                             std::string_view secret)
    : store_(store),
      clock_(clock),
      options_(admin.sessions),
      secret_(DeriveSecret(secret, "larder admin sessions")),
      token_mark_(HmacSha256(AsBytes(secret_), "token" + RulesOf(admin, false))),
      oidc_mark_(HmacSha256(AsBytes(secret_), "oidc" + RulesOf(admin, true))) {}

const Digest& AdminSessions::MarkOf(std::string_view subject) const {
  return subject.empty() ? token_mark_ : oidc_mark_;
}

bool AdminSessions::IsOver(const Held& held) const {
  return clock_.Now() >= held.session.ends_at || clock_.Monotonic() >= held.ends;
}

void AdminSessions::Hold(AdminSession session) {
  const auto left = std::clamp<std::chrono::milliseconds>(
      session.ends_at - clock_.Now(), std::chrono::milliseconds(0), options_.lifetime);
  const Digest key = session.id_hash;
  sessions_.insert_or_assign(key, Held{std::move(session), clock_.Monotonic() + left});
}

Result<std::size_t> AdminSessions::Load() {
  WriteBatch gone;
  std::vector<AdminSession> kept;
  const WallTime now = clock_.Now();
  LARDER_RETURN_IF_ERROR(
      store_.ForEach(Family::kSessions, "", [&](std::string_view key, std::string_view value) {
        auto session = DecodeSession(key, value);
        const bool in_force = session.ok() && now < session->ends_at &&
                              now < session->created_at + options_.lifetime &&
                              session->mark == MarkOf(session->subject);
        if (in_force) {
          kept.push_back(std::move(session).value());
        } else {
          gone.Delete(Family::kSessions, key);
        }
        return true;
      }));
  MutexLock writing(writing_);
  {
    WriterLock lock(mutex_);
    for (AdminSession& session : kept) Hold(std::move(session));
    MakeRoom(options_.most + 1, gone);
  }
  (void)Apply(std::move(gone)).ok();  // they are refused all the same
  ReaderLock lock(mutex_);
  return sessions_.size();
}

void AdminSessions::MakeRoom(std::size_t most, WriteBatch& batch) {
  const auto remove = [&](auto at) {
    batch.Delete(Family::kSessions, AsBytes(at->first));
    return sessions_.erase(at);
  };
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    at = IsOver(at->second) ? remove(at) : std::next(at);
  }
  while (sessions_.size() >= most) {
    remove(std::min_element(sessions_.begin(), sessions_.end(), [](const auto& a, const auto& b) {
      return a.second.session.ends_at < b.second.session.ends_at;
    }));
  }
}

Status AdminSessions::Apply(WriteBatch batch) {
  for (const std::string& key : undeleted_) batch.Delete(Family::kSessions, key);
  if (batch.empty()) return {};
  const Status applied = store_.Apply(batch);
  undeleted_.clear();
  if (applied.ok()) return applied;
  for (const WriteBatch::Operation& operation : batch.operations()) {
    if (!operation.value && undeleted_.size() < options_.most) {
      undeleted_.push_back(operation.key);
    }
  }
  return applied;
}

AdminSessions::New AdminSessions::Begin(std::string subject) {
  New made;
  made.id = ToBase64Url(RandomBytes(kIdBytes));
  AdminSession session;
  session.id_hash = Sha256Of(made.id);
  session.mark = MarkOf(subject);
  session.subject = std::move(subject);
  session.created_at = clock_.Now();
  session.ends_at = session.created_at + options_.lifetime;

  MutexLock writing(writing_);
  WriteBatch batch;
  batch.Put(Family::kSessions, AsBytes(session.id_hash), EncodeSession(session));
  {
    WriterLock lock(mutex_);
    MakeRoom(options_.most, batch);
    Hold(std::move(session));
  }
  made.stored = Apply(std::move(batch));
  return made;
}

std::optional<AdminSession> AdminSessions::Find(std::string_view id) const {
  const Digest hash = Sha256Of(id);
  ReaderLock lock(mutex_);
  const auto found = sessions_.find(hash);
  if (found == sessions_.end() || IsOver(found->second)) return std::nullopt;
  return found->second.session;
}

Status AdminSessions::End(const AdminSession& session) {
  MutexLock writing(writing_);
  {
    WriterLock lock(mutex_);
    sessions_.erase(session.id_hash);
  }
  WriteBatch batch;
  batch.Delete(Family::kSessions, AsBytes(session.id_hash));
  return Apply(std::move(batch));
}

std::string AdminSessions::CsrfTokenOf(const AdminSession& session) const {
  return ToHex(HmacSha256(AsBytes(secret_), "csrf" + std::string(AsBytes(session.id_hash))));
}

bool AdminSessions::IsCsrfToken(const AdminSession& session, std::string_view given) const {
  return IsSameSecret(given, CsrfTokenOf(session));
}

std::size_t AdminSessions::size() const {
  ReaderLock lock(mutex_);
  return sessions_.size();
}

}  // namespace larder
