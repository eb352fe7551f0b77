// What [encryption] leads to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/config/loading.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temp_dir.h"

namespace larder {
namespace {

using testing::ElementsAre;
using testing::Not;

constexpr const char* kHex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
constexpr const char* kBase64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

LoadResult LoadLines(const std::string& lines, const char* value = "") {
  return Loading().Environment("MY_KEY", value).File("[encryption]\n" + lines + "\n").Load();
}

TEST(EncryptionConfigTest, NothingIsEncryptedUnlessAKeyIsNamed) {
  const auto result = Loading().Load();
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(result.loaded->config.encryption.key.has_value());
}

TEST(EncryptionConfigTest, AKeyComesFromAVariableOrAFile) {
  const TempDir dir;
  WriteBytes(dir.path() + "/key", std::string(kBase64) + "\n");
  const auto result =
      LoadLines("previous_key_env = 'MY_KEY'\nkey_file = '" + dir.path() + "/key'", kHex);
  ASSERT_THAT(result.problems, ElementsAre());
  const EncryptionOptions& options = result.loaded->config.encryption;
  ASSERT_TRUE(options.key && options.previous_key);
  EXPECT_EQ(ToHex(options.key->bytes()), kHex);
  EXPECT_TRUE(*options.key == *options.previous_key);
}

TEST(EncryptionConfigTest, WhatIsWrongIsSaidWithoutShowingAKey) {
  struct Case {
    const char* value;  // of the variable MY_KEY
    const char* lines;
    const char* problem;
  };
  for (const Case& c : {
           Case{"", "key_env = 'MY_KEY'",
                "larder.toml:2:11: encryption.key_env names a variable that is not set, or set to "
                "nothing; set it to the key"},
           Case{"hunter2", "key_env = 'MY_KEY'",
                "larder.toml:2:11: encryption.key_env names a variable whose value must be 32 "
                "bytes, as 64 hexadecimal digits or as base64 (openssl rand -hex 32 makes them)"},
           Case{"", "key_file = '/nowhere/hunter2'",
                "larder.toml:2:12: encryption.key_file names a file that cannot be read: No such "
                "file or directory"},
           Case{"", "key_file = '/dev/null'",
                "larder.toml:2:12: encryption.key_file names a file whose content must be 32 "
                "bytes, as 64 hexadecimal digits or as base64 (openssl rand -hex 32 makes them)"},
           Case{kHex, "key_env = 'MY_KEY'\nkey_file = '/dev/null'",
                "larder.toml:3:12: encryption.key_file stands beside encryption.key_env: name one "
                "place that holds the key"},
           Case{kHex, "previous_key_env = 'MY_KEY'",
                "larder.toml:2:20: encryption.previous_key_env names the key that was used before, "
                "and there is none to use now: set encryption.key_env or encryption.key_file"},
       }) {
    EXPECT_THAT(LoadLines(c.lines, c.value).problems, ElementsAre(c.problem));
  }
}

}  // namespace
}  // namespace larder
