// What is made of the fields and the target of any request: the fast lane reads them as the
// ordinary way does, no credential is left where they are taken out, and nothing of one connection
// goes up.

#include <cstdlib>

#include "proxy/access/client_key.h"
#include "proxy/cache_directives.h"
#include "proxy/credential_fields.h"
#include "proxy/forwarding.h"
#include "proxy/hit_fields.h"
#include "proxy/http/hop_by_hop.h"
#include "proxy/http/request_head.h"
#include "proxy/route.h"
#include "proxy/trace_context.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckTarget(const std::string& method, const std::string& target) {
  const larder::Route route = larder::RouteOf(method, target);
  if (route.upstream_path.empty()) return;
  Require(route.upstream_path.front() == '/');
  const std::string bare = larder::WithoutCredentials(route.upstream_path);
  Require(bare.front() == '/');
  const std::size_t mark = bare.find('?');
  if (mark != std::string::npos) Require(larder::CredentialOf({}, bare.substr(mark + 1)).empty());
  // What is cached goes up under its own path.
  if (route.endpoint != larder::Endpoint::kOther && !route.from_origin &&
      route.endpoint != larder::Endpoint::kModels) {
    Require(route.upstream_path.starts_with(route.api_path));
  }
}

void CheckFields(const larder::RequestHeadView& view, larder::Headers headers,
                 std::string_view query) {
  static larder::HitFields fast{std::span<const std::string>()};
  if (fast.Read(view.fields)) {
    Require(fast.credential() == larder::CredentialOf(headers));
    Require(fast.keyed() == larder::KeyedHeaders(headers));
    larder::Headers without = headers;
    larder::RemoveListedInConnection(without);
    Require(without.fields() == headers.fields());
  }
  (void)larder::ClientSecretIn(larder::CredentialOf(headers, query));
  (void)larder::ParseCacheDirectives(headers).ok();
  (void)larder::CheckLoop(headers, "1.1 larder-0").ok();
  if (const auto parent = headers.Find("traceparent")) {
    if (!larder::TraceIdOf(*parent).empty()) {
      Require(larder::TraceIdOf(larder::NextTraceparent(*parent)) == larder::TraceIdOf(*parent));
    }
  }
  const larder::Headers up = larder::UpstreamHeaders(headers, "1.1 larder-0", true);
  for (const char* name : {"host", "connection", "transfer-encoding", "content-length", "upgrade",
                           "x-larder-namespace", "openai_project", "cf-aig-cache-key"}) {
    Require(!up.Has(name));
  }
  const std::string cookies = up.Joined("cookie");
  for (std::string_view rest = cookies; !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    Require(!larder::TrimOws(pair).starts_with("larder_admin="));
  }
  larder::RemoveCredentials(headers);
  Require(larder::CredentialOf(headers).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::size_t scanned = 0;
  larder::RequestHeadView view;
  const auto parse = ParseRequestHead(bytes, larder::HeadLimits(), scanned, view);
  if (parse.state != larder::HeadViewParse::State::kComplete) return 0;
  const larder::RequestHead head = CopyHead(view);
  CheckTarget(head.method, head.target);
  const std::size_t mark = head.target.find('?');
  CheckFields(view, head.headers,
              mark == std::string::npos ? "" : std::string_view(head.target).substr(mark + 1));
  return 0;
}
