#include "proxy/openai/usage_watch.h"

#include <algorithm>

#include "proxy/openai/usage.h"

namespace larder {
namespace {

// Of these every answer costs: where there is no usage, it is not told.
bool AlwaysCosts(Endpoint endpoint) {
  return endpoint == Endpoint::kEmbeddings || endpoint == Endpoint::kChat ||
         endpoint == Endpoint::kCompletions || endpoint == Endpoint::kResponses ||
         endpoint == Endpoint::kMessages;
}

std::string ModelIn(std::string_view answer) {
  const auto document = JsonDocument::Parse(answer);
  if (!document.ok()) return {};
  return std::string(StringMember(document->root(), "model").value_or(""));
}

// An event of a stream is about a token; where events were not counted, of about so many bytes.
constexpr std::size_t kBytesOfAnEvent = 200;

}  // namespace

bool IsEventStream(const Headers& headers) {
  constexpr std::string_view kType = "text/event-stream";
  const auto type = headers.Find("content-type");
  return type && EqualsIgnoreCase(type->substr(0, kType.size()), kType);
}

void UsageWatch::OnBytes(std::string_view bytes) {
  seen_ += bytes.size();
  if (seen_ > kMostBytes) {  // a line without end must not be gathered
    scanner_ = SseScanner(endpoint_);
    body_ = std::string();
  } else if (event_stream_) {
    scanner_.Feed(bytes);
  } else {
    body_ += bytes;
  }
}

void UsageWatch::Settle(bool ended) {
  if (std::exchange(settled_, true)) return;
  TokenUsage usage;
  std::int64_t said = 0;  // what the model has written, as far as can be seen
  if (event_stream_) {
    usage = {scanner_.prompt_tokens(), scanner_.completion_tokens()};
    said =
        static_cast<std::int64_t>(seen_ > kMostBytes ? seen_ / kBytesOfAnEvent : scanner_.events());
    // What was told at its beginning is not what it came to.
    if (!ended && usage.completion >= 0) usage.completion = std::max(usage.completion, said);
  } else {
    const ReplyVerdict verdict = JudgeReply(endpoint_, body_);
    usage = {verdict.prompt_tokens, verdict.completion_tokens};
    if (model_.empty()) model_ = ModelIn(body_);
    said = endpoint_ == Endpoint::kEmbeddings ? 0 : EstimatedTokensOf(seen_);
  }
  if (AlwaysCosts(endpoint_)) {
    const bool nothing_told = usage.prompt < 0 && usage.completion < 0;
    if (usage.prompt < 0) usage.prompt = EstimatedTokensOf(request_bytes_);
    if (usage.completion < 0 && (nothing_told || endpoint_ != Endpoint::kEmbeddings)) {
      usage.completion = said;
    }
  }
  const std::int64_t completion = std::max<std::int64_t>(usage.completion, 0);
  meter_->Charge(model_, std::max<std::int64_t>(usage.prompt, 0) + completion, completion);
}

ReadState MeteredBody::TryRead(std::size_t max_bytes, std::string& out) {
  const std::size_t before = out.size();
  const ReadState state = inner_->TryRead(max_bytes, out);
  if (state == ReadState::kData) watch_->OnBytes(std::string_view(out).substr(before));
  if (state == ReadState::kEnd) watch_->Settle(true);
  if (state == ReadState::kFailed) watch_->Settle(false);
  return state;
}

std::optional<std::string> MeteredBody::TakeWhole() {
  auto whole = inner_->TakeWhole();
  if (!whole) return whole;
  watch_->OnBytes(*whole);
  watch_->Settle(true);
  return whole;
}

}  // namespace larder
