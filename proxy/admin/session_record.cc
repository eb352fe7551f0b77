#include "proxy/admin/session_record.h"

#include <algorithm>

#include "base/bytes.h"
#include "cache/record.h"

namespace larder {
namespace {

Digest TakeDigest(std::string_view bytes) {
  Digest digest{};
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

}  // namespace

std::string EncodeSession(const AdminSession& session) {
  std::string payload;
  ByteWriter writer(payload);
  writer.Fixed(ToUnixMillis(session.ends_at));
  writer.Raw(AsBytes(session.mark));
  writer.Prefixed(session.subject);
  return SealRecord(RecordKind::kSession, {session.created_at, {}}, payload);
}

Result<AdminSession> DecodeSession(std::string_view key, std::string_view record) {
  LARDER_ASSIGN_OR_RETURN(const OpenedRecord opened, OpenRecord(RecordKind::kSession, record));
  ByteReader reader(opened.payload);
  AdminSession session;
  session.ends_at = FromUnixMillis(reader.Fixed<std::int64_t>());
  const std::string_view mark = reader.Raw(session.mark.size());
  session.subject = reader.Prefixed();
  if (!reader.ok() || reader.remaining() != 0 || key.size() != session.id_hash.size()) {
    return StoreError(ErrorCode::kCorruption, "stored session: it is cut or has more");
  }
  session.id_hash = TakeDigest(key);
  session.mark = TakeDigest(mark);
  session.created_at = opened.stamp.stored_at;
  return session;
}

}  // namespace larder
