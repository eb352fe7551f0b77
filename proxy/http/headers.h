// Header fields of a message: an ordered list, names compared without case, values byte for byte
// (RFC 9110, section 5). Linear search: messages have tens of fields. Thread-safety: as
// std::vector.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace larder {

// ASCII case-insensitive equality; locale-free.
bool EqualsIgnoreCase(std::string_view a, std::string_view b);
// A field name, method or the like: one or more tchar (RFC 9110, section 5.6.2).
bool IsToken(std::string_view text);
// `text` without spaces and tabs at either end (RFC 9110, OWS).
std::string_view TrimOws(std::string_view text);
// Whether a comma-separated list has `token` (without case, parameters ignored).
bool ListsToken(std::string_view list, std::string_view token);

class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  void Reserve(std::size_t fields) { fields_.reserve(fields); }
  void Add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  // Replaces every field of that name by one.
  void Set(std::string_view name, std::string value);
  void Remove(std::string_view name);
  // Removes those for which it is true.
  template <typename Predicate>
  void RemoveIf(const Predicate& predicate) {
    std::erase_if(fields_, predicate);
  }
  // Replaces the value of the last field. Precondition: there is one.
  void ReplaceLast(std::string value) { fields_.back().second = std::move(value); }

  // The first field's value; nullopt when absent. The view lives until the next change.
  std::optional<std::string_view> Find(std::string_view name) const;
  bool Has(std::string_view name) const { return Find(name).has_value(); }
  // All values joined by ", " in order, as RFC 9110, section 5.3 allows; empty when absent.
  std::string Joined(std::string_view name) const;
  // Whether a comma-separated field lists `token` (without case, parameters ignored).
  bool ListsToken(std::string_view name, std::string_view token) const;

  const std::vector<Field>& fields() const { return fields_; }
  std::size_t size() const { return fields_.size(); }

 private:
  std::vector<Field> fields_;
};

}  // namespace larder
