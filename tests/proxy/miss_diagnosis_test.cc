#include "proxy/insight/miss_diagnosis.h"

#include <gmock/gmock.h>

#include <thread>

namespace larder {
namespace {

CacheKey KeyNumber(int number) {
  return Sha256Of(std::to_string(number));
}

RequestShape Shape(const std::vector<std::pair<std::string, std::string>>& fields,
                   const std::string& content) {
  RequestShape shape;
  for (const auto& [name, value] : fields) shape.Add(name, value);
  shape.AddContent("messages", content);
  return shape;
}

constexpr auto kResponse = MissDiagnosis::Kind::kResponse;
constexpr auto kEmbedding = MissDiagnosis::Kind::kEmbedding;

class MissDiagnosisTest : public testing::Test {
 protected:
  MissDiagnosis::Diagnosis Judge(int key, const RequestShape& shape) {
    return diagnosis_.Judge(kResponse, KeyNumber(key), shape);
  }
  void Store(int key, const RequestShape& shape) {
    diagnosis_.NoteStored(kResponse, KeyNumber(key), shape);
  }

  MissDiagnosis diagnosis_{{1U << 20}};
};

TEST_F(MissDiagnosisTest, WhatIsLikeNothingIsCold) {
  Store(1, Shape({{"model", "m"}, {"top_p", "1"}}, "a"));
  EXPECT_EQ(Judge(2, Shape({{"model", "m"}, {"top_p", "1"}}, "b")).why, MissReason::kCold);
}

TEST_F(MissDiagnosisTest, NamesTheFieldThatChanged) {
  Store(1, Shape({{"model", "m"}, {"top_p", "1"}}, "a"));
  const auto judged = Judge(2, Shape({{"model", "m"}, {"top_p", "0.5"}}, "a"));
  EXPECT_EQ(judged.why, MissReason::kChanged);
  ASSERT_TRUE(judged.near.has_value());
  EXPECT_EQ(judged.near->field, "top_p");
  EXPECT_EQ(judged.near->key, KeyNumber(1));
}

TEST_F(MissDiagnosisTest, NamesAFieldThatWasAddedOrLeftOut) {
  Store(1, Shape({{"model", "m"}}, "a"));
  Store(2, Shape({{"model", "m"}, {"seed", "7"}, {"n", "1"}}, "b"));
  EXPECT_EQ(Judge(3, Shape({{"model", "m"}, {"seed", "7"}}, "a")).near->field, "seed");
  EXPECT_EQ(Judge(4, Shape({{"model", "m"}, {"n", "1"}}, "b")).near->field, "seed");
}

TEST_F(MissDiagnosisTest, TwoChangedFieldsAreAnotherRequest) {
  Store(1, Shape({{"model", "m"}, {"top_p", "1"}}, "a"));
  EXPECT_EQ(Judge(2, Shape({{"model", "n"}, {"top_p", "0.5"}}, "a")).why, MissReason::kCold);
}

TEST_F(MissDiagnosisTest, ContentThatDiffersInCaseOrSpaceAloneIsAChangedField) {
  Store(1, Shape({{"model", "m"}}, "At noon: hello"));
  const auto judged = Judge(2, Shape({{"model", "m"}}, "at  noon: hello\n"));
  EXPECT_EQ(judged.why, MissReason::kChanged);
  EXPECT_EQ(judged.near->field, "messages");
  EXPECT_TRUE(judged.near->normalised);
}

TEST_F(MissDiagnosisTest, WhatWasStoredAndIsGoneHasExpiredUnlessItIsKnownWhy) {
  const RequestShape shape = Shape({{"model", "m"}}, "a");
  Store(1, shape);
  EXPECT_EQ(Judge(1, shape).why, MissReason::kExpired);
  diagnosis_.NoteGone(kResponse, std::vector{KeyNumber(1)}, MissReason::kEvicted);
  EXPECT_EQ(Judge(1, shape).why, MissReason::kEvicted);
  diagnosis_.NoteGone(kResponse, std::vector{KeyNumber(1)}, MissReason::kPurged);
  EXPECT_EQ(Judge(1, shape).why, MissReason::kPurged);
  Store(1, shape);
  EXPECT_EQ(Judge(1, shape).why, MissReason::kExpired);
}

TEST_F(MissDiagnosisTest, APurgeOfEverythingTakesOneKindAlone) {
  const RequestShape shape = Shape({{"model", "m"}}, "a");
  Store(1, shape);
  diagnosis_.NoteStored(kEmbedding, KeyNumber(1), shape);
  diagnosis_.NoteAllPurged(kResponse);
  EXPECT_EQ(Judge(1, shape).why, MissReason::kPurged);
  EXPECT_EQ(diagnosis_.Judge(kEmbedding, KeyNumber(1), shape).why, MissReason::kExpired);
  EXPECT_EQ(Judge(2, RequestShape()).why, MissReason::kCold);
}

TEST_F(MissDiagnosisTest, EmbeddingsAreNotComparedWithResponses) {
  const RequestShape shape = Shape({{"model", "m"}}, "a");
  Store(1, shape);
  EXPECT_EQ(diagnosis_.Judge(kEmbedding, KeyNumber(2), shape).why, MissReason::kCold);
}

TEST_F(MissDiagnosisTest, WithoutAShapeItKnowsTheKeyAlone) {
  Store(1, RequestShape());
  EXPECT_EQ(Judge(1, RequestShape()).why, MissReason::kExpired);
  EXPECT_EQ(Judge(2, RequestShape()).why, MissReason::kCold);
}

TEST_F(MissDiagnosisTest, TheLatestAreRememberedAndMemoryIsBounded) {
  for (int i = 0; i < 50'000; ++i) {
    Store(i, Shape({{"model", "m"}, {"top_p", "1"}}, std::to_string(i) + "x"));
  }
  int known = 0;
  for (int i = 49'000; i < 50'000; ++i) {
    const RequestShape other = Shape({{"model", "m"}, {"top_p", "0.5"}}, std::to_string(i) + "x");
    if (Judge(-i, other).why == MissReason::kChanged) ++known;
  }
  EXPECT_GT(known, 800);
}

TEST(MissDiagnosisOffTest, CallsEveryMissCold) {
  MissDiagnosis off({0});
  const RequestShape shape = Shape({{"model", "m"}}, "a");
  off.NoteStored(kResponse, KeyNumber(1), shape);
  off.NoteGone(kResponse, std::vector{KeyNumber(1)}, MissReason::kPurged);
  EXPECT_EQ(off.Judge(kResponse, KeyNumber(1), shape).why, MissReason::kCold);
  EXPECT_FALSE(off.enabled());
}

TEST(MissDiagnosisThreadsTest, IsAskedAndToldByManyAtOnce) {
  MissDiagnosis diagnosis({1U << 18});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&diagnosis, t] {
      for (int i = 0; i < 2000; ++i) {
        const RequestShape shape =
            Shape({{"model", "m"}, {"f" + std::to_string(i % 300), "1"}}, std::to_string(i));
        diagnosis.NoteStored(kResponse, KeyNumber(i), shape);
        static_cast<void>(diagnosis.Judge(kResponse, KeyNumber(i + t), shape));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(diagnosis.Judge(kResponse, KeyNumber(1999), RequestShape()).why, MissReason::kExpired);
}

TEST_F(MissDiagnosisTest, WhatWasPurgedIsNotNamedAsNearOnceItIsForgotten) {
  Store(1, Shape({{"model", "m"}, {"top_p", "1"}}, "a"));
  Store(2, Shape({{"model", "n"}, {"top_p", "1"}}, "a"));
  const CacheKey gone = KeyNumber(1);
  diagnosis_.NoteGone(kResponse, {&gone, 1}, MissReason::kPurged);
  diagnosis_.ForgetPurged();
  EXPECT_EQ(Judge(3, Shape({{"model", "m"}, {"top_p", "0.5"}}, "a")).why, MissReason::kCold);
  EXPECT_EQ(Judge(3, Shape({{"model", "n"}, {"top_p", "0.5"}}, "a")).near->key, KeyNumber(2));
  EXPECT_EQ(Judge(1, Shape({{"model", "m"}, {"top_p", "1"}}, "a")).why, MissReason::kPurged);
}

}  // namespace
}  // namespace larder
