#include "proxy/upstream/curl_tunnel.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <utility>

#include "proxy/http/hop_by_hop.h"
#include "proxy/http/websocket.h"

namespace larder {
namespace {

constexpr std::size_t kStep = 64 * 1024;
constexpr std::size_t kKeptBuffer = 4 * 1024;
// What is read of an answer that refuses the tunnel.
constexpr std::size_t kMaxRefusal = 1024 * 1024;
// Pieces sent or received in a row; then the loop's other connections get their turn.
constexpr int kTurn = 32;

bool HasControlByte(std::string_view text, bool tab_allowed) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 || byte == 0x7f) && !(tab_allowed && c == '\t')) return true;
  }
  return false;
}

// Errors: kInvalidArgument.
Result<std::string> RenderHandshake(std::string_view url, const Headers& headers) {
  const std::size_t begin = url.find("://") + 3;
  const std::size_t path = std::min(url.find('/', begin), url.size());
  std::string_view host = url.substr(begin, path - begin);
  host.remove_prefix(host.rfind('@') + 1);  // npos + 1 is 0
  if (host.empty() || path == url.size() || HasControlByte(url, false) ||
      url.find(' ') != std::string_view::npos) {
    return InvalidArgument("the path cannot be sent to the upstream");
  }
  std::string head = "GET " + std::string(url.substr(path)) + " HTTP/1.1\r\nHost: ";
  head += host;
  head += "\r\n";
  for (const auto& [name, value] : headers.fields()) {
    if (EqualsIgnoreCase(name, "host") || EqualsIgnoreCase(name, "content-length")) continue;
    if (!IsToken(name) || HasControlByte(value, true)) {
      return InvalidArgument("a header field cannot be sent to the upstream", name);
    }
    head += name;
    head += ": ";
    head += value;
    head += "\r\n";
  }
  return head + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
}

int IsAborted(void* aborted, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(aborted)->load() ? 1 : 0;
}

}  // namespace

CurlTunnel::CurlTunnel(std::string url, UpstreamRequest request, std::size_t window_bytes,
                       std::shared_ptr<EventLoop> loop, const Clock& clock, OnEnd on_end)
    : url_(std::move(url)),
      request_(std::move(request)),
      loop_(std::move(loop)),
      clock_(clock),
      on_end_(std::move(on_end)),
      body_(std::make_shared<ByteChannel>(window_bytes)) {
  if (request_.body_source == nullptr) request_.body_source = std::make_shared<StringBody>("");
}

CurlTunnel::~CurlTunnel() {
  if (easy_ != nullptr) curl_easy_cleanup(easy_);
}

Status CurlTunnel::Prepare(const CurlEngineOptions& options) {
  LARDER_ASSIGN_OR_RETURN(out_, RenderHandshake(url_, request_.headers));
  easy_ = curl_easy_init();
  if (easy_ == nullptr) return InternalError("libcurl gave no handle");
  if (curl_easy_setopt(easy_, CURLOPT_URL, url_.c_str()) != CURLE_OK) {
    return InvalidArgument("the path cannot be sent to the upstream");
  }
  curl_easy_setopt(easy_, CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_PROXY, "");
  curl_easy_setopt(easy_, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy_, CURLOPT_TCP_NODELAY, 1L);
  // TLS then offers http/1.1 alone: the handshake is not HTTP/2's.
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options.connect_timeout.count()));
  if (!options.ca_file.empty()) curl_easy_setopt(easy_, CURLOPT_CAINFO, options.ca_file.c_str());
  return {};
}

Status CurlTunnel::Connect(const std::atomic<bool>& aborted) {
  curl_easy_setopt(easy_, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy_, CURLOPT_XFERINFOFUNCTION, &IsAborted);
  curl_easy_setopt(easy_, CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(&aborted));
  const CURLcode code = curl_easy_perform(easy_);
  if (code == CURLE_ABORTED_BY_CALLBACK) {
    return Error{ErrorCode::kCancelled, ErrorOrigin::kSelf, "the server is shutting down"};
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return UpstreamError(ErrorCode::kUnavailable,
                         "upstream: no connection within the connect timeout");
  }
  if (code == CURLE_OK) curl_easy_getinfo(easy_, CURLINFO_ACTIVESOCKET, &fd_);
  if (code != CURLE_OK || fd_ == CURL_SOCKET_BAD) {
    return UpstreamError(ErrorCode::kUnavailable,
                         std::string("upstream: ") + curl_easy_strerror(code));
  }
  return {};
}

