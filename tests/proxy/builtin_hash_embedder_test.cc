#include "proxy/upstream/builtin/hash_embedder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "proxy/upstream/builtin/words.h"

namespace larder {
namespace {

using Vector = std::vector<float>;

double Dot(const Vector& a, const Vector& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

double Similarity(std::string_view a, std::string_view b) {
  const HashEmbedder embedder;
  return Dot(embedder.Embed(a), embedder.Embed(b));
}

std::string DigestOf(const Vector& vector) {
  return ToHex(Sha256Of(
      {reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(vector.front())}));
}

TEST(FeatureHashTest, HasTheseValuesForEver) {
  EXPECT_EQ(FeatureHash(""), 0xEFD01F60BA992926U);
  EXPECT_EQ(FeatureHash("a"), 0x82A2A958A9BECE5BU);
  EXPECT_EQ(FeatureHash("copy"), 0x88977CF591B477ADU);
  EXPECT_EQ(FeatureHash(std::string("\0\xFF", 2)), 0xACB64F88D28B68B8U);
}

// The digests come from a second implementation, in Python with unbounded integers.
TEST(HashEmbedderTest, GivesTheseBytesForEver) {
  const std::string text = "Copying files between hosts, copies files";
  EXPECT_EQ(DigestOf(HashEmbedder().Embed(text)),
            "448b9b50361f6c6b556feccd16bd18e84bdbd6848f228500df272ab98fd7c0c7");
  EXPECT_EQ(DigestOf(HashEmbedder(8).Embed(text)),
            "b220cacdc962083b398ef6e5a72538e5076f339999ae115d1b9b5ff20eea480c");
  EXPECT_EQ(DigestOf(HashEmbedder().Embed("na\u00EFve \u201Cgr\u00F6\u00DFe\u201D")),
            "93b8013f198228cf667aafadcf5d1c75d71e1db00a5cda95bef63074f79b4f03");
}

TEST(HashEmbedderTest, GivesAUnitVectorForEveryTextAndEveryDimension) {
  const std::string texts[] = {"",
                               " ",
                               "!!!",
                               "the",
                               "x",
                               "\u4F60\u597D\u4E16\u754C",
                               "\xFF\xC3\x80\xE2",
                               "copy files",
                               std::string(10'000, 'a'),
                               "a b a b a b a b"};
  for (const std::size_t dimensions : {1U, 2U, 3U, 64U, 383U, 384U}) {
    const HashEmbedder embedder(dimensions);
    for (const std::string& text : texts) {
      const Vector vector = embedder.Embed(text);
      ASSERT_EQ(vector.size(), dimensions);
      EXPECT_NEAR(Dot(vector, vector), 1.0, 1e-6) << text << " in " << dimensions;
    }
  }
}

TEST(HashEmbedderTest, GivesTheFirstUnitVectorForAnEmptyText) {
  Vector first(384, 0.0F);
  first[0] = 1.0F;
  EXPECT_EQ(HashEmbedder().Embed(""), first);
  EXPECT_EQ(HashEmbedder().EmbedTokens({}), first);
}

TEST(HashEmbedderTest, IgnoresCaseAndPunctuationOnly) {
  EXPECT_EQ(HashEmbedder().Embed("Copy files!"), HashEmbedder().Embed("copy, FILES"));
  EXPECT_NE(HashEmbedder().Embed("copy files"), HashEmbedder().Embed("copy file"));
}

TEST(HashEmbedderTest, KeepsTextsWithoutWordsApart) {
  EXPECT_NE(HashEmbedder().Embed("!!!"), HashEmbedder().Embed("???"));
  EXPECT_NE(HashEmbedder().Embed("!!!"), HashEmbedder().Embed(""));
}

TEST(HashEmbedderTest, CountsStopWordsOnlyInATextOfNothingElse) {
  EXPECT_EQ(HashEmbedder().Embed("how do I copy the files"), HashEmbedder().Embed("copy files"));
  EXPECT_NE(HashEmbedder().Embed("the"), HashEmbedder().Embed("with"));
}

TEST(HashEmbedderTest, MovesInflectedFormsTogether) {
  EXPECT_GT(Similarity("copying files", "copy files"), 0.85);
  EXPECT_GT(Similarity("copied file", "copy files"), 0.7);
  EXPECT_GT(Similarity("moving a directory", "move directories"), 0.7);
}

TEST(HashEmbedderTest, KeepsUnrelatedTextsFar) {
  EXPECT_LT(std::abs(Similarity("copy files between hosts", "brew a cup of green tea")), 0.15);
  EXPECT_LT(std::abs(Similarity("quarterly revenue grew", "my dog likes long walks")), 0.15);
}

TEST(HashEmbedderTest, SeesTheOrderOfWords) {
  EXPECT_LT(Similarity("dog bites man", "man bites dog"), 0.99);
  EXPECT_GT(Similarity("dog bites man", "man bites dog"), 0.7);
}

TEST(HashEmbedderTest, FindsATypingErrorNear) {
  EXPECT_GT(Similarity("kubernetes", "kubernets"), 0.15);
  EXPECT_LT(std::abs(Similarity("kubernetes", "watercolour")), 0.15);
}

TEST(HashEmbedderTest, GrowsSlowerThanTheNumberOfRepetitions) {
  const std::string once = "apple pear";
  const std::string often = "apple apple apple apple apple apple apple apple apple pear";
  EXPECT_GT(Similarity(once, often), 0.6);
}

TEST(HashEmbedderTest, BringsSimilarTextsNearWithoutWhiteSpace) {
  const double near = Similarity("\u6771\u4EAC\u90FD\u5E81\u306F\u3069\u3053",
                                 "\u6771\u4EAC\u90FD\u5E81\u306E\u5834\u6240");
  const double far = Similarity("\u6771\u4EAC\u90FD\u5E81\u306F\u3069\u3053",
                                "\u7F8E\u5473\u3057\u3044\u3054\u98EF");
  EXPECT_GT(near, far + 0.1);
}

TEST(HashEmbedderTest, RanksTheExpectedManualPageFirst) {
  const std::string pages[] = {
      "scp - OpenSSH secure file copy",
      "rcp - copy files between hosts",
      "ls - list directory contents",
      "grep - print lines that match patterns",
      "tar - an archiving utility",
      "gzip - compress or expand files",
      "kill - send a signal to a process",
      "df - report file system space usage",
      "crontab - maintain crontab files for individual users",
      "ping - send ICMP ECHO_REQUEST to network hosts",
      "passwd - change user password",
      "sort - sort lines of text files",
      "mkdir - make directories",
      "chmod - change file mode bits",
  };
  const struct {
    std::string query;
    std::size_t page;
  } cases[] = {
      {"how do I copy files between hosts", 1},
      {"copying a file securely with OpenSSH", 0},
      {"listing the contents of a directory", 2},
      {"which lines match a pattern", 3},
      {"archive", 4},
      {"compressing files", 5},
      {"signal processes", 6},
      {"how much space does my file system use", 7},
      {"crontabs of a user", 8},
      {"changing passwords", 10},
      {"sorted lines", 11},
      {"making a directory", 12},
      {"change the mode of files", 13},
  };
  for (const std::size_t dimensions : {384U, 256U}) {
    const HashEmbedder embedder(dimensions);
    for (const auto& test : cases) {
      const Vector query = embedder.Embed(test.query);
      std::size_t best = 0;
      double best_score = -2;
      for (std::size_t i = 0; i < std::size(pages); ++i) {
        const double score = Dot(query, embedder.Embed(pages[i]));
        if (score > best_score) best = i;
        best_score = std::max(best_score, score);
      }
      EXPECT_EQ(pages[best], pages[test.page]) << test.query << " in " << dimensions;
    }
  }
}

TEST(HashEmbedderTest, TreatsEachTokenAsAWord) {
  const HashEmbedder embedder;
  const std::vector<std::int64_t> a = {9906, 1917, 0};
  const std::vector<std::int64_t> b = {9906, 1917, 1};
  const std::vector<std::int64_t> c = {7, 8, 9};
  EXPECT_EQ(embedder.EmbedTokens(a), embedder.EmbedTokens(a));
  EXPECT_GT(Dot(embedder.EmbedTokens(a), embedder.EmbedTokens(b)), 0.5);
  EXPECT_LT(Dot(embedder.EmbedTokens(a), embedder.EmbedTokens(c)), 0.3);
  EXPECT_NE(embedder.EmbedTokens(std::vector<std::int64_t>{5}), embedder.Embed("5"));
}

TEST(HashEmbedderTest, TakesATextOfMillionsOfFeatures) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i * 7919) + " ";
  const Vector vector = HashEmbedder().Embed(text);
  EXPECT_NEAR(Dot(vector, vector), 1.0, 1e-6);
}

TEST(WordsTest, AgreeOnTheStemOfInflectedForms) {
  const std::vector<std::vector<std::string>> families = {
      {"copy", "copies", "copied", "copying"},
      {"file", "files"},
      {"move", "moves", "moved", "moving"},
      {"run", "runs", "running"},
      {"process", "processes", "processing", "processed"},
      {"cache", "caches", "cached", "caching"},
      {"box", "boxes"},
      {"password", "passwords"},
      {"call", "calls", "called", "calling"},
  };
  for (const auto& family : families) {
    for (const std::string& word : family) {
      EXPECT_EQ(builtin::StemOf(word), builtin::StemOf(family.front())) << word;
    }
  }
}

TEST(WordsTest, KeepWordsThatOnlyLookInflected) {
  for (const std::string word :
       {"string", "king", "bus", "class", "this", "speed", "as", "1s", "h\u00F4tels"}) {
    EXPECT_EQ(builtin::StemOf(word), word);
  }
}

TEST(WordsTest, AreSplitAtSpacesAndPunctuationOfEveryAlphabet) {
  builtin::WordReader reader(
      "ECHO_request \u201CGr\u00F6\u00DFe\u201D\u2014x2\u3002\u4F60\u597D\u00A0!");
  std::vector<std::string> words;
  for (std::string word; reader.Next(word);) words.push_back(word);
  EXPECT_EQ(words,
            (std::vector<std::string>{"echo", "request", "gr\u00F6\u00DFe", "x2", "\u4F60\u597D"}));
}

}  // namespace
}  // namespace larder
