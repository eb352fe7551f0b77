// Snapshots that are not what was saved: none is taken for one.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <string>

#include "base/checksum.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vector_samples.h"
#include "vector/vector_space.h"

namespace larder {
namespace {

constexpr std::size_t kDim = 4;
// Where things stand in a snapshot: docs/on_disk_format.md.
constexpr std::size_t kVersionAt = 8;
constexpr std::size_t kRowsInAt = 14;
constexpr std::size_t kSizeAt = 32;
constexpr std::size_t kFileLengthAt = 48;
constexpr std::size_t kFileAt = 52;

template <typename T>
T NumberAt(const std::string& bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}
template <typename T>
std::string WithNumber(std::string bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(value));
  return bytes;
}
std::size_t HeaderEnd(const std::string& bytes) {
  return kFileAt + NumberAt<std::uint32_t>(bytes, kFileLengthAt);
}
// Both checksums made right again.
std::string Resealed(std::string bytes) {
  const std::size_t head = HeaderEnd(bytes);
  bytes = WithNumber(std::move(bytes), head, ChecksumOf(std::string_view(bytes).substr(0, head)));
  const std::size_t end = bytes.size() - sizeof(std::uint64_t);
  return WithNumber(std::move(bytes), end, ChecksumOf(std::string_view(bytes).substr(0, end)));
}

// Storage and points: 4,200 have their vectors in a file.
class SpaceDamageTest : public testing::TestWithParam<std::tuple<Storage, std::size_t>> {
 protected:
  SpaceDamageTest() { whole_ = SaveInto(dir_, 1); }

