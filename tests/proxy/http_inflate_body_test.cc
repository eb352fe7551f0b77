#include "proxy/http/inflate_body.h"

#include <gtest/gtest.h>

#include "proxy/http/byte_channel.h"
#include "tests/support/deflated.h"

namespace larder {
namespace {

using Got = std::pair<ReadState, std::string>;

// Reads until there is no more for now; each step stays within `step`.
Got Drain(BodySource& body, std::size_t step = 1000) {
  std::string bytes;
  while (true) {
    const std::size_t before = bytes.size();
    const ReadState state = body.TryRead(step, bytes);
    EXPECT_LE(bytes.size() - before, step);
    if (state != ReadState::kData) return {state, bytes};
    EXPECT_GT(bytes.size(), before);
  }
}

Got Inflate(std::string coded, ContentCoding coding = ContentCoding::kGzip,
            std::size_t step = 1000) {
  InflateBody body(std::make_shared<StringBody>(std::move(coded)), coding);
  const Got got = Drain(body, step);
  std::string more;
  EXPECT_EQ(body.TryRead(step, more), got.first);
  EXPECT_EQ(more, "");
  if (got.first == ReadState::kFailed) {
    EXPECT_EQ(body.error().code, ErrorCode::kInvalidReply);
  }
  return got;
}

// Neither short nor regular.
std::string Text() {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 7919 % 10'007);
  return text;
}

TEST(InflateBodyTest, DecodesGzipZlibAndBareDeflateAtAnyStep) {
  const std::string text = Text();
  for (const std::size_t step : {1UL, 7UL, 1000UL, 1UL << 20}) {
    EXPECT_EQ(Inflate(Deflate(text), ContentCoding::kGzip, step), Got(ReadState::kEnd, text));
    for (const Deflated kind : {Deflated::kZlib, Deflated::kBare}) {
      EXPECT_EQ(Inflate(Deflate(text, kind), ContentCoding::kDeflate, step),
                Got(ReadState::kEnd, text));
    }
  }
}

TEST(InflateBodyTest, NothingDecodesToNothing) {
  EXPECT_EQ(Inflate(""), Got(ReadState::kEnd, ""));
  EXPECT_EQ(Inflate(Deflate("")), Got(ReadState::kEnd, ""));
}

TEST(InflateBodyTest, SeveralMembersOfGzipAreOneBody) {
  EXPECT_EQ(Inflate(Deflate("a") + Deflate("") + Deflate("bc")), Got(ReadState::kEnd, "abc"));
}

TEST(InflateBodyTest, ADataStreamThatIsCutAnywhereFails) {
  const std::string text = "some text that is compressed, some text that is compressed";
  for (const auto& [coded, coding] :
       {std::pair(Deflate(text), ContentCoding::kGzip),
        std::pair(Deflate(text, Deflated::kZlib), ContentCoding::kDeflate),
        std::pair(Deflate(text, Deflated::kBare), ContentCoding::kDeflate)}) {
    for (std::size_t size = 1; size < coded.size(); ++size) {
      EXPECT_EQ(Inflate(coded.substr(0, size), coding).first, ReadState::kFailed) << size;
    }
  }
}

TEST(InflateBodyTest, AMemberThatIsCutFailsThoughOneWasWhole) {
  const std::string second = Deflate("b");
  for (std::size_t size = 1; size < second.size(); ++size) {
    EXPECT_EQ(Inflate(Deflate("a") + second.substr(0, size)).first, ReadState::kFailed) << size;
  }
}

TEST(InflateBodyTest, DamageAndWrongChecksumsAndLengthsFail) {
  const std::string coded = Deflate(Text());
  for (const std::size_t at :
       {0UL, 1UL, 2UL, coded.size() / 2, coded.size() - 8, coded.size() - 1}) {
    std::string damaged = coded;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    EXPECT_EQ(Inflate(damaged).first, ReadState::kFailed) << at;
  }
  EXPECT_EQ(Inflate("{\"plain\":1}").first, ReadState::kFailed);
  EXPECT_EQ(Inflate("{\"plain\":1}", ContentCoding::kDeflate).first, ReadState::kFailed);
}

TEST(InflateBodyTest, BytesBehindTheEndFail) {
  for (const std::string tail : {"x", "\n", "HTTP/1.1 200 OK\r\n\r\n"}) {
    EXPECT_EQ(Inflate(Deflate("a") + tail).first, ReadState::kFailed);
    EXPECT_EQ(Inflate(Deflate("a", Deflated::kZlib) + tail, ContentCoding::kDeflate).first,
              ReadState::kFailed);
  }
}

TEST(InflateBodyTest, WhatHasArrivedIsDecodedBeforeMoreComesAndTheWakerTellsOfMore) {
  const auto channel = std::make_shared<ByteChannel>(1 << 20);
  InflateBody body(channel, ContentCoding::kGzip);
  int woken = 0;
  body.SetWaker([&] { ++woken; });
  const std::string coded = Deflate("one") + Deflate("two");
  const std::size_t first = Deflate("one").size();
  channel->Write(coded.substr(0, 1));
  EXPECT_EQ(Drain(body), Got(ReadState::kWait, ""));
  channel->Write(coded.substr(1, first - 1));
  EXPECT_EQ(woken, 2);
  EXPECT_EQ(Drain(body), Got(ReadState::kWait, "one"));
  channel->Write(coded.substr(first));
  EXPECT_EQ(Drain(body), Got(ReadState::kWait, "two"));
  channel->Close(std::nullopt);
  EXPECT_EQ(Drain(body), Got(ReadState::kEnd, ""));
}

TEST(InflateBodyTest, ABodyThatBreaksOffFailsWithItsOwnErrorEvenBehindAWholeMember) {
  for (const std::string& coded : {std::string(), Deflate("one"), Deflate("one").substr(0, 12)}) {
    const auto channel = std::make_shared<ByteChannel>(1 << 20);
    channel->Write(coded);
    channel->Close(UpstreamError(ErrorCode::kDeadlineExceeded, "too slow"));
    InflateBody body(channel, ContentCoding::kGzip);
    EXPECT_EQ(Drain(body).first, ReadState::kFailed);
    EXPECT_EQ(body.error().code, ErrorCode::kDeadlineExceeded);
  }
}

TEST(InflateBodyTest, WhatExpandsMoreThan200TimesFailsAndWhatDoesSoLessIsDecoded) {
  for (const bool bomb : {true, false}) {
    std::string plain(8U << 20, '0');
    // A random byte every so often takes some two bytes of the coded.
    std::uint32_t state = 1;
    for (std::size_t i = 0; i < plain.size(); i += bomb ? 4096 : 128) {
      plain[i] = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    }
    const std::string coded = Deflate(plain);
    ASSERT_EQ(plain.size() / coded.size() > 200, bomb) << coded.size();
    InflateBody body(std::make_shared<StringBody>(coded), ContentCoding::kGzip);
    std::string out;
    ReadState read = ReadState::kData;
    while (read == ReadState::kData) read = body.TryRead(1U << 30, out);
    EXPECT_EQ(read, bomb ? ReadState::kFailed : ReadState::kEnd);
    if (bomb) {
      EXPECT_EQ(body.error().code, ErrorCode::kInvalidReply);
      EXPECT_LT(out.size(), plain.size() / 2);  // by its first 16 KiB, coded
    } else {
      EXPECT_EQ(out, plain);
    }
  }
}

TEST(InflateBodyTest, OfABombOnlyWhatIsReadIsDecoded) {
  class Counting final : public BodySource {
   public:
    explicit Counting(std::string bytes) : inner_(std::move(bytes)) {}
    ReadState TryRead(std::size_t max_bytes, std::string& out) override {
      const std::size_t before = out.size();
      const ReadState state = inner_.TryRead(max_bytes, out);
      taken += out.size() - before;
      return state;
    }
    void SetWaker(std::function<void()> /*waker*/) override {}
    Error error() const override { return inner_.error(); }
    std::size_t taken = 0;

   private:
    StringBody inner_;
  };
  const std::string coded = Deflate(std::string(256U << 20, '0'));
  ASSERT_LT(coded.size(), 300'000U);
  const auto source = std::make_shared<Counting>(coded);
  InflateBody body(source, ContentCoding::kGzip);
  std::string out;
  while (out.size() < 1U << 20) {
    ASSERT_EQ(body.TryRead(1U << 30, out), ReadState::kData);
  }
  EXPECT_LT(out.size(), 2U << 20);
  EXPECT_LE(source->taken, 16U * 1024);
}

}  // namespace
}  // namespace larder
