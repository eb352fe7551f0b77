// HitFields: what the fast lane makes of a request's header fields, in one pass: who asks, what
// belongs into the key, and whether there is anything that the fast lane does not deal with.
// Thread-safety: none; one for each loop.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/field_lines.h"

namespace larder {

class HitFields {
 public:
  // `key_headers` as for KeyedHeaders; they outlive it.
  explicit HitFields(std::span<const std::string> key_headers);

  // False when the ordinary way must look at them: directives for the cache, names of Larder's own,
  // a page's Origin, a coded body, a Connection that lists fields, a cookie that may be the
  // credential, a field twice that counts.
  bool Read(const std::vector<FieldView>& fields);

  // Of the fields that were read last; as CredentialOf (without a query) and KeyedHeaders give
  // them.
  const std::string& credential() const { return credential_; }
  const std::string& keyed() const { return keyed_; }
  // The value of traceparent; empty without one. It lives as long as the fields.
  std::string_view traceparent() const { return traceparent_; }

 private:
  enum class Meaning { kDeclined, kConnection, kCookie, kCredential, kKeyed, kTrace };
  struct Known {
    std::string_view name;
    Meaning meaning;
    std::size_t place;  // among the credentials, or the keyed
  };
  static constexpr std::size_t kLongestName = 64;

  void Learn(std::string_view name, Meaning meaning, std::size_t place);
  bool Take(const Known& known, std::string_view value);

  std::array<std::vector<Known>, kLongestName + 1> known_;  // by the name's length
  bool longer_names_ = false;                               // a keyed name beyond kLongestName
  std::vector<std::string_view> credential_names_;
  std::vector<std::string_view> keyed_names_;
  std::vector<std::string_view> credentials_;  // values by place; data() == nullptr where absent
  std::vector<std::string_view> keyed_values_;
  bool has_credential_ = false;
  bool has_keyed_ = false;
  bool has_cookie_ = false;
  std::string_view traceparent_;
  std::string credential_;
  std::string keyed_;
};

}  // namespace larder
