#include "cache/entry_catalog.h"

#include <gtest/gtest.h>

#include "cache/embedding_cache.h"
#include "cache/memory_store.h"
#include "tests/cache/entries.h"
#include "tests/support/faulty_store.h"

namespace larder {
namespace {

class EntryCatalogTest : public testing::Test {
 protected:
  static constexpr int kEntries = 40;

  EntryCatalogTest() {
    for (int i = 0; i < kEntries; ++i) {
      const NewEmbedding added = MakeEmbedding(i);
      EXPECT_TRUE(embeddings_.Put({&added, 1}).ok());
    }
  }
  static bool Everything(const CatalogEntry& /*entry*/) { return true; }
  EntryCatalog::Page Scan(const std::optional<CacheKey>& after, EntryCatalog::Bounds bounds) const {
    auto page = catalog_.Scan(EntryLayer::kEmbeddings, after, bounds, Everything);
    EXPECT_TRUE(page.ok());
    return page.ok() ? std::move(page).value() : EntryCatalog::Page();
  }

  ManualClock clock_;
  MemoryStore memory_;
  FaultyStore store_{memory_};
  EmbeddingCache embeddings_{store_, clock_, {}};
  ResponseCache responses_{store_, {}};
  EntryCatalog catalog_{store_, clock_};
};

TEST_F(EntryCatalogTest, PagesShowEveryEntryOnceInTheOrderOfKeys) {
  std::vector<CacheKey> seen;
  std::optional<CacheKey> after;
  int pages = 0;
  do {
    const auto page = Scan(after, {.entries = 7});
    for (const CatalogEntry& entry : page.entries) seen.push_back(entry.key);
    after = page.last;
    ++pages;
  } while (after);
  EXPECT_EQ(seen.size(), kEntries);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
  EXPECT_EQ(pages, 6);
}

TEST_F(EntryCatalogTest, APageEndsWhenEnoughWasLookedAt) {
  const auto page = catalog_.Scan(EntryLayer::kEmbeddings, std::nullopt, {.scanned = 11},
                                  [](const CatalogEntry&) { return false; });
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->scanned, 11U);
  EXPECT_TRUE(page->entries.empty());
  EXPECT_TRUE(page->last.has_value());
}

TEST_F(EntryCatalogTest, APageEndsWhenItsBytesOrItsTimeAreUsed) {
  EXPECT_EQ(Scan(std::nullopt, {.bytes = 1}).entries.size(), 1U);
  const auto page =
      catalog_.Scan(EntryLayer::kEmbeddings, std::nullopt, {}, [this](const CatalogEntry&) {
        clock_.Advance(std::chrono::milliseconds(100));
        return true;
      });
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->scanned, 3U);
}

TEST_F(EntryCatalogTest, ThePageThatEndsWithTheLastEntryHasNothingBehindIt) {
  const auto page = Scan(std::nullopt, {.entries = kEntries});
  EXPECT_EQ(page.entries.size(), kEntries);
  EXPECT_FALSE(page.last.has_value());
}

TEST_F(EntryCatalogTest, AnEntryTellsWhereItBelongsAndItsVectorWhenAsked) {
  const auto found = catalog_.Find(EntryLayer::kEmbeddings, KeyOf(3));
  ASSERT_TRUE(found.ok() && *found);
  EXPECT_EQ((*found)->input.input, "text 3");
  EXPECT_EQ((*found)->input.partition, "tenant-a");
  ASSERT_TRUE((*found)->embedding);
  EXPECT_EQ((*found)->embedding->float32, MakeEmbedding(3).entry->float32);
  EXPECT_GT((*found)->bytes, 100U);
  EXPECT_EQ((*found)->stamp.stored_at, StampForDays().stored_at);
  EXPECT_FALSE(Scan(std::nullopt, {.entries = 1}).entries.at(0).embedding);
  const auto facts = (*found)->Facts();
  EXPECT_EQ(facts.text, "text 3");
  EXPECT_EQ(facts.key, KeyOf(3));
}

TEST_F(EntryCatalogTest, AnAnswerIsFoundWhole) {
  ASSERT_TRUE(responses_.Put(KeyOf(1), MakeResponse("the body")).ok());
  const auto found = catalog_.Find(EntryLayer::kResponses, KeyOf(1));
  ASSERT_TRUE(found.ok() && *found);
  EXPECT_EQ((*found)->response.body, "the body");
  EXPECT_EQ((*found)->Facts().model, "model-1");
  const auto absent = catalog_.Find(EntryLayer::kResponses, KeyOf(2));
  EXPECT_TRUE(absent.ok() && !*absent);
}

TEST_F(EntryCatalogTest, PassesOverWhatIsDamaged) {
  WriteBatch batch;
  batch.Put(Family::kInputs, AsBytes(KeyOf(1)), "no record");
  batch.Put(Family::kEmbeddings, AsBytes(KeyOf(2)), "no record");
  batch.Delete(Family::kEmbeddings, AsBytes(KeyOf(3)));
  batch.Put(Family::kInputs, "no key", "no record");
  ASSERT_TRUE(memory_.Apply(batch).ok());
  EXPECT_EQ(Scan(std::nullopt, {.with_vectors = true}).entries.size(), kEntries - 3);
  for (const int number : {1, 2, 3}) {
    const auto found = catalog_.Find(EntryLayer::kEmbeddings, KeyOf(number));
    EXPECT_TRUE(found.ok() && !*found) << number;
  }
}

TEST_F(EntryCatalogTest, TellsWhetherAKeyBeginsWithDigits) {
  const std::string hex = ToHex(KeyOf(5));
  for (const std::size_t digits : {8, 9, 63, 64}) {
    EXPECT_TRUE(catalog_.HasKeyWith(EntryLayer::kEmbeddings, hex.substr(0, digits)).value());
    EXPECT_FALSE(catalog_.HasKeyWith(EntryLayer::kResponses, hex.substr(0, digits)).value());
  }
  EXPECT_FALSE(catalog_.HasKeyWith(EntryLayer::kEmbeddings, "ffffffffffff").value());
}

TEST_F(EntryCatalogTest, CountsEntries) {
  EXPECT_EQ(catalog_.CountOf(EntryLayer::kEmbeddings), static_cast<std::uint64_t>(kEntries));
  EXPECT_EQ(catalog_.CountOf(EntryLayer::kResponses), 0U);
}

TEST_F(EntryCatalogTest, AStoreThatFailsIsAnError) {
  store_.FailReads(true);
  const auto page = catalog_.Scan(EntryLayer::kEmbeddings, std::nullopt, {}, Everything);
  EXPECT_EQ(page.error().code, ErrorCode::kIo);
  EXPECT_FALSE(catalog_.Find(EntryLayer::kEmbeddings, KeyOf(1)).ok());
  EXPECT_FALSE(catalog_.HasKeyWith(EntryLayer::kEmbeddings, "00000000").ok());
}

}  // namespace
}  // namespace larder
