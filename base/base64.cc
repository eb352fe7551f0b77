#include "base/base64.h"

#include <openssl/evp.h>

#include <algorithm>

namespace larder {

void AppendBase64(std::string_view bytes, std::string& out) {
  const std::size_t size = (bytes.size() + 2) / 3 * 4;
  const std::size_t begin = out.size();
  out.resize(begin + size + 1);  // EVP writes a terminating NUL
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + begin),
                  reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  out.resize(begin + size);
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.empty()) return std::string();
  const auto is_alphabet = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
  };
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  // EVP_DecodeBlock skips white space at both ends and reads '=' as a zero anywhere.
  if (!std::all_of(text.begin(), text.end() - padding, is_alphabet)) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  // The bits that padding leaves over are zero in canonical text.
  if (std::any_of(bytes.end() - padding, bytes.end(), [](char c) { return c != 0; })) {
    return std::nullopt;
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

}  // namespace larder
