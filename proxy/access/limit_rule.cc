#include "proxy/access/limit_rule.h"

#include <cstring>

#include "base/bytes.h"
#include "base/sha256.h"
#include "proxy/pattern.h"

namespace larder {

bool LimitRule::MatchesPath(std::string_view path) const {
  return MatchesAny(paths, path);
}

std::uint64_t LimitRule::Id() const {
  std::string bytes;
  ByteWriter writer(bytes);
  for (const auto* patterns : {&callers, &paths}) {
    writer.Fixed(static_cast<std::uint32_t>(patterns->size()));
    for (const std::string& pattern : *patterns) writer.Prefixed(pattern);
  }
  const Digest digest = Sha256Of(bytes);
  std::uint64_t id = 0;
  std::memcpy(&id, digest.data(), sizeof(id));
  return id;
}

}  // namespace larder
