#include "proxy/http/connection.h"
#include "proxy/http/websocket.h"

// Request bodies: gathered whole, or handed on as they come.

namespace larder {

void Connection::BeginBody(RequestHead head) {
  request_ = Request{};
  request_.received = context_.clock.Monotonic();
  request_.peer = peer_;
  method_ = head.method;
  minor_version_ = head.minor_version;
  keep_alive_ = head.keep_alive;
  // What the fast lane does not take, whenever its body comes.
  lane_asked_ = lane_asked_ || head.chunked || !head.keep_alive || head.minor_version != 1;
  decoder_.emplace(head);
  request_.body_size = head.chunked ? std::nullopt : std::optional(head.content_length.value_or(0));
  request_.method = std::move(head.method);
  request_.target = std::move(head.target);
  request_.minor_version = head.minor_version;
  request_.headers = std::move(head.headers);
  plan_ = context_.handler.Plan(request_);
  plan_.tunnel = plan_.tunnel && AsksForWebsocket(request_);
  if (plan_.max_body_bytes > 0 && request_.body_size.value_or(0) > plan_.max_body_bytes) {
    AnswerAndClose(413, "the request body is larger than the limit of " +
                            std::to_string(plan_.max_body_bytes) + " bytes");
    return;
  }
  const bool has_body = head.chunked || request_.body_size.value_or(0) > 0;
  if (head.expect_continue && has_body && in_.empty()) {
    out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    Flush();
    if (state_ == State::kClosed) return;
  }
  if (plan_.whole_body && !plan_.tunnel) {
    state_ = State::kWholeBody;
    SetDeadline(context_.options.body_timeout);
    return;
  }
  if (has_body) {
    OpenUpload();
  } else {
    decoder_.reset();
    request_.body_source = std::make_shared<StringBody>("");
  }
  if (plan_.tunnel) {
    OpenUpload();
    request_.tunnel = true;
    request_.body_size = std::nullopt;
  }
  state_ = State::kHandling;
  SetDeadline(context_.options.body_timeout);
  Dispatch();
}

void Connection::OpenUpload() {
  upload_ = std::make_shared<ByteChannel>(context_.options.upload_window_bytes);
  upload_->SetRoomWaker([&loop = loop_, weak = weak_from_this()] {
    loop.Post([weak] {
      if (const auto self = weak.lock()) {
        self->upload_stalled_ = false;
        self->Advance();
      }
    });
  });
  request_.body_source = upload_;
}

bool Connection::ReadWholeBody() {
  BodyDecoder::State state = BodyDecoder::State::kMore;
  std::size_t consumed = 0;
  do {
    // One byte more than is allowed shows that there is more.
    const std::size_t room =
        plan_.max_body_bytes == 0
            ? kReadStep
            : static_cast<std::size_t>(plan_.max_body_bytes - request_.body.size() + 1);
    state = decoder_->Decode(in_, room, consumed, request_.body);
    in_.erase(0, consumed);
  } while (state == BodyDecoder::State::kMore && consumed > 0 &&
           (plan_.max_body_bytes == 0 || request_.body.size() <= plan_.max_body_bytes));
  if (plan_.max_body_bytes > 0 && request_.body.size() > plan_.max_body_bytes) {
    AnswerAndClose(413, "the request body is larger than the limit of " +
                            std::to_string(plan_.max_body_bytes) + " bytes");
    return false;
  }
  if (state == BodyDecoder::State::kRefused) {
    AnswerAndClose(400, "the chunked framing of the body is broken");
    return false;
  }
  if (state == BodyDecoder::State::kMore) return false;
  decoder_.reset();
  request_.body_size = request_.body.size();
  state_ = State::kHandling;
  Dispatch();
  return state_ == State::kHead;
}

// Moves what arrived of a streamed body on to its handler.
void Connection::FeedUpload() {
  if (!decoder_ || upload_ == nullptr) return;
  while (!upload_stalled_ && !in_.empty()) {
    std::string decoded;
    std::size_t consumed = 0;
    const auto state = decoder_->Decode(in_, kReadStep, consumed, decoded);
    in_.erase(0, consumed);
    if (!decoded.empty()) {
      SetDeadline(context_.options.body_timeout);
      if (!upload_->Write(decoded)) upload_stalled_ = true;
    }
    if (plan_.max_body_bytes > 0 && decoder_->decoded() > plan_.max_body_bytes) {
      upload_->Close(Error{ErrorCode::kTooLarge, ErrorOrigin::kDownstream,
                           "the request body is larger than the limit of " +
                               std::to_string(plan_.max_body_bytes) + " bytes"});
      close_after_ = true;
      decoder_.reset();
      return;
    }
    if (state == BodyDecoder::State::kMore && consumed == 0) return;
    if (state == BodyDecoder::State::kMore) continue;
    if (state == BodyDecoder::State::kEnd) {
      upload_->Close(std::nullopt);
    } else {
      close_after_ = true;
      upload_->Close(InvalidArgument("the chunked framing of the body is broken"));
    }
    decoder_.reset();
    return;
  }
}

}  // namespace larder
