// What of vectors is on the disk: nothing once they were erased, and nothing readable with a key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "tests/support/directory_scan.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vector_samples.h"
#include "vector/snapshot_file.h"
#include "vector/space_set.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::size_t kDim = 16;
constexpr std::size_t kInAFile = 5'000;  // beyond the first capacity
constexpr std::size_t kInMemory = 300;

const SecretKeys kKeys{SecretKey(Sha256Of("a key"))};
const SecretKeys kOtherKeys{SecretKey(Sha256Of("another key"))};

class SpacePrivacyTest : public testing::TestWithParam<std::size_t> {
 protected:
  explicit SpacePrivacyTest(const SecretKeys* keys = nullptr) { Restart(keys); }

  SpaceSet::Options Options(const SecretKeys* keys) const {
    return {.memory_bytes = 50'000'000,
            .space = {.m = 4, .ef_construction = 20, .exact_below = 100, .keys = keys},
            .directory = dir_.path() + "/spaces"};
  }
  SpaceSet::Loaded Restart(const SecretKeys* keys) {
    set_.reset();
    set_ = std::make_unique<SpaceSet>(Options(keys));
    return set_->Load();
  }
  void Store(const SpaceKey& space, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto stored =
          set_->Upsert(space, kDim, {space + ":" + std::to_string(i), samples_.Random(kDim)});
      ASSERT_TRUE(stored.ok()) << stored.error().message;
    }
    WorkToTheEnd();
  }
  void WorkToTheEnd() {
    while (set_->Work(1000)) {
    }
  }
  void Save() {
    const Status saved = set_->Save(1);
    ASSERT_TRUE(saved.ok()) << saved.error().message;
  }
  void FinishErasing() {
    const auto finished = set_->FinishErasing();
    ASSERT_TRUE(finished && finished->ok());
  }
  std::vector<float> VectorOf(const SpaceKey& space, std::size_t i) const {
    const auto vector = set_->Find(space)->VectorOf(space + ":" + std::to_string(i));
    return vector.value_or(std::vector<float>());
  }
  std::vector<std::string> FilesWithVector(const std::vector<float>& vector) const {
    return FilesWith(dir_.path(), BytesOfMiddle(vector));
  }

  const TempDir dir_;
  VectorSamples samples_{1};
  std::unique_ptr<SpaceSet> set_;
};

TEST_P(SpacePrivacyTest, NothingIsLeftOfARemovedPointThatWasErased) {
  Store("a", GetParam());
  Store("b", GetParam());
  Save();
  const auto removed = VectorOf("a", 7);
  const auto kept = VectorOf("a", 8);
  ASSERT_TRUE(set_->Remove("a", "a:7"));
  Save();
  EXPECT_THAT(FilesWithVector(removed), Not(IsEmpty()));
  EXPECT_THAT(FilesWith(dir_.path(), "a:7"), Not(IsEmpty()));

  set_->EraseRemoved();
  EXPECT_FALSE(set_->FinishErasing().has_value());
  WorkToTheEnd();
  FinishErasing();
  Save();
  EXPECT_THAT(FilesWithVector(removed), IsEmpty());
  EXPECT_THAT(FilesWith(dir_.path(), std::string("\3\0a:7", 5)), IsEmpty());
  EXPECT_THAT(FilesWithVector(kept), Not(IsEmpty()));
  EXPECT_EQ(Restart(nullptr).spaces, 2U);
  EXPECT_EQ(set_->size(), 2 * GetParam() - 1);
}

TEST_P(SpacePrivacyTest, ASpaceThatLostEveryPointIsErasedToo) {
  Store("a", GetParam());
  const auto removed = VectorOf("a", 7);
  Save();
  for (std::size_t i = 0; i < GetParam(); ++i) set_->Remove("a", "a:" + std::to_string(i));
  set_->EraseRemoved();
  WorkToTheEnd();
  FinishErasing();
  Save();
  EXPECT_THAT(FilesWithVector(removed), IsEmpty());
}

