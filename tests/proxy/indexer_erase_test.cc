// What the search index keeps of texts that were forgotten.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "cache/memory_store.h"
#include "proxy/search/indexer.h"
#include "tests/support/directory_scan.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_dir.h"

namespace larder {
namespace {

using testing::IsEmpty;
using testing::Not;

constexpr std::chrono::seconds kLifetime{30 * 86400};
// Of unit length, so that they are on the disk as they are here.
const std::vector<float> kForgotten = {0.6F, 0.8F, 0, 0};
const std::vector<float> kKept = {0, 0, 0.8F, 0.6F};

class IndexerEraseTest : public testing::Test {
 protected:
  IndexerEraseTest() : cache_(store_, clock_, {}) { Restart(); }
  void Restart(IndexerOptions options = {}) {
    indexer_.reset();
    spaces_ = std::make_unique<SpaceSet>(SpaceSet::Options{.directory = dir_.path() + "/texts"});
    indexer_ = std::make_unique<Indexer>(store_, clock_, *spaces_, kLifetime, options);
    cache_.set_observer([this](const NewEmbedding& added) { indexer_->Enqueue(added); });
  }
  void Put(const std::string& text, const std::vector<float>& vector) {
    auto entry = std::make_shared<EmbeddingEntry>();
    entry->float32 = vector;
    entry->stamp = {clock_.Now(), kLifetime};
    InputRecord input;
    input.model = "m";
    input.dim = static_cast<std::uint32_t>(vector.size());
    input.input = text;
    const NewEmbedding added{Sha256Of(text), entry, input};
    ASSERT_TRUE(cache_.Put({&added, 1}).ok());
  }
  void Forget(const std::string& text) {
    const CacheKey key = Sha256Of(text);
    ASSERT_TRUE(cache_.Erase({&key, 1}).ok());
    indexer_->Forget(Indexer::SpaceOf("", "", "", "m", 4), key);
  }
  void WaitUntilIndexed(std::size_t count) const {
    const MonoTime deadline = SystemClock().Monotonic() + std::chrono::seconds(10);
    while (!indexer_->ready() || indexer_->queued() > 0 || spaces_->size() != count) {
      ASSERT_LT(SystemClock().Monotonic(), deadline);
      std::this_thread::yield();
    }
  }
  std::vector<std::string> FilesWithVector(const std::vector<float>& vector) const {
    return FilesWith(dir_.path(), BytesOfMiddle(vector));
  }
  static bool Always() { return true; }

  TempDir dir_;
  ManualClock clock_;
  MemoryStore store_;
  EmbeddingCache cache_;
  std::unique_ptr<SpaceSet> spaces_;
  std::unique_ptr<Indexer> indexer_;
};

TEST_F(IndexerEraseTest, NothingIsLeftOfWhatWasForgotten) {
  Put("forgotten", kForgotten);
  Put("kept", kKept);
  indexer_->Start();
  WaitUntilIndexed(2);
  indexer_->Stop();
  ASSERT_THAT(FilesWithVector(kForgotten), Not(IsEmpty()));
  Restart();
  indexer_->Start();
  WaitUntilIndexed(2);
  Forget("forgotten");
  ASSERT_TRUE(indexer_->EraseForgotten(Always).ok());
  EXPECT_THAT(FilesWithVector(kForgotten), IsEmpty());
  EXPECT_THAT(FilesWithVector(kKept), Not(IsEmpty()));
  EXPECT_EQ(spaces_->size(), 1U);
}

TEST_F(IndexerEraseTest, WhatWasForgottenWhileItWaitedIsNeverIndexed) {
  Put("forgotten", kForgotten);  // waits: the thread has not started
  Forget("forgotten");
  Put("kept", kKept);
  indexer_->Start();
  WaitUntilIndexed(1);
  ASSERT_TRUE(indexer_->EraseForgotten(Always).ok());
  indexer_->Stop();
  EXPECT_THAT(FilesWithVector(kForgotten), IsEmpty());
}

TEST_F(IndexerEraseTest, WhoIsToldToWaitNoLongerDoesNot) {
  const Status erased = indexer_->EraseForgotten([] { return false; });  // and no thread
  ASSERT_FALSE(erased.ok());
  EXPECT_EQ(erased.error().code, ErrorCode::kCancelled);
}

TEST_F(IndexerEraseTest, WhenNothingIsIndexedSnapshotsOfEarlierRunsGo) {
  Put("forgotten", kForgotten);
  indexer_->Start();
  WaitUntilIndexed(1);
  indexer_->Stop();
  Restart({.index_cached_inputs = false});
  indexer_->Start();
  ASSERT_TRUE(indexer_->EraseForgotten(Always).ok());
  EXPECT_THAT(FilesWith(dir_.path(), ""), IsEmpty());
}

}  // namespace
}  // namespace larder
