// EncryptionMark: the file of a data directory that says that it is encrypted, and with which key:
// so that another key, or none, is noticed before anything is read or written. It holds no key,
// only messages that the keys open. docs/on_disk_format.md has the grammar. Thread-safety: none.
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret_key.h"

namespace larder {

class EncryptionMark {
 public:
  // `directory`: the data directory. Without keys an encrypted one is refused; with them, one that
  // is not encrypted yet becomes so: `has_data` says whether there may be something plain in it.
  // With a new key beside the previous one, the new one takes its place.
  // Errors: kInvalidArgument (no key, another key, or the previous one is still needed: says what
  // would help), kCorruption (the file is damaged), kIo.
  static Result<EncryptionMark> Open(const std::string& directory, const SecretKeys* keys,
                                     bool has_data);

  // Nothing in the directory is plain, or sealed with the previous key. True without keys.
  bool everything_sealed() const { return everything_sealed_; }
  // From now on. Errors: kIo.
  Status SetEverythingSealed();

 private:
  EncryptionMark(std::string path, const SecretKeys* keys) : path_(std::move(path)) {
    if (keys != nullptr) keys_ = *keys;
  }
  Status Read(const std::string& bytes);
  Status Write() const;

  std::string path_;
  std::optional<SecretKeys> keys_;
  bool everything_sealed_ = true;
  bool needs_previous_ = false;  // something may be sealed with it alone
};

}  // namespace larder