TEST_P(SpacePrivacyTest, APointThatIsRemovedWhileOthersAreErasedNeedsAnotherErase) {
  Store("a", GetParam());
  const auto first = VectorOf("a", 1);
  const auto second = VectorOf("a", 2);
  set_->Remove("a", "a:1");
  set_->EraseRemoved();
  ASSERT_TRUE(set_->Work(1));  // begins to build anew
  set_->Remove("a", "a:2");
  set_->EraseRemoved();
  WorkToTheEnd();
  FinishErasing();
  Save();
  EXPECT_THAT(FilesWithVector(first), IsEmpty());
  EXPECT_THAT(FilesWithVector(second), IsEmpty());
}

TEST_P(SpacePrivacyTest, WhatAProcessThatDiedWasWritingIsRemovedWithTheNextSave) {
  Store("a", GetParam());
  Save();
  const auto folder = std::filesystem::directory_iterator(dir_.path() + "/spaces")->path();
  std::ofstream(folder / "snapshot.new") << "half a snapshot";
  Store("a", 1);
  Save();
  EXPECT_THAT(FilesWith(dir_.path(), "half a snapshot"), IsEmpty());
}

TEST_P(SpacePrivacyTest, FoldersOfNoSpaceAreRemovedWhenTold) {
  Store("a", 3);
  Save();
  const std::string other = dir_.path() + "/spaces/0123456789abcdef0123456789abcdef";
  const std::string foreign = dir_.path() + "/spaces/notes";
  std::filesystem::create_directories(other);
  std::filesystem::create_directories(foreign);
  set_->RemoveOtherFolders();
  EXPECT_FALSE(std::filesystem::exists(other));
  EXPECT_TRUE(std::filesystem::exists(foreign));
  EXPECT_EQ(Restart(nullptr).spaces, 1U);
}

INSTANTIATE_TEST_SUITE_P(Sizes, SpacePrivacyTest, testing::Values(kInMemory, kInAFile));

class SealedSpaceTest : public SpacePrivacyTest {
 protected:
  SealedSpaceTest() : SpacePrivacyTest(&kKeys) {}
};

TEST_P(SealedSpaceTest, NothingReadableIsOnTheDiskAndEverythingIsThereAfterARestart) {
  Store("a space", GetParam());
  const auto vector = VectorOf("a space", 7);
  const auto query = samples_.Random(kDim);
  const auto before = set_->Search("a space", query, {.k = 5});
  Save();
  EXPECT_THAT(FilesWithVector(vector), IsEmpty());
  EXPECT_THAT(FilesWith(dir_.path(), "a space"), IsEmpty());
  EXPECT_THAT(FilesWith(dir_.path(), ".f32"), IsEmpty());
  EXPECT_EQ(Restart(&kKeys).spaces, 1U);
  EXPECT_EQ(VectorOf("a space", 7), vector);
  const auto after = set_->Search("a space", query, {.k = 5});
  ASSERT_TRUE(before.ok() && after.ok());
  ASSERT_EQ(after->neighbours.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(after->neighbours[i].id, before->neighbours[i].id);
  }
}

TEST_P(SealedSpaceTest, AnotherKeyOrNoneFindsNothingAndRemovesWhatItCannotRead) {
  for (const SecretKeys* keys : {&kOtherKeys, static_cast<const SecretKeys*>(nullptr)}) {
    Restart(&kKeys);
    Store("a", GetParam());
    Save();
    const auto loaded = Restart(keys);
    EXPECT_EQ(loaded.spaces, 0U);
    ASSERT_EQ(loaded.problems.size(), 1U);
    EXPECT_THAT(loaded.problems[0], HasSubstr("encrypted"));
    EXPECT_THAT(FilesWith(dir_.path(), ""), IsEmpty());
  }
}

