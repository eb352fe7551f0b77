#include "proxy/hit_fields.h"

#include "base/bytes.h"
#include "proxy/credential_fields.h"
#include "proxy/forwarding.h"

namespace larder {
namespace {

constexpr std::array<std::string_view, 13> kDeclinedNames = {"via",
                                                             "cache-control",
                                                             "origin",
                                                             "content-encoding",
                                                             "upgrade",
                                                             "expect",
                                                             "cf-aig-skip-cache",
                                                             "cf-aig-cache-ttl",
                                                             "cf-aig-cache-key",
                                                             "x-larder-namespace",
                                                             "transfer-encoding",
                                                             "access-control-request-method",
                                                             "sec-websocket-protocol"};

void AppendPresent(const std::vector<std::string_view>& names,
                   const std::vector<std::string_view>& values, std::string& out) {
  ByteWriter writer(out);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (values[i].data() == nullptr) continue;
    writer.Prefixed(names[i]);
    writer.Prefixed(values[i]);
  }
}

}  // namespace

HitFields::HitFields(std::span<const std::string> key_headers) {
  for (const std::string_view name : kDeclinedNames) Learn(name, Meaning::kDeclined, 0);
  Learn("connection", Meaning::kConnection, 0);
  Learn("cookie", Meaning::kCookie, 0);
  Learn("traceparent", Meaning::kTrace, 0);
  for (const std::string_view name : kCredentialFields) {
    Learn(name, Meaning::kCredential, credential_names_.size());
    credential_names_.push_back(name);
  }
  for (const std::string_view name : kKeyedFields) {
    Learn(name, Meaning::kKeyed, keyed_names_.size());
    keyed_names_.push_back(name);
  }
  for (const std::string& name : key_headers) {
    Learn(name, Meaning::kKeyed, keyed_names_.size());
    keyed_names_.push_back(name);
  }
  credentials_.resize(credential_names_.size());
  keyed_values_.resize(keyed_names_.size());
}

void HitFields::Learn(std::string_view name, Meaning meaning, std::size_t place) {
  if (name.size() > kLongestName) {
    longer_names_ = true;
  } else {
    known_[name.size()].push_back({name, meaning, place});
  }
}

bool HitFields::Take(const Known& known, std::string_view value) {
  // An empty value must not look like an absent one.
  const std::string_view present = value.data() == nullptr ? std::string_view("") : value;
  switch (known.meaning) {
    case Meaning::kDeclined:
      return false;
    case Meaning::kConnection:  // what else it lists is to be left out
      return EqualsIgnoreCase(value, "keep-alive");
    case Meaning::kCookie:
      has_cookie_ = true;
      return true;
    case Meaning::kTrace:
      if (traceparent_.empty()) traceparent_ = value;
      return true;
    case Meaning::kCredential:
      if (credentials_[known.place].data() != nullptr) return false;
      credentials_[known.place] = present;
      has_credential_ = true;
      return true;
    case Meaning::kKeyed:
      if (keyed_values_[known.place].data() != nullptr) return false;
      keyed_values_[known.place] = present;
      has_keyed_ = true;
      return true;
  }
  return false;
}

bool HitFields::Read(const std::vector<FieldView>& fields) {
  if (has_credential_) std::fill(credentials_.begin(), credentials_.end(), std::string_view());
  if (has_keyed_) std::fill(keyed_values_.begin(), keyed_values_.end(), std::string_view());
  has_credential_ = has_keyed_ = has_cookie_ = false;
  traceparent_ = {};
  credential_.clear();
  keyed_.clear();
  for (const auto& [name, value] : fields) {
    if (name.size() > kLongestName) {
      if (longer_names_) return false;
      continue;
    }
    for (const Known& known : known_[name.size()]) {
      if (!EqualsIgnoreCase(known.name, name)) continue;
      if (!Take(known, value)) return false;
      break;
    }
  }
  if (has_cookie_ && !has_credential_) return false;
  if (has_credential_) AppendPresent(credential_names_, credentials_, credential_);
  if (has_keyed_) AppendPresent(keyed_names_, keyed_values_, keyed_);
  return true;
}

}  // namespace larder