void CurlTunnel::Begin() {
  if (state_ == State::kEnded) return;
  begun_ = true;
  begun_at_ = clock_.Monotonic();
  const auto pump = [loop = loop_, weak = weak_from_this()](bool has_room) {
    loop->Post([weak, has_room] {
      if (const auto self = weak.lock()) {
        if (has_room) self->receive_paused_ = false;
        self->Pump();
      }
    });
  };
  request_.body_source->SetWaker([pump] { pump(false); });
  body_->SetRoomWaker([pump] { pump(true); });
  Pump();
}

Result<UpstreamReply> CurlTunnel::WaitForHead() {
  MutexLock lock(mutex_);
  while (!answer_) answered_.Wait(mutex_);
  return *answer_;
}

void CurlTunnel::Pump() {
  if (state_ != State::kEnded) Send();
  if (state_ != State::kEnded) Receive();
  if (state_ != State::kEnded) UpdateInterest();
}

void CurlTunnel::Send() {
  for (int i = 0; !send_blocked_ && !upload_ended_; ++i) {
    if (i == kTurn) {
      loop_->Post([self = shared_from_this()] { self->Pump(); });
      return;
    }
    if (out_position_ == out_.size()) {
      handshake_sent_ = true;
      if (!TakeUpload()) return;
    }
    if (handshake_sent_ && state_ != State::kOpen) return;  // nothing of it before the 101
    std::size_t size = 0;
    const CURLcode code =
        curl_easy_send(easy_, out_.data() + out_position_, out_.size() - out_position_, &size);
    if (code == CURLE_AGAIN) {
      send_blocked_ = true;
    } else if (code != CURLE_OK) {
      // What upstream said before it stopped listening is still read, to its end.
      upload_ended_ = true;
    } else {
      out_position_ += size;
    }
  }
}

bool CurlTunnel::TakeUpload() {
  out_.clear();
  out_position_ = 0;
  switch (request_.body_source->TryRead(kStep, out_)) {
    case ReadState::kData:
      return true;
    case ReadState::kWait:
      if (out_.capacity() > kKeptBuffer) out_ = std::string();
      return false;
    case ReadState::kEnd:
      if (state_ == State::kOpen) {
        upload_ended_ = true;
        ::shutdown(fd_, SHUT_WR);
      }
      return false;
    case ReadState::kFailed:
      End(request_.body_source->error());
      return false;
  }
  return false;
}

void CurlTunnel::Receive() {
  std::array<char, 16 * 1024> bytes;
  for (int i = 0; i < kTurn; ++i) {
    if (receive_paused_ || state_ == State::kEnded) return;
    std::size_t size = 0;
    const CURLcode code = curl_easy_recv(easy_, bytes.data(), bytes.size(), &size);
    if (code == CURLE_AGAIN) return;
    if (code != CURLE_OK) {
      Fail(ErrorCode::kUnavailable, curl_easy_strerror(code));
    } else if (size == 0) {
      OnEof();
    } else {
      TakeBytes({bytes.data(), size});
    }
  }
  // More may stand in TLS's buffers, where the loop does not see it.
  loop_->Post([self = shared_from_this()] { self->Pump(); });
}

void CurlTunnel::TakeBytes(std::string_view bytes) {
  if (state_ == State::kOpen) {
    receive_paused_ = !body_->Write(bytes);
    return;
  }
  in_ += bytes;
  if (state_ == State::kHandshake) ParseHead();
  if (state_ == State::kRefusal) TakeRefusal();
}

void CurlTunnel::ParseHead() {
  ReplyHeadParse parse;
  do {  // interim answers first
    parse = ParseReplyHead(in_, HeadLimits{}, scanned_);
    if (parse.state == ReplyHeadParse::State::kIncomplete) return;
    if (parse.state == ReplyHeadParse::State::kRefused) {
      Fail(ErrorCode::kInvalidReply, "the answer is not HTTP: " + std::string(parse.reason));
      return;
    }
    in_.erase(0, parse.consumed);
    scanned_ = 0;
  } while (parse.head.status < 200 && parse.head.status != 101);
  ReplyHead& head = parse.head;
  const bool switches = SwitchesToWebsocket(head.headers);
  RemoveHopByHop(head.headers);
  refusal_.status = head.status;
  refusal_.headers = std::move(head.headers);
  if (head.status != 101) {
    state_ = State::kRefusal;
    RequestHead framing;
    framing.chunked = head.chunked;
    framing.content_length = head.content_length;
    if (head.status == 204 || head.status == 304) framing.content_length = 0;
    if (framing.chunked || framing.content_length) decoder_.emplace(framing);
    return;
  }
  if (!switches) {
    Fail(ErrorCode::kInvalidReply, "the answer switches to something else than a websocket");
    return;
  }
  state_ = State::kOpen;
  Answer(std::move(refusal_));
  if (!in_.empty()) receive_paused_ = !body_->Write(in_);
  in_ = std::string();
  Send();
}

