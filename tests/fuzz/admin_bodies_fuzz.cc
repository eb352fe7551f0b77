// Any body of an admin request: refused, or an order that says what it is for.

#include <cstdint>
#include <cstdlib>

#include "proxy/admin/entry_conditions.h"
#include "proxy/search/request_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace larder;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  (void)ParsePurgeOrder(body, FromUnixMillis(1'000'000'000'000)).ok();
  constexpr std::string_view kMembers[] = {"name",   "tenant", "expires_in_s",
                                           "models", "limits", "budget"};
  const auto document = ParseRequestObject(body, kMembers);
  if (!document.ok()) return 0;
  (void)TextMember(document->root(), "name").ok();
  if (const auto texts = TextsMember(document->root(), "models", 10); texts.ok()) {
    if (texts->size() > 10) std::abort();
  }
  if (const auto whole = WholeMember(document->root(), "expires_in_s", 1, 100, 7); whole.ok()) {
    if (*whole < 1 || *whole > 100) std::abort();
  }
  return 0;
}
