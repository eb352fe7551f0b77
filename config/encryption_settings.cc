#include "config/setting_rows.h"
#include "config/text_checks.h"

namespace larder {
namespace {

constexpr Setting kRows[] = {
    PlainRow<LARDER_AT(encryption.key_env)>(
        "encryption.key_env",
        "Name of the environment variable that holds the key with which everything in the data "
        "directory is encrypted: 32 bytes, as 64 hexadecimal digits or as base64 (openssl rand "
        "-hex "
        "32). Empty = none: nothing is encrypted. It cannot be turned off for a directory, and "
        "without the key everything in it is lost.")
        .Normalised(&NormaliseVariableName),
    PlainRow<LARDER_AT(encryption.key_file)>(
        "encryption.key_file", "File that holds the key; empty = none. Not in the data directory.")
        .Normalised(&PlainText)
        .Environment("LARDER_ENCRYPTION_KEY_FILE"),
    PlainRow<LARDER_AT(encryption.previous_key_env)>(
        "encryption.previous_key_env",
        "Name of the environment variable that holds the key that was used before, which only "
        "reads; needed until the maintenance task seal has encrypted everything anew. Empty = "
        "none.")
        .Normalised(&NormaliseVariableName),
    PlainRow<LARDER_AT(encryption.previous_key_file)>(
        "encryption.previous_key_file", "File that holds the previous key; empty = none.")
        .Normalised(&PlainText)
        .Environment("LARDER_ENCRYPTION_PREVIOUS_KEY_FILE"),
};

}  // namespace

std::span<const Setting> EncryptionSettings() {
  return kRows;
}

}  // namespace larder