TEST_P(SealedSpaceTest, APlainSnapshotIsNotUsedWithAKeyAndIsRemoved) {
  Restart(nullptr);
  Store("a", GetParam());
  Save();
  EXPECT_EQ(Restart(&kKeys).spaces, 0U);
  EXPECT_THAT(FilesWith(dir_.path(), ""), IsEmpty());
}

TEST_P(SealedSpaceTest, WhatThePreviousKeySealedIsRead) {
  Store("a", GetParam());
  Save();
  const SecretKeys rotated{kOtherKeys.current, kKeys.current};
  EXPECT_EQ(Restart(&rotated).spaces, 1U);
  Store("a", 1);
  Save();
  EXPECT_EQ(Restart(&kOtherKeys).spaces, 1U);
}

INSTANTIATE_TEST_SUITE_P(Sizes, SealedSpaceTest, testing::Values(kInMemory, kInAFile));

class SealedFileTest : public testing::Test {
 protected:
  void Write(const std::string& text) const {
    auto writer = SnapshotWriter::Create(path_, &kKeys);
    ASSERT_TRUE(writer.ok());
    for (std::size_t at = 0; at < text.size(); at += 100'000) {
      writer->Write(text.data() + at, std::min<std::size_t>(100'000, text.size() - at));
    }
    ASSERT_TRUE(writer->Commit().ok());
  }
  std::optional<std::string> Read() const {
    auto reader = SnapshotReader::Open(path_, &kKeys);
    if (!reader.ok() || reader->left() < sizeof(std::uint64_t)) return std::nullopt;
    std::string text(reader->left() - sizeof(std::uint64_t), '\0');
    if (!reader->Read(text.data(), text.size()) || !reader->EndsWhole()) return std::nullopt;
    return text;
  }
  const TempDir dir_;
  const std::string path_ = dir_.path() + "/snapshot";
};

TEST_F(SealedFileTest, ReadsBackAnyLength) {
  constexpr std::size_t kChecksum = sizeof(std::uint64_t);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, kPieceBytes - kChecksum, kPieceBytes - kChecksum + 1,
        2 * kPieceBytes - kChecksum, 3 * kPieceBytes}) {
    const std::string text(size, 'x');
    Write(text);
    EXPECT_TRUE(Read() == text) << size;
  }
}

TEST_F(SealedFileTest, NothingThatWasAlteredCutOrMovedIsRead) {
  const std::string text(3 * kPieceBytes, 'x');
  Write(text);
  const std::string bytes = ReadBytes(path_);
  const std::size_t piece = kPieceBytes + SecretBox::kOverhead;
  for (const std::size_t at :
       {std::size_t{9}, std::size_t{20}, kSealedHeadBytes, bytes.size() / 2, bytes.size() - 1}) {
    WriteBytes(path_, WithFlippedBit(bytes, at, 0));
    EXPECT_EQ(Read(), std::nullopt) << at;
  }
  // Cut behind a whole piece, and its pieces in another order.
  WriteBytes(path_, bytes.substr(0, kSealedHeadBytes + 2 * piece));
  EXPECT_EQ(Read(), std::nullopt);
  WriteBytes(path_, bytes.substr(0, kSealedHeadBytes) +
                        bytes.substr(kSealedHeadBytes + piece, piece) +
                        bytes.substr(kSealedHeadBytes, piece) +
                        bytes.substr(kSealedHeadBytes + 2 * piece));
  EXPECT_EQ(Read(), std::nullopt);
  // A piece of another file of the same key.
  Write(text);
  const std::string other = ReadBytes(path_);
  WriteBytes(path_, other.substr(0, kSealedHeadBytes) + bytes.substr(kSealedHeadBytes, piece) +
                        other.substr(kSealedHeadBytes + piece));
  EXPECT_EQ(Read(), std::nullopt);
  WriteBytes(path_, other);
  EXPECT_TRUE(Read() == text);
}

}  // namespace
}  // namespace larder
