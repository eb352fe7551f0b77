#include "cache/encryption_mark.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/directory_scan.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temp_dir.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const SecretKey kKey(Sha256Of("a key"));
const SecretKey kNewKey(Sha256Of("a new key"));
const SecretKeys kKeys{kKey};
const SecretKeys kNewKeys{kNewKey};
const SecretKeys kRotated{kNewKey, kKey};

class EncryptionMarkTest : public testing::Test {
 protected:
  Result<EncryptionMark> Open(const SecretKeys* keys, bool has_data = false) const {
    return EncryptionMark::Open(dir_.path(), keys, has_data);
  }
  std::string Refusal(const SecretKeys* keys) const {
    const auto opened = Open(keys);
    return opened.ok() ? "opened" : opened.error().message;
  }

  const TempDir dir_;
  const std::string path_ = dir_.path() + "/encryption";
};

TEST_F(EncryptionMarkTest, WithoutAKeyNothingIsWritten) {
  ASSERT_TRUE(Open(nullptr).ok());
  EXPECT_THAT(FilesWith(dir_.path(), ""), IsEmpty());
}

TEST_F(EncryptionMarkTest, ANewDirectoryIsSealedFromTheStart) {
  const auto mark = Open(&kKeys);
  ASSERT_TRUE(mark.ok());
  EXPECT_TRUE(mark->everything_sealed());
  EXPECT_TRUE(Open(&kKeys, true)->everything_sealed());
}

TEST_F(EncryptionMarkTest, ADirectoryWithDataIsSealedOnceThatIsSaid) {
  auto mark = Open(&kKeys, true);
  ASSERT_TRUE(mark.ok());
  EXPECT_FALSE(mark->everything_sealed());
  EXPECT_FALSE(Open(&kKeys, true)->everything_sealed());
  ASSERT_TRUE(mark->SetEverythingSealed().ok());
  EXPECT_TRUE(Open(&kKeys, true)->everything_sealed());
}

TEST_F(EncryptionMarkTest, AMissingOrAnotherKeyIsRefusedWithWhatWouldHelp) {
  ASSERT_TRUE(Open(&kKeys).ok());
  const std::string before = ReadBytes(path_);
  EXPECT_THAT(Refusal(nullptr), HasSubstr("is encrypted: name its key with encryption.key_env"));
  EXPECT_THAT(Refusal(&kNewKeys), HasSubstr("is encrypted with another key"));
  EXPECT_EQ(ReadBytes(path_), before);
  EXPECT_TRUE(Open(&kKeys).ok());
}

TEST_F(EncryptionMarkTest, TheNewKeyTakesThePlaceOfThePrevious) {
  ASSERT_TRUE(Open(&kKeys).ok());
  {
    const auto mark = Open(&kRotated);
    ASSERT_TRUE(mark.ok());
    EXPECT_FALSE(mark->everything_sealed());
  }
  EXPECT_THAT(Refusal(&kKeys), HasSubstr("another key"));
  EXPECT_THAT(Refusal(&kNewKeys), HasSubstr("not everything is sealed with the new key yet"));
  auto mark = Open(&kRotated);
  ASSERT_TRUE(mark.ok());
  ASSERT_TRUE(mark->SetEverythingSealed().ok());
  EXPECT_TRUE(Open(&kNewKeys)->everything_sealed());
  EXPECT_TRUE(Open(&kRotated)->everything_sealed());
}

TEST_F(EncryptionMarkTest, AChangeOfTheKeyCanBeTakenBack) {
  ASSERT_TRUE(Open(&kKeys).ok());
  ASSERT_TRUE(Open(&kRotated).ok());
  const SecretKeys back{kKey, kNewKey};
  auto mark = Open(&back);
  ASSERT_TRUE(mark.ok());
  EXPECT_FALSE(mark->everything_sealed());
  ASSERT_TRUE(mark->SetEverythingSealed().ok());
  EXPECT_TRUE(Open(&kKeys)->everything_sealed());
}

TEST_F(EncryptionMarkTest, ADamagedOrAlteredFileIsRefused) {
  ASSERT_TRUE(Open(&kKeys, true).ok());
  const std::string bytes = ReadBytes(path_);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    WriteBytes(path_, WithFlippedBit(bytes, i, 0));
    EXPECT_FALSE(Open(&kKeys).ok()) << i;
    WriteBytes(path_, bytes.substr(0, i));
    EXPECT_FALSE(Open(&kKeys).ok()) << i;
  }
}

}  // namespace
}  // namespace larder
