// What can be set of encryption at rest. A value.
#pragma once

#include <optional>
#include <string>

#include "base/secret_key.h"

namespace larder {

struct EncryptionOptions {
  std::string key_env;   // names the variable that holds the key; empty: none
  std::string key_file;  // or the file
  std::string previous_key_env;
  std::string previous_key_file;
  // As read from there. Absent: nothing is encrypted.
  std::optional<SecretKey> key = std::nullopt;
  std::optional<SecretKey> previous_key = std::nullopt;
};

}  // namespace larder
