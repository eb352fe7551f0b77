// Encryption: what is done with the key of a data directory: its stores and indexes are sealed, and
// what was there before the key was is sealed bit by bit. Thread-safety: Open, Over and SealSome
// each from one thread at a time; the rest is immutable.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cache/encryption_mark.h"
#include "cache/encryption_options.h"
#include "cache/maintenance.h"
#include "cache/sealed_store.h"

namespace larder {

class Encryption {
 public:
  // Checks the key before anything of the directory is used. Where encryption is turned on over
  // plain data, the indexes, which would be readable, are removed: they are made anew.
  // Errors: as EncryptionMark::Open.
  static Result<std::unique_ptr<Encryption>> Open(const EncryptionOptions& options,
                                                  const std::string& data_dir);

  bool enabled() const { return keys_.has_value(); }
  // What the indexes' files are sealed with; nullptr: they are not.
  const SecretKeys* index_keys() const { return index_keys_ ? &*index_keys_ : nullptr; }
  // `disk` with its values sealed; as it is without a key. The result lives no longer than this.
  std::unique_ptr<Store> Over(std::unique_ptr<Store> disk, Database database);

  // There is something plain, or sealed with the previous key.
  bool must_seal() const { return !mark_.everything_sealed(); }
  // Seals some seconds' worth of it. True when all is sealed; old bytes are on the medium until
  // the databases have been rewritten. Errors: kIo, kCorruption, kCancelled.
  Result<bool> SealSome(const Maintenance::Run& run);
  // "sealed 120 of the 4000 values seen so far"
  std::string SealedSoFar() const;
  // They have been: the mark says so from now on, and nothing plain is taken any more. Errors: kIo.
  Status FinishSealing();

 private:
  struct Part {
    SealedStore& store;
    Family family;
    SealedStore::Progress progress = {};
  };

  explicit Encryption(EncryptionMark mark) : mark_(std::move(mark)) {}

  EncryptionMark mark_;
  std::optional<SecretKeys> keys_;
  std::optional<SecretKeys> index_keys_;
  std::vector<Part> parts_;
};

}  // namespace larder
