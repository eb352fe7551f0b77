#include "proxy/forwarding.h"

#include <algorithm>

#include "base/bytes.h"
#include "proxy/credential_fields.h"
#include "proxy/http/hop_by_hop.h"
#include "proxy/http/message.h"

namespace larder {
namespace {

bool StartsWithIgnoreCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && EqualsIgnoreCase(text.substr(0, prefix.size()), prefix);
}

bool IsControlField(std::string_view name) {
  return StartsWithIgnoreCase(name, "x-larder-") || EqualsIgnoreCase(name, "cf-aig-skip-cache") ||
         EqualsIgnoreCase(name, "cf-aig-cache-ttl") || EqualsIgnoreCase(name, "cf-aig-cache-key");
}

// "openai_project": for whoever reads fields as variables of CGI or WSGI it is the field with
// dashes, and would stand beside or in place of one that counts here.
bool ShadowsAnother(std::string_view name) {
  if (name.find('_') == std::string_view::npos) return false;
  std::string dashed(name);
  for (char& c : dashed) {
    if (c == '_') c = '-';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return dashed == "content-length" || HopByHop({}).Has(dashed) || IsControlField(dashed) ||
         AlwaysKeyed(dashed) ||
         std::find(kCredentialFields.begin(), kCredentialFields.end(), dashed) !=
             kCredentialFields.end();
}

// What is kept with a cached answer: what it is, and the provider's own words about it.
bool IsStoredField(std::string_view name) {
  if (EqualsIgnoreCase(name, "content-type") || EqualsIgnoreCase(name, "content-language"))
    return true;
  return StartsWithIgnoreCase(name, "openai-") && !EqualsIgnoreCase(name, "openai-processing-ms");
}

// The cookies without Larder's own: who is logged in to the dashboard is none of upstream's
// business.
std::string WithoutAdminCookie(std::string_view cookies) {
  std::string kept;
  while (!cookies.empty()) {
    const std::string_view pair = cookies.substr(0, cookies.find(';'));
    cookies.remove_prefix(std::min(cookies.size(), pair.size() + 1));
    const std::string_view name = TrimOws(pair.substr(0, pair.find('=')));
    if (name == "larder_admin" || name == "larder_admin_oidc") continue;
    if (!kept.empty()) kept += ';';
    kept += kept.empty() ? TrimOws(pair) : pair;
  }
  return kept;
}

// Each value of a parameter: upstream may take the first or the last.
void AppendParameters(std::string_view query, std::string_view name, ByteWriter& writer) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::string_view given = pair.substr(0, pair.find('='));
    if (!EqualsIgnoreCase(PercentDecode(given, true), name)) continue;
    writer.Prefixed("?");
    writer.Prefixed(name);
    writer.Prefixed(PercentDecode(pair.substr(std::min(pair.size(), given.size() + 1)), true));
  }
}

}  // namespace

Headers UpstreamHeaders(const Headers& client, const std::string& via, bool identity) {
  const HopByHop hop_by_hop(client);
  Headers headers;
  headers.Reserve(client.size() + 2);
  for (const auto& [name, value] : client.fields()) {
    if (hop_by_hop.Has(name) || EqualsIgnoreCase(name, "host") ||
        EqualsIgnoreCase(name, "content-length") || EqualsIgnoreCase(name, "expect") ||
        EqualsIgnoreCase(name, "http2-settings") || IsControlField(name) || ShadowsAnother(name)) {
      continue;
    }
    if (identity &&
        (EqualsIgnoreCase(name, "accept-encoding") || EqualsIgnoreCase(name, "range") ||
         EqualsIgnoreCase(name, "if-none-match") || EqualsIgnoreCase(name, "if-modified-since"))) {
      continue;
    }
    if (EqualsIgnoreCase(name, "cookie") && value.find("larder_admin") != std::string::npos) {
      if (std::string kept = WithoutAdminCookie(value); !kept.empty()) {
        headers.Add(name, std::move(kept));
      }
      continue;
    }
    headers.Add(name, value);
  }
  if (identity) headers.Add("accept-encoding", "identity");
  headers.Add("via", via);
  return headers;
}

Headers DownstreamHeaders(const Headers& upstream) {
  Headers headers = upstream;
  RemoveHopByHop(headers);
  headers.Remove("content-length");
  headers.Remove("date");
  return headers;
}

Headers StoredHeaders(const Headers& upstream) {
  Headers headers;
  for (const auto& [name, value] : upstream.fields()) {
    if (IsStoredField(name)) headers.Add(name, value);
  }
  return headers;
}

bool AlwaysKeyed(std::string_view name) {
  return std::find(kKeyedFields.begin(), kKeyedFields.end(), name) != kKeyedFields.end();
}

std::string KeyedHeaders(const Headers& client, std::span<const std::string> more) {
  std::string keyed;
  ByteWriter writer(keyed);
  const auto add = [&](std::string_view name) {
    if (!client.Has(name)) return;
    writer.Prefixed(name);
    writer.Prefixed(client.Joined(name));
  };
  for (const std::string_view name : kKeyedFields) add(name);
  for (const std::string& name : more) add(name);
  return keyed;
}

std::string CredentialOf(const Headers& client, std::string_view query) {
  std::string credential;
  ByteWriter writer(credential);
  for (const std::string_view name : kCredentialFields) {
    if (!client.Has(name)) continue;
    writer.Prefixed(name);
    writer.Prefixed(client.Joined(name));
  }
  if (!query.empty()) {
    for (const std::string_view name : kCredentialParameters) {
      AppendParameters(query, name, writer);
    }
  }
  if (const std::string key = KeyAmongProtocols(client); !key.empty()) {
    writer.Prefixed("sec-websocket-protocol");
    writer.Prefixed(key);
  }
  // Beside a credential cookies are noise that varies; alone they may be one.
  if (credential.empty() && client.Has("cookie")) {
    writer.Prefixed("cookie");
    writer.Prefixed(client.Joined("cookie"));
  }
  return credential;
}

Status CheckLoop(const Headers& client, const std::string& via) {
  const std::string hops = client.Joined("via");
  std::string_view rest = hops;
  const std::string_view own = std::string_view(via).substr(via.find(' ') + 1);
  while (!rest.empty()) {
    const std::string_view hop = TrimOws(rest.substr(0, rest.find(',')));
    rest.remove_prefix(std::min(
        rest.size(), rest.find(',') == std::string_view::npos ? rest.size() : rest.find(',') + 1));
    const std::size_t space = hop.find(' ');
    if (space == std::string_view::npos) continue;
    std::string_view by = TrimOws(hop.substr(space + 1));
    by = by.substr(0, by.find(' '));
    if (EqualsIgnoreCase(by, own) || EqualsIgnoreCase(by, "larder")) {
      return Error{
          ErrorCode::kLoop, ErrorOrigin::kSelf,
          "the request has passed this server before: its upstream leads back to itself; set "
          "--upstream to the model provider's address"};
    }
  }
  return {};
}

}  // namespace larder