  static std::size_t count() { return std::get<1>(GetParam()); }
  static VectorSpace::Options Options(const TempDir& dir) {
    return {.dim = kDim,
            .storage = std::get<0>(GetParam()),
            .m = 4,
            .ef_construction = 20,
            .exact_below = 50,
            .directory = dir.path()};
  }
  // The bytes of the snapshot of a space with a graph, a tail and some that were removed.
  static std::string SaveInto(const TempDir& dir, std::uint64_t seed) {
    const auto space = std::move(VectorSpace::Create(Options(dir))).value();
    VectorSamples samples(seed);
    for (std::size_t i = 0; i < count(); ++i) {
      EXPECT_TRUE(space->Upsert({std::to_string(10'000 + i), samples.Random(kDim)}).ok());
      if (i == count() * 3 / 4) {
        while (space->Work(100)) {
        }
      }
    }
    for (std::size_t i = 0; i < 20; ++i) EXPECT_TRUE(space->Remove(std::to_string(10'010 + i)));
    EXPECT_TRUE(space->Save(dir.path() + "/snapshot", 1).ok());
    return ReadBytes(dir.path() + "/snapshot");
  }
  std::string Path() const { return dir_.path() + "/snapshot"; }
  Result<VectorSpace::Loaded> Load() const { return VectorSpace::Load(Path(), Options(dir_)); }
  void ExpectLoads() const {
    const auto loaded = Load();
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    EXPECT_EQ(loaded->space->size(), count() - 20);
  }
  void ExpectUnusable(const std::string& what) const {
    const auto loaded = Load();
    ASSERT_FALSE(loaded.ok()) << what;
    EXPECT_EQ(loaded.error().code, ErrorCode::kCorruption) << what;
    EXPECT_EQ(loaded.error().origin, ErrorOrigin::kIndex);
    EXPECT_FALSE(loaded.error().message.empty());
  }
  void ExpectUnusable(const std::string& bytes, const std::string& what) const {
    WriteBytes(Path(), bytes);
    ExpectUnusable(what);
  }

  const TempDir dir_;
  std::string whole_;
};

TEST_P(SpaceDamageTest, AWholeOneLoads) {
  ExpectLoads();
  WriteBytes(Path(), Resealed(whole_));
  ExpectLoads();
}

TEST_P(SpaceDamageTest, AMissingOneIsNotFound) {
  std::filesystem::remove(Path());
  EXPECT_EQ(Load().error().code, ErrorCode::kNotFound);
}

TEST_P(SpaceDamageTest, OneThatWasCutIsNotUsed) {
  for (std::size_t length = 0; length < 200; ++length) {
    ExpectUnusable(whole_.substr(0, length), "cut to " + std::to_string(length));
  }
  for (std::size_t part = 1; part < 40; ++part) {
    ExpectUnusable(whole_.substr(0, whole_.size() * part / 40), std::to_string(part) + " of 40");
  }
  for (std::size_t missing = 1; missing < 20; ++missing) {
    ExpectUnusable(whole_.substr(0, whole_.size() - missing), std::to_string(missing) + " less");
  }
}

TEST_P(SpaceDamageTest, OneThatWasExtendedIsNotUsed) {
  ExpectUnusable(whole_ + '\0', "a byte more");
  ExpectUnusable(whole_ + whole_, "twice");
}

TEST_P(SpaceDamageTest, OneWithAFlippedBitIsNotUsed) {
  for (std::size_t byte = 0; byte < HeaderEnd(whole_) + 32; ++byte) {
    ExpectUnusable(WithFlippedBit(whole_, byte, byte % 8), "bit in " + std::to_string(byte));
  }
  VectorSamples samples(2);
  for (int i = 0; i < 200; ++i) {
    const std::size_t byte = samples.Below(whole_.size());
    ExpectUnusable(WithFlippedBit(whole_, byte, static_cast<unsigned>(samples.Below(8))),
                   "bit in " + std::to_string(byte));
  }
}

TEST_P(SpaceDamageTest, OneWithARegionOfZerosOrOfAnotherPlaceIsNotUsed) {
  for (std::size_t part = 0; part < 16; ++part) {
    const std::size_t begin = whole_.size() * part / 16;
    const std::size_t length = whole_.size() / 16;
    std::string damaged = whole_;
    damaged.replace(begin, length, std::string(length, '\0'));
    ExpectUnusable(damaged, "zeros in part " + std::to_string(part));
    damaged = whole_;
    damaged.replace(begin, length, whole_, whole_.size() * (15 - part) / 16, length);
    if (damaged != whole_) ExpectUnusable(damaged, "another part " + std::to_string(part));
  }
}

TEST_P(SpaceDamageTest, WhatIsNoSnapshotAtAllIsNotUsed) {
  ExpectUnusable(std::string(100'000, 'x'), "other bytes");
  ExpectUnusable("LARDERVS", "the magic alone");
  std::filesystem::remove(Path());
  std::filesystem::create_directory(Path());
  ExpectUnusable("a directory");
}

TEST_P(SpaceDamageTest, OneOfAnotherVersionIsNotUsed) {
  for (const std::uint32_t version : {0U, 77U, ~0U}) {
    ExpectUnusable(Resealed(WithNumber(whole_, kVersionAt, version)), std::to_string(version));
  }
}

TEST_P(SpaceDamageTest, OneOfOtherOptionsIsNotUsed) {
  const auto expect = [&](const char* what, auto change) {
    VectorSpace::Options options = Options(dir_);
    change(options);
    const auto loaded = VectorSpace::Load(Path(), options);
    ASSERT_FALSE(loaded.ok()) << what;
    EXPECT_EQ(loaded.error().code, ErrorCode::kCorruption) << what;
  };
  expect("dim", [](auto& options) { options.dim = 5; });
  expect("m", [](auto& options) { options.m = 5; });
  expect("metric", [](auto& options) { options.metric = Metric::kDot; });
  for (const Storage storage : {Storage::kFloat32, Storage::kBf16, Storage::kInt8}) {
    if (storage == Options(dir_).storage) continue;
    expect("storage", [&](auto& options) { options.storage = storage; });
  }
  ExpectLoads();
}

TEST_P(SpaceDamageTest, LinksThatLeadNowhereAreNotFollowed) {
  const std::size_t graph = HeaderEnd(whole_) + sizeof(std::uint64_t);
  const std::size_t row = graph + 2 * sizeof(std::uint64_t);
  const auto linked = NumberAt<std::uint64_t>(whole_, graph);
  ASSERT_EQ(linked, count() * 3 / 4 + 1);
  const auto links = NumberAt<std::uint32_t>(whole_, row);
  ASSERT_GE(links, 1U);
  ASSERT_LE(links, 8U);
  for (const std::uint32_t link : {0x7fffffffU, ~0U, static_cast<std::uint32_t>(count())}) {
    ExpectUnusable(Resealed(WithNumber(whole_, row + 4, link)), "link " + std::to_string(link));
    ExpectUnusable(Resealed(WithNumber(whole_, row + 4 * links, link)), "the last link");
  }
  for (const std::uint32_t length : {9U, 64U, ~0U}) {
    ExpectUnusable(Resealed(WithNumber(whole_, row, length)), "length " + std::to_string(length));
  }
  for (const std::uint64_t more :
       {std::uint64_t{0}, std::uint64_t{count() + 1}, ~std::uint64_t{0}}) {
    ExpectUnusable(Resealed(WithNumber(whole_, graph, more)), "linked " + std::to_string(more));
  }
  for (const std::uint64_t entry : {std::uint64_t{0}, std::uint64_t{40} << 32, ~std::uint64_t{0},
                                    std::uint64_t{1} << 32 | 0xffff'ffff}) {
    ExpectUnusable(Resealed(WithNumber(whole_, graph + 8, entry)), "entry");
  }
}

TEST_P(SpaceDamageTest, SizesThatAreNotThoseOfTheFileAreNotUsed) {
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{count() - 1}, std::uint64_t{count() + 1},
        std::uint64_t{whole_.size() / 2}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    ExpectUnusable(Resealed(WithNumber(whole_, kSizeAt, size)), std::to_string(size));
  }
  for (const std::uint8_t rows_in : {0, 1, 2}) {
    if (rows_in == NumberAt<std::uint8_t>(whole_, kRowsInAt)) continue;
    ExpectUnusable(Resealed(WithNumber(whole_, kRowsInAt, rows_in)), "rows in");
  }
}

TEST_P(SpaceDamageTest, NothingBehindTheRowsMakesItCrash) {
  // Levels, upper layers, live bits, ids and vectors in the snapshot, at random with right
  // checksums: an error or a space that can be used.
  VectorSamples samples(3);
  const std::size_t behind = count() * (1 + 7) + count() / 8;
  for (int i = 0; i < (count() > 1'000 ? 30 : 300); ++i) {
    std::string damaged = whole_;
    for (std::size_t n = 0; n <= samples.Below(3); ++n) {
      damaged = WithFlippedBit(std::move(damaged), damaged.size() - 9 - samples.Below(behind),
                               static_cast<unsigned>(samples.Below(8)));
    }
    WriteBytes(Path(), Resealed(std::move(damaged)));
    const auto loaded = Load();
    if (!loaded.ok()) continue;
    VectorSpace& space = *loaded->space;
    EXPECT_EQ(space.Ids().size(), space.size());
    for (int search = 0; search < 3; ++search) {
      EXPECT_TRUE(space.Search(samples.Random(kDim), {.k = 10}).ok());
    }
    space.Work(20);
    EXPECT_TRUE(space.Upsert({"new", samples.Random(kDim)}).ok());
  }
}

INSTANTIATE_TEST_SUITE_P(All, SpaceDamageTest,
                         testing::Values(std::tuple(Storage::kFloat32, std::size_t{300}),
                                         std::tuple(Storage::kInt8, std::size_t{300}),
                                         std::tuple(Storage::kBf16, std::size_t{4'200})),
                         [](const auto& info) {
                           return std::string(StorageName(std::get<0>(info.param))) + "_" +
                                  std::to_string(std::get<1>(info.param));
                         });

class VectorFileDamageTest : public SpaceDamageTest {
 protected:
  VectorFileDamageTest() : file_(FileIn(dir_)), vectors_(ReadBytes(file_)) {}
  static std::string FileIn(const TempDir& dir) {
    for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
      if (entry.path().extension() == ".f32") return entry.path().string();
    }
    ADD_FAILURE() << "no vector file";
    return {};
  }

  std::string file_;
  std::string vectors_;
};

TEST_P(VectorFileDamageTest, ASnapshotWithoutItsVectorsIsNotUsed) {
  std::filesystem::remove(file_);
  ExpectUnusable("no file");
}

TEST_P(VectorFileDamageTest, VectorsThatWereCutAreNotUsed) {
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{1}, vectors_.size() / 2, vectors_.size() - 1}) {
    WriteBytes(file_, vectors_.substr(0, length));
    ExpectUnusable("cut to " + std::to_string(length));
  }
  WriteBytes(file_, vectors_ + "more of them");
  ExpectLoads();
}

TEST_P(VectorFileDamageTest, VectorsWithAFlippedBitAreNotUsed) {
  VectorSamples samples(4);
  for (int i = 0; i < 50; ++i) {
    WriteBytes(file_, WithFlippedBit(vectors_, samples.Below(vectors_.size()), 3));
    ExpectUnusable("flipped");
  }
  WriteBytes(file_, WithFlippedBit(vectors_, 0, 0));
  ExpectUnusable("the first");
  WriteBytes(file_, WithFlippedBit(vectors_, vectors_.size() - 1, 7));
  ExpectUnusable("the last");
}

TEST_P(VectorFileDamageTest, VectorsOrASnapshotOfAnotherSpaceAreNotUsed) {
  const TempDir other;
  const std::string snapshot = SaveInto(other, 99);
  WriteBytes(file_, ReadBytes(FileIn(other)));
  ExpectUnusable("other vectors");
  WriteBytes(file_, vectors_);
  ExpectUnusable(snapshot, "another snapshot");
  WriteBytes(Path(), whole_);
  ExpectLoads();
}

TEST_P(VectorFileDamageTest, VectorsAreLookedForInTheDirectoryAlone) {
  const std::size_t length = HeaderEnd(whole_) - kFileAt;
  for (const std::string& name : {"../" + std::string(length - 3, 'x'), std::string(length, '.'),
                                  std::string(length, '\0'), std::string(length, '/')}) {
    std::string damaged = whole_;
    damaged.replace(kFileAt, length, name);
    ExpectUnusable(Resealed(damaged), "name");
  }
}

INSTANTIATE_TEST_SUITE_P(All, VectorFileDamageTest,
                         testing::Values(std::tuple(Storage::kInt8, std::size_t{4'200})),
                         [](const auto&) { return std::string("int8"); });

}  // namespace
}  // namespace larder
