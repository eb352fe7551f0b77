#include "proxy/insight/request_shape.h"

#include "base/checksum.h"

namespace larder {
namespace {

constexpr std::string_view kOther = "other";

std::uint64_t HashOf(std::string_view field, std::string_view value) {
  return ChecksumOf(value, ChecksumOf(field));
}

}  // namespace

void RequestShape::Add(std::string_view field, std::string_view value) {
  const std::uint64_t hash = HashOf(field, value);
  if (fields_.size() >= kMaxFields) {
    if (fields_.back().name != kOther) fields_.push_back({std::string(kOther), 0, 0});
    fields_.back().hash += hash;
  } else {
    fields_.push_back({std::string(field), hash, 0});
  }
  sum_ += hash;
  normalised_sum_ += hash;
}

void RequestShape::AddContent(std::string_view field, std::string_view value) {
  Field added{std::string(field), HashOf(field, value), HashOf(field, Normalised(value))};
  if (added.normalised == 0) added.normalised = 1;
  sum_ += added.hash;
  normalised_sum_ += added.normalised;
  fields_.insert(fields_.begin(), std::move(added));
}

std::string RequestShape::Normalised(std::string_view text) {
  const bool overlooks_digits = text.size() >= kLongText;
  std::string normalised;
  normalised.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ' || (c >= '\t' && c <= '\r')) continue;
    if (c == '\\' && i + 1 < text.size()) {
      const char escaped = text[i + 1];
      ++i;
      if (escaped == 'n' || escaped == 't' || escaped == 'r') continue;
      normalised += c;
      normalised += escaped;
    } else if (overlooks_digits && c >= '0' && c <= '9') {
      if (normalised.empty() || normalised.back() != '0') normalised += '0';
    } else {
      normalised += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return normalised;
}

}  // namespace larder
