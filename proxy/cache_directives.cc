#include "proxy/cache_directives.h"

#include <charconv>

namespace larder {
namespace {

constexpr std::size_t kMaxNameBytes = 256;

std::optional<std::int64_t> ParseSeconds(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  constexpr std::int64_t kMost = std::int64_t{1} << 31;  // RFC 9111, section 1.2.2
  if (error == std::errc::result_out_of_range) return kMost;
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return std::min(value, kMost);
}

void TakeDirective(std::string_view directive, CacheDirectives& out) {
  const std::size_t equals = directive.find('=');
  const std::string_view name = TrimOws(directive.substr(0, equals));
  const std::string_view argument =
      equals == std::string_view::npos ? std::string_view() : TrimOws(directive.substr(equals + 1));
  if (EqualsIgnoreCase(name, "no-cache")) {
    out.no_cache = true;
  } else if (EqualsIgnoreCase(name, "no-store")) {
    out.no_store = true;
  } else if (EqualsIgnoreCase(name, "only-if-cached")) {
    out.only_if_cached = true;
  } else if (EqualsIgnoreCase(name, "max-age")) {
    if (const auto seconds = ParseSeconds(argument)) out.max_age = std::chrono::seconds(*seconds);
  } else if (EqualsIgnoreCase(name, "min-fresh")) {
    if (const auto seconds = ParseSeconds(argument)) out.min_fresh = std::chrono::seconds(*seconds);
  } else if (EqualsIgnoreCase(name, "max-stale")) {
    if (argument.empty()) {
      out.max_stale = std::chrono::seconds::max();
    } else if (const auto seconds = ParseSeconds(argument)) {
      out.max_stale = std::chrono::seconds(*seconds);
    }
  }
}

Result<std::string> NameField(const Headers& headers, std::string_view name) {
  const auto value = headers.Find(name);
  if (!value) return std::string();
  if (value->size() > kMaxNameBytes) {
    return InvalidArgument(std::string(name) + " must have at most 256 bytes", std::string(name));
  }
  return std::string(*value);
}

}  // namespace

std::chrono::seconds CacheDirectives::LifetimeFor(std::chrono::seconds configured) const {
  if (!lifetime) return configured;
  return *lifetime == kRecordedLifetime ? *lifetime : std::min(configured, *lifetime);
}

Result<CacheDirectives> ParseCacheDirectives(const Headers& headers) {
  CacheDirectives directives;
  const std::string control = headers.Joined("cache-control");
  std::string_view rest = control;
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    TakeDirective(TrimOws(item), directives);
  }
  if (const auto skip = headers.Find("cf-aig-skip-cache")) {
    directives.skip_cache = EqualsIgnoreCase(*skip, "true") || *skip == "1";
  }
  if (const auto ttl = headers.Find("cf-aig-cache-ttl")) {
    const auto seconds = ParseSeconds(*ttl);
    if (!seconds || *seconds < 60 || *seconds > 2'592'000) {
      return InvalidArgument("cf-aig-cache-ttl must be seconds in [60, 2592000]",
                             "cf-aig-cache-ttl");
    }
    directives.lifetime = std::chrono::seconds(*seconds);
  }
  LARDER_ASSIGN_OR_RETURN(directives.custom_key, NameField(headers, "cf-aig-cache-key"));
  LARDER_ASSIGN_OR_RETURN(directives.name_space, NameField(headers, "x-larder-namespace"));
  return directives;
}

}  // namespace larder