void CurlTunnel::TakeRefusal() {
  auto state = BodyDecoder::State::kMore;
  std::size_t consumed = 0;
  do {
    if (decoder_) {
      state =
          decoder_->Decode(in_, kMaxRefusal + 1 - refusal_body_.size(), consumed, refusal_body_);
    } else {
      refusal_body_ += in_;
      consumed = in_.size();
    }
    in_.erase(0, consumed);
    if (refusal_body_.size() > kMaxRefusal) {
      Fail(ErrorCode::kInvalidReply, "the answer to a websocket handshake is larger than 1 MiB");
      return;
    }
  } while (state == BodyDecoder::State::kMore && consumed > 0 && !in_.empty());
  if (state == BodyDecoder::State::kRefused) {
    Fail(ErrorCode::kInvalidReply, "the chunked framing of the answer is broken");
  } else if (state == BodyDecoder::State::kEnd) {
    AnswerRefusal(true);
  }
}

void CurlTunnel::OnEof() {
  if (state_ == State::kOpen) {
    End(std::nullopt);
  } else if (state_ == State::kRefusal && !decoder_) {
    AnswerRefusal(false);
  } else {
    Fail(ErrorCode::kUnavailable, state_ == State::kRefusal
                                      ? "the answer broke off before its end"
                                      : "the connection ended before an answer");
  }
}

void CurlTunnel::AnswerRefusal(bool framed) {
  refusal_.framed = framed;
  if (refusal_.status != 204 && refusal_.status != 304) {
    refusal_.headers.Set("content-length", std::to_string(refusal_body_.size()));
  }
  refusal_.body = std::make_shared<StringBody>(std::move(refusal_body_));
  End(std::nullopt);
  Answer(std::move(refusal_));
}

void CurlTunnel::Answer(Result<UpstreamReply> answer) {
  MutexLock lock(mutex_);
  if (!answer_) answer_ = std::move(answer);
  answered_.NotifyAll();
}

void CurlTunnel::Fail(ErrorCode code, std::string_view reason) {
  End(UpstreamError(code, "upstream: " + std::string(reason)));
}

void CurlTunnel::OnTick(MonoTime now) {
  const bool waiting = state_ == State::kHandshake || state_ == State::kRefusal;
  if (begun_ && waiting && now - begun_at_ > request_.first_byte_timeout) {
    Fail(ErrorCode::kDeadlineExceeded,
         "no answer to the websocket handshake within the first-byte timeout");
  }
}

void CurlTunnel::Cancel() {
  loop_->Post([self = shared_from_this()] {
    self->End(Error{ErrorCode::kCancelled, ErrorOrigin::kDownstream, "nobody reads the tunnel"});
  });
}

void CurlTunnel::End(std::optional<Error> error) {
  if (state_ == State::kEnded) return;
  state_ = State::kEnded;
  const auto self = shared_from_this();
  if (begun_) {
    request_.body_source->SetWaker({});
    body_->SetRoomWaker({});
    if (watched_) loop_->Unwatch(fd_);
    watched_ = false;
    curl_easy_cleanup(std::exchange(easy_, nullptr));
  }
  on_end_(self);  // whoever is answered may count on its place
  if (error) Answer(*error);
  body_->Close(std::move(error));
}

// A descriptor of which nothing is wanted is not watched at all, for an error or hang-up on it
// would be told again and again.
void CurlTunnel::UpdateInterest() {
  const std::uint32_t wanted = (receive_paused_ ? 0U : std::uint32_t{EPOLLIN}) |
                               (send_blocked_ ? std::uint32_t{EPOLLOUT} : 0U);
  if (wanted == 0 && watched_) {
    loop_->Unwatch(fd_);
    watched_ = false;
  } else if (wanted != 0 && !watched_) {
    const Status status =
        loop_->Watch(fd_, wanted, [self = shared_from_this()](std::uint32_t events) {
          if ((events & ~std::uint32_t{EPOLLIN}) != 0) self->send_blocked_ = false;
          self->Pump();
        });
    if (!status.ok()) {
      End(status.error());
      return;
    }
    watched_ = true;
  } else if (wanted != interest_) {
    loop_->Rewatch(fd_, wanted);
  }
  interest_ = wanted;
}

}  // namespace larder
