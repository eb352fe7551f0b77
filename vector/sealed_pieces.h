// PieceSealer, PieceOpener: a file's bytes encrypted in pieces, so that it need not be in memory
// whole. A piece opens in its own place of its own file alone, and the last one says that it is the
// last: nothing can be left out, moved or cut off unnoticed. docs/on_disk_format.md has the
// grammar. Thread-safety: none.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret_box.h"
#include "base/secret_key.h"

namespace larder {

inline constexpr std::size_t kPieceBytes = std::size_t{1} << 20;  // before it is sealed
inline constexpr std::size_t kSealedHeadBytes = 32;

class PieceSealer {
 public:
  using Sink = std::function<void(std::string_view bytes)>;  // to the file

  explicit PieceSealer(const SecretKeys& keys);
  // What begins the file.
  const std::string& head() const { return head_; }
  void Write(std::string_view bytes, const Sink& sink);
  // Nothing follows.
  void Finish(const Sink& sink);

 private:
  void SealPiece(bool last, const Sink& sink);

  const SecretBox box_;
  std::string head_;
  std::string piece_;
  std::uint64_t number_ = 0;
};

class PieceOpener {
 public:
  // Reads exactly so many bytes of the file, behind those before; false when there are fewer.
  using Source = std::function<bool(char* bytes, std::size_t count)>;

  static bool IsHead(std::string_view head);
  // `size`: of the whole file. nullopt when it is sealed with neither key, or no such file.
  static std::optional<PieceOpener> Open(std::string_view head, std::uint64_t size,
                                         const SecretKeys& keys);
  // Of all pieces, opened.
  std::uint64_t plain_bytes() const { return plain_bytes_; }
  // False when the file ends before, or was altered.
  bool Read(char* bytes, std::size_t count, const Source& source);

 private:
  PieceOpener(const SecretKey& key, std::string_view head, std::uint64_t sealed_bytes);
  bool NextPiece(const Source& source);

  SecretBox box_;
  std::string head_;
  std::uint64_t sealed_left_;  // of the file
  std::uint64_t plain_bytes_;
  std::string piece_;
  std::size_t at_ = 0;  // in it
  std::uint64_t number_ = 0;
};

}  // namespace larder
