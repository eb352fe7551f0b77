#include "cache/torn_log.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace larder {
namespace {

constexpr std::size_t kBlock = 32768;
constexpr std::size_t kHeader = 7;  // masked CRC-32C u32, length u16, type u8
enum : std::uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0);
    table[i] = crc;
  }
  return table;
}();

// As RocksDB stores it.
std::uint32_t MaskedCrcOf(std::string_view bytes) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const char byte : bytes) {
    crc = kCrcTable[(crc ^ static_cast<unsigned char>(byte)) & 0xff] ^ (crc >> 8);
  }
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}

// The size of the good record at the front of `block`, a block's rest; 0 when there is none.
std::size_t RecordAt(std::string_view block) {
  if (block.size() < kHeader) return 0;
  ByteReader reader(block);
  const auto crc = reader.Fixed<std::uint32_t>();
  const auto length = reader.Fixed<std::uint16_t>();
  const auto type = reader.Fixed<std::uint8_t>();
  if (type < kFull || type > kLast || block.size() < kHeader + length) return 0;
  return MaskedCrcOf(block.substr(kHeader - 1, 1U + length)) == crc ? kHeader + length : 0;
}

bool BeginsWrite(std::string_view block) {
  const auto type = static_cast<std::uint8_t>(block.size() < kHeader ? 0 : block[kHeader - 1]);
  return (type == kFull || type == kFirst) && RecordAt(block) > 0;
}

// Looks everywhere: what is bad does not say where the next one begins.
bool AnyWriteBeginsIn(std::string_view block) {
  for (; block.size() >= kHeader; block.remove_prefix(1)) {
    if (BeginsWrite(block)) return true;
  }
  return false;
}

}  // namespace

LogState StateOfLog(std::string_view bytes) {
  bool torn = false;
  bool within = false;  // a write whose last record has not come
  for (; !bytes.empty(); bytes.remove_prefix(std::min(kBlock, bytes.size()))) {
    std::string_view block = bytes.substr(0, kBlock);
    // Too short a rest of a block is filled with zeros.
    while (!torn && block.size() >= kHeader) {
      const std::size_t size = RecordAt(block);
      const auto type = static_cast<std::uint8_t>(block[kHeader - 1]);
      const bool begins = type == kFull || type == kFirst;
      if (size == 0 || begins == within) {
        torn = true;
        // A good one that begins where another was to go on has lost what stood before it.
        if (size > 0 && begins) return LogState::kDamaged;
        block.remove_prefix(1);
        break;
      }
      within = type == kFirst || type == kMiddle;
      block.remove_prefix(size);
    }
    if (torn && AnyWriteBeginsIn(block)) return LogState::kDamaged;
  }
  return torn || within ? LogState::kTorn : LogState::kWhole;
}

bool EndsInTornWrite(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> logs;
  std::error_code failed;
  for (std::filesystem::directory_iterator it(directory, failed), end; !failed && it != end;
       it.increment(failed)) {
    if (it->path().extension() == ".log") logs.push_back(it->path());
  }
  if (failed) return false;
  // Their names are numbers with leading zeros.
  std::sort(logs.begin(), logs.end());
  for (std::size_t i = 0; i < logs.size(); ++i) {
    std::ifstream file(logs[i], std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (file.bad()) return false;
    const LogState state = StateOfLog(bytes);
    if (i + 1 == logs.size()) return state == LogState::kTorn;
    if (state != LogState::kWhole) return false;
  }
  return false;
}

}  // namespace larder
