#include "proxy/http/inflate_body.h"

#include <zlib.h>

#include <algorithm>

namespace larder {
namespace {

constexpr std::size_t kStep = 16UL * 1024;

// More than kMostExpansion times its coded bytes, from kFreeBytes on, is no answer but a bomb: the
// format can do 1032 (RFC 1951), JSON and text stay below 50. The same bound as Apache httpd's
// DeflateInflateRatioLimit.
constexpr std::uint64_t kMostExpansion = 200;
constexpr std::uint64_t kFreeBytes = 1U << 20;

Error Damaged(std::string_view how) {
  return UpstreamError(ErrorCode::kInvalidReply,
                       "upstream: the compressed answer " + std::string(how));
}

// RFC 1950, section 2.2: the method is deflate, and the first two bytes are a multiple of 31.
bool IsZlibHeader(std::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes[0]);
  const auto second = static_cast<unsigned char>(bytes[1]);
  return (first & 0x0f) == 8 && (first * 256 + second) % 31 == 0;
}

}  // namespace

struct InflateBody::Inflater {
  z_stream stream{};
  bool ready = false;
  explicit Inflater(int window_bits) { ready = inflateInit2(&stream, window_bits) == Z_OK; }
  ~Inflater() {
    if (ready) inflateEnd(&stream);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

InflateBody::InflateBody(std::shared_ptr<BodySource> coded, ContentCoding coding)
    : coded_(std::move(coded)), coding_(coding) {}

InflateBody::~InflateBody() = default;

bool InflateBody::Start() {
  constexpr int kWindow = 15;
  int window_bits = kWindow + 16;  // zlib: gzip, and nothing else
  if (coding_ == ContentCoding::kDeflate) window_bits = IsZlibHeader(input_) ? kWindow : -kWindow;
  inflater_ = std::make_unique<Inflater>(window_bits);
  return inflater_->ready;
}

ReadState InflateBody::Fail(Error error) {
  error_ = std::move(error);
  inflater_ = nullptr;
  ended_ = ReadState::kFailed;
  return ReadState::kFailed;
}

std::optional<ReadState> InflateBody::Refill() {
  if (inflater_ != nullptr) input_.clear();
  switch (coded_->TryRead(kStep, input_)) {
    case ReadState::kData:
      break;
    case ReadState::kWait:
      return ReadState::kWait;
    case ReadState::kFailed:
      return Fail(coded_->error());
    case ReadState::kEnd:
      if (!whole_ && (inflater_ != nullptr || !input_.empty())) {
        return Fail(Damaged("broke off before its end"));
      }
      ended_ = ReadState::kEnd;
      return ReadState::kEnd;
  }
  if (inflater_ == nullptr) {
    if (input_.size() < 2) return std::nullopt;
    if (!Start()) {
      return Fail(Error{ErrorCode::kOverloaded, ErrorOrigin::kSelf,
                        "there is no memory to decompress upstream's answer; try again later"});
    }
  }
  coded_bytes_ += input_.size();
  inflater_->stream.next_in = reinterpret_cast<Bytef*>(input_.data());
  inflater_->stream.avail_in = static_cast<uInt>(input_.size());
  return std::nullopt;
}

ReadState InflateBody::TryRead(std::size_t max_bytes, std::string& out) {
  if (ended_) return *ended_;
  const std::size_t before = out.size();
  const std::size_t room = std::min(max_bytes, kStep);
  while (true) {
    if (inflater_ == nullptr || (whole_ && inflater_->stream.avail_in == 0)) {
      if (const auto state = Refill()) return *state;
      if (inflater_ == nullptr) continue;
    }
    z_stream& stream = inflater_->stream;
    if (whole_) {
      if (coding_ == ContentCoding::kDeflate) return Fail(Damaged("has bytes behind its end"));
      if (inflateReset(&stream) != Z_OK) return Fail(Damaged("has bytes behind its end"));
      whole_ = false;
    }
    out.resize(before + room);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = static_cast<uInt>(room);
    const int result = inflate(&stream, Z_NO_FLUSH);
    out.resize(before + room - stream.avail_out);
    if (result == Z_STREAM_END) {
      whole_ = true;
    } else if (result == Z_MEM_ERROR) {
      return Fail(Error{ErrorCode::kOverloaded, ErrorOrigin::kSelf,
                        "there is no memory to decompress upstream's answer; try again later"});
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      out.resize(before);
      return Fail(Damaged("is damaged"));
    }
    decoded_bytes_ += out.size() - before;
    if (decoded_bytes_ > kFreeBytes && decoded_bytes_ / kMostExpansion > coded_bytes_) {
      out.resize(before);
      return Fail(Damaged("expands to more than 200 times its size"));
    }
    if (out.size() > before) return ReadState::kData;
    if (!whole_ && stream.avail_in == 0) {
      if (const auto state = Refill()) return *state;
    }
  }
}

Error InflateBody::error() const {
  return error_.value_or(InternalError("the body did not break off"));
}

}  // namespace larder
