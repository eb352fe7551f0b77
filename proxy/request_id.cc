#include "proxy/request_id.h"

#include <openssl/rand.h>

#include <array>

namespace larder {
namespace {

constexpr std::size_t kIdBytes = 12;

// Of one thread.
struct RandomBytes {
  std::array<unsigned char, kIdBytes * 256> bytes;
  std::size_t used = sizeof(bytes);
};

}  // namespace

void AppendRequestId(std::string& out) {
  thread_local RandomBytes random;
  if (random.used == random.bytes.size()) {
    RAND_bytes(random.bytes.data(), static_cast<int>(random.bytes.size()));
    random.used = 0;
  }
  static constexpr char kHex[] = "0123456789abcdef";
  out += "req_";
  for (std::size_t i = 0; i < kIdBytes; ++i) {
    const unsigned char byte = random.bytes[random.used++];
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
}

std::string NewRequestId() {
  std::string id;
  AppendRequestId(id);
  return id;
}

}  // namespace larder
