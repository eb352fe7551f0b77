#include <gtest/gtest.h>

#include "cache/response_cache.h"
#include "tests/cache/entries.h"

namespace larder {
namespace {

ResponseEntry Stream() {
  ResponseEntry entry;
  entry.fields = {{"content-type", "text/event-stream"}};
  entry.body = "data: [DONE]\n\n";
  entry.is_stream = true;
  entry.partition = "tenant-a";
  entry.name_space = "docs";
  entry.upstream = "openai";
  entry.model = "gpt-4o";
  entry.path = "/v1/chat/completions";
  entry.prompt_tokens = 12;
  entry.completion_tokens = 34;
  entry.stamp = {ManualClock().Now(), std::chrono::hours(1)};
  return entry;
}

// Computed apart from this code (see record_test.cc for the envelope); the payload is pack("<HBqq",
// status, flags, prompt tokens, completion tokens) + P(partition) + P(namespace) + P(upstream) +
// P(model) + P(path) + pack("<H", fields) + (P(name) + P(value))... + P(body).
TEST(ResponseRecordTest, HasTheGoldenBytesOfVersion1) {
  EXPECT_EQ(
      EncodeResponse(Stream()),
      FromHex(
          "01030000100e000000a8da769b0100004cb0e226b0ed583ac800010c000000000000002200000000000000"
          "0800000074656e616e742d6104000000646f6373060000006f70656e6169060000006770742d346f140000"
          "002f76312f636861742f636f6d706c6574696f6e7301000c000000636f6e74656e742d7479706511000000"
          "746578742f6576656e742d73747265616d0e000000646174613a205b444f4e455d0a0a"));
}

TEST(ResponseRecordTest, KeepsEveryField) {
  const ResponseEntry entry = Stream();
  const auto decoded = DecodeResponse(EncodeResponse(entry));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->status, entry.status);
  EXPECT_EQ(decoded->fields, entry.fields);
  EXPECT_EQ(decoded->body, entry.body);
  EXPECT_EQ(decoded->is_stream, entry.is_stream);
  EXPECT_EQ(decoded->partition, entry.partition);
  EXPECT_EQ(decoded->name_space, entry.name_space);
  EXPECT_EQ(decoded->upstream, entry.upstream);
  EXPECT_EQ(decoded->model, entry.model);
  EXPECT_EQ(decoded->path, entry.path);
  EXPECT_EQ(decoded->prompt_tokens, entry.prompt_tokens);
  EXPECT_EQ(decoded->completion_tokens, entry.completion_tokens);
  EXPECT_EQ(decoded->stamp.stored_at, entry.stamp.stored_at);
  EXPECT_EQ(decoded->stamp.lifetime, entry.stamp.lifetime);
}

TEST(ResponseRecordTest, KeepsRepeatedFieldsInOrderAndBinaryBodies) {
  ResponseEntry entry = Stream();
  entry.is_stream = false;
  entry.status = 599;
  entry.fields = {{"b", "1"}, {"a", ""}, {"b", "2"}};
  entry.body = std::string("\0\xff\r\n\0", 5);
  const auto decoded = DecodeResponse(EncodeResponse(entry));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->fields, entry.fields);
  EXPECT_EQ(decoded->body, entry.body);
  EXPECT_EQ(decoded->status, 599);
  EXPECT_FALSE(decoded->is_stream);
}

TEST(ResponseRecordTest, AnEmptyEntryIsARecord) {
  const auto decoded = DecodeResponse(EncodeResponse(ResponseEntry{}));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->prompt_tokens, -1);
  EXPECT_TRUE(decoded->fields.empty());
  EXPECT_EQ(decoded->body, "");
}

TEST(ResponseRecordTest, EveryFlippedByteAndEveryTruncationIsNoticed) {
  ExpectEveryDamageIsNoticed(EncodeResponse(Stream()),
                             [](std::string_view bytes) { return DecodeResponse(bytes); });
}

TEST(ResponseRecordTest, RefusesAWholeEnvelopeAroundABrokenPayload) {
  const std::string whole = EncodeResponse(Stream()).substr(kRecordHeaderBytes);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto decoded =
        DecodeResponse(SealRecord(RecordKind::kResponse, StampForDays(), whole.substr(0, size)));
    ASSERT_FALSE(decoded.ok()) << "payload cut to " << size;
    ASSERT_EQ(decoded.error().code, ErrorCode::kCorruption);
  }
  EXPECT_FALSE(DecodeResponse(SealRecord(RecordKind::kResponse, StampForDays(), whole + "x")).ok());
}

TEST(ResponseRecordTest, RefusesAnotherKind) {
  const auto decoded = DecodeResponse(EncodeEmbedding(*MakeEmbedding(1).entry));
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.error().code, ErrorCode::kCorruption);
}

}  // namespace
}  // namespace larder
