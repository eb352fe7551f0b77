#include "proxy/upstream/curl_exchange.h"

#include <cstring>
#include <utility>

#include "proxy/http/hop_by_hop.h"

namespace larder {
namespace {

// Of all heads of one answer, interim ones included: far beyond what providers send.
constexpr std::size_t kMaxHeadBytes = 256UL * 1024;
constexpr std::size_t kMaxHeadFields = 1000;

// Bytes that would end a line or a request early, or that no URL has.
bool HasControlByte(std::string_view text, std::string_view allowed) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 || byte == 0x7f) && allowed.find(c) == std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

CurlExchange::CurlExchange(std::string url, UpstreamRequest request, std::size_t window_bytes)
    : url_(std::move(url)),
      request_(std::move(request)),
      body_(std::make_shared<ByteChannel>(window_bytes)) {}

CurlExchange::~CurlExchange() {
  if (easy_ != nullptr) curl_easy_cleanup(easy_);
  curl_slist_free_all(header_list_);
}

Status CurlExchange::Prepare(const CurlEngineOptions& options,
                             std::function<void(std::function<void()>)> post, const Clock& clock) {
  post_ = std::move(post);
  clock_ = &clock;
  if (!IsToken(request_.method) || HasControlByte(url_, "") ||
      url_.find(' ') != std::string::npos) {
    return InvalidArgument("the method or path cannot be sent to the upstream");
  }
  easy_ = curl_easy_init();
  if (easy_ == nullptr) return InternalError("libcurl gave no handle");
  if (curl_easy_setopt(easy_, CURLOPT_URL, url_.c_str()) != CURLE_OK) {
    return InvalidArgument("the path cannot be sent to the upstream");
  }
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy_, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROXY, "");
  curl_easy_setopt(easy_, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy_, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options.connect_timeout.count()));
  if (!options.ca_file.empty()) curl_easy_setopt(easy_, CURLOPT_CAINFO, options.ca_file.c_str());
  // Whichever comes first tells that libcurl has a connection for it: a new one is resolved (unless
  // the address is cached) and opened, a pooled one is only used.
  curl_easy_setopt(easy_, CURLOPT_RESOLVER_START_FUNCTION, &CurlExchange::OnResolve);
  curl_easy_setopt(easy_, CURLOPT_RESOLVER_START_DATA, this);
  curl_easy_setopt(easy_, CURLOPT_SOCKOPTFUNCTION, &CurlExchange::OnSocketOption);
  curl_easy_setopt(easy_, CURLOPT_SOCKOPTDATA, this);
  curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, &CurlExchange::OnReady);
  curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &CurlExchange::OnHeader);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &CurlExchange::OnBody);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  LARDER_RETURN_IF_ERROR(SetBody());
  LARDER_RETURN_IF_ERROR(SetHeaders());
  queue_timeout_ = std::min(options.queue_timeout, request_.first_byte_timeout);
  sent_ = clock.Monotonic();
  last_activity_ = sent_;
  if (request_.total_timeout.count() > 0) deadline_ = sent_ + request_.total_timeout;
  body_->SetRoomWaker([post = post_, weak = weak_from_this()] {
    post([weak] {
      if (const auto self = weak.lock()) self->ResumeReceiving();
    });
  });
  return {};
}

Status CurlExchange::SetBody() {
  if (request_.method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
  } else if (request_.body_source != nullptr &&
             request_.body_size != std::optional<std::uint64_t>(0)) {
    curl_easy_setopt(easy_, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy_, CURLOPT_READFUNCTION, &CurlExchange::OnUpload);
    curl_easy_setopt(easy_, CURLOPT_READDATA, this);
    curl_easy_setopt(
        easy_, CURLOPT_INFILESIZE_LARGE,
        request_.body_size ? static_cast<curl_off_t>(*request_.body_size) : curl_off_t{-1});
    request_.body_source->SetWaker([post = post_, weak = weak_from_this()] {
      post([weak] {
        if (const auto self = weak.lock()) self->ResumeSending();
      });
    });
  } else if (!request_.body.empty() || request_.method == "POST" || request_.method == "PUT" ||
             request_.method == "PATCH") {
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body.data());
  }
  curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  return {};
}

Status CurlExchange::SetHeaders() {
  const auto append = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(header_list_, line.c_str());
    if (longer == nullptr) return false;
    header_list_ = longer;
    return true;
  };
  bool ok = true;
  // Fields that libcurl would add of its own accord.
  for (const char* name : {"Accept", "Content-Type", "User-Agent", "Expect"}) {
    if (!request_.headers.Has(name)) ok = ok && append(std::string(name) + ":");
  }
  for (const auto& [name, value] : request_.headers.fields()) {
    if (EqualsIgnoreCase(name, "content-length") || EqualsIgnoreCase(name, "host")) continue;
    if (!IsToken(name) || HasControlByte(value, "\t")) {
      return InvalidArgument("a header field cannot be sent to the upstream", name);
    }
    ok = ok && append(value.empty() ? name + ";" : name + ": " + value);
  }
  if (request_.body_source != nullptr && !request_.body_size && request_.method != "HEAD") {
    ok = ok && append("Transfer-Encoding: chunked");
  }
  if (!ok) return InternalError("out of memory for header fields");
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, header_list_);
  return {};
}

void CurlExchange::Begun() {
  if (waiting_.exchange(false)) last_activity_ = clock_->Monotonic();
}

int CurlExchange::OnResolve(void* /*resolver*/, void* /*reserved*/, void* self) {
  static_cast<CurlExchange*>(self)->Begun();
  return 0;
}

int CurlExchange::OnSocketOption(void* self, curl_socket_t /*fd*/, curlsocktype /*purpose*/) {
  static_cast<CurlExchange*>(self)->Begun();
  return CURL_SOCKOPT_OK;
}

int CurlExchange::OnReady(void* self, char* /*ip*/, char* /*local_ip*/, int /*port*/,
                          int /*local_port*/) {
  static_cast<CurlExchange*>(self)->Begun();
  return CURL_PREREQFUNC_OK;
}

std::size_t CurlExchange::OnHeader(char* data, std::size_t size, std::size_t count, void* self) {
  auto* exchange = static_cast<CurlExchange*>(self);
  return exchange->TakeHeaderLine({data, size * count}) ? size * count : 0;
}

bool CurlExchange::Refuse(std::string_view reason) {
  refused_ = UpstreamError(ErrorCode::kInvalidReply, "upstream: " + std::string(reason));
  return false;
}

// RFC 9112, sections 5.1 and 5.2: white space before a colon is removed, a folded line joined.
bool CurlExchange::TakeHeaderLine(std::string_view line) {
  if (head_seen_) return true;  // a trailer
  head_bytes_ += line.size();
  if (head_bytes_ > kMaxHeadBytes || headers_.size() > kMaxHeadFields) {
    return Refuse("the head of the answer is too large");
  }
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (!in_head_) {
    headers_ = {};
    in_head_ = true;
    return true;
  }
  if (line.empty()) return HeadDone();
  if (HasControlByte(line, "\t")) return Refuse("a header field has a control byte");
  if (line.front() == ' ' || line.front() == '\t') {
    if (headers_.size() == 0) return Refuse("the first header field is a folded line");
    headers_.ReplaceLast(headers_.fields().back().second + " " + std::string(TrimOws(line)));
    return true;
  }
  const std::size_t colon = line.find(':');
  const std::string_view name = TrimOws(line.substr(0, colon));
  if (colon == std::string_view::npos || !IsToken(name)) {
    return Refuse("a header field is not: name, colon, value");
  }
  headers_.Add(std::string(name), std::string(TrimOws(line.substr(colon + 1))));
  return true;
}

// Refuses what two readers could frame differently: libcurl takes the last of several lengths and
// the digits that a value begins with.
bool CurlExchange::CheckFraming() {
  std::optional<std::string> length;
  for (const auto& [name, value] : headers_.fields()) {
    if (EqualsIgnoreCase(name, "transfer-encoding")) {
      if (!EqualsIgnoreCase(value, "chunked")) {
        return Refuse("the answer has a transfer coding other than chunked");
      }
    } else if (EqualsIgnoreCase(name, "content-length")) {
      const bool digits = !value.empty() && value.size() <= 18 &&
                          value.find_first_not_of("0123456789") == std::string::npos;
      if (!digits || (length && *length != value)) {
        return Refuse("the answer's Content-Length is not one number");
      }
      length = value;
    }
  }
  // RFC 9112, section 6.3: chunked counts, and the length must not be forwarded.
  headers_.Remove("content-length");
  framed_twice_ = length && headers_.Has("transfer-encoding");
  if (length && !framed_twice_) headers_.Add("content-length", *length);
  return true;
}

bool CurlExchange::HeadDone() {
  in_head_ = false;
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  if (status == 101) return Refuse("the answer switches protocols, which was not asked for");
  if (status < 200) return true;  // interim
  if (!CheckFraming()) return false;
  long version = 0;
  curl_easy_getinfo(easy_, CURLINFO_HTTP_VERSION, &version);
  head_seen_ = true;
  last_activity_ = clock_->Monotonic();
  UpstreamReply reply;
  reply.status = static_cast<int>(status);
  reply.framed =
      !framed_twice_ && (headers_.Has("content-length") || headers_.Has("transfer-encoding") ||
                         version >= CURL_HTTP_VERSION_2_0 || request_.method == "HEAD" ||
                         status == 204 || status == 304);
  if (send_paused_) {
    // After an early refusal libcurl sends no more, but a paused upload would keep it from ending.
    post_([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->ResumeSending();
    });
  }
  RemoveHopByHop(headers_);
  reply.headers = std::move(headers_);
  reply.body = body_;
  MutexLock lock(mutex_);
  if (!head_) head_ = std::move(reply);
  head_changed_.NotifyAll();
  return true;
}

std::size_t CurlExchange::OnBody(char* data, std::size_t size, std::size_t count, void* self) {
  auto* exchange = static_cast<CurlExchange*>(self);
  exchange->last_activity_ = exchange->clock_->Monotonic();
  if (!exchange->body_->Write({data, size * count})) {
    exchange->receive_paused_ = true;
    curl_easy_pause(exchange->easy_,
                    CURLPAUSE_RECV | (exchange->send_paused_ ? CURLPAUSE_SEND : 0));
  }
  return size * count;
}

std::size_t CurlExchange::OnUpload(char* buffer, std::size_t size, std::size_t count, void* self) {
  auto* exchange = static_cast<CurlExchange*>(self);
  exchange->last_activity_ = exchange->clock_->Monotonic();
  std::string piece;
  switch (exchange->request_.body_source->TryRead(size * count, piece)) {
    case ReadState::kData:
      std::memcpy(buffer, piece.data(), piece.size());
      return piece.size();
    case ReadState::kEnd:
      return 0;
    case ReadState::kFailed:
      exchange->upload_error_ = exchange->request_.body_source->error();
      return CURL_READFUNC_ABORT;
    case ReadState::kWait:
      break;
  }
  exchange->send_paused_ = true;
  return CURL_READFUNC_PAUSE;
}

void CurlExchange::ResumeReceiving() {
  if (!std::exchange(receive_paused_, false)) return;
  Unpause();
}

void CurlExchange::ResumeSending() {
  if (!std::exchange(send_paused_, false)) return;
  Unpause();
}

void CurlExchange::Unpause() {
  last_activity_ = clock_->Monotonic();
  curl_easy_pause(easy_,
                  (receive_paused_ ? CURLPAUSE_RECV : 0) | (send_paused_ ? CURLPAUSE_SEND : 0));
}

std::optional<Error> CurlExchange::Overdue(MonoTime now) const {
  if (deadline_ && now > *deadline_) {
    return UpstreamError(ErrorCode::kDeadlineExceeded,
                         "upstream: the answer did not end within the total timeout");
  }
  if (waiting_) {
    if (now - sent_ <= queue_timeout_) return std::nullopt;
    return UpstreamError(ErrorCode::kOverloaded,
                         "upstream: no connection came free in time; raise max_connections");
  }
  if (receive_paused_ || send_paused_) return std::nullopt;
  const MonoTime::duration still = now - last_activity_;
  if (!head_seen_ && still > request_.first_byte_timeout) {
    return UpstreamError(ErrorCode::kDeadlineExceeded,
                         "upstream: no answer began within the first-byte timeout");
  }
  if (head_seen_ && still > request_.idle_timeout) {
    return UpstreamError(ErrorCode::kDeadlineExceeded,
                         "upstream: the answer stood still for the idle timeout");
  }
  return std::nullopt;
}

Error CurlExchange::ErrorFor(CURLcode code) const {
  if (refused_) return *refused_;
  if (upload_error_) return *upload_error_;
  const std::string reason = std::string("upstream: ") + curl_easy_strerror(code);
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: {
      curl_off_t connected_us = 0;
      curl_easy_getinfo(easy_, CURLINFO_PRETRANSFER_TIME_T, &connected_us);
      return connected_us == 0 ? UpstreamError(ErrorCode::kUnavailable,
                                               "upstream: no connection within the connect timeout")
                               : UpstreamError(ErrorCode::kDeadlineExceeded, reason);
    }
    case CURLE_OUT_OF_MEMORY:  // also a header line beyond libcurl's bound
      return UpstreamError(ErrorCode::kInvalidReply,
                           "upstream: the head of the answer is too large");
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_FUNCTION_ARGUMENT:  // a head that begins with a folded line
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
      return UpstreamError(ErrorCode::kInvalidReply, reason);
    case CURLE_URL_MALFORMAT:
      return InvalidArgument("the path cannot be sent to the upstream");
    case CURLE_PARTIAL_FILE:
      return UpstreamError(ErrorCode::kUnavailable,
                           "upstream: the answer broke off before its end");
    default:
      return UpstreamError(ErrorCode::kUnavailable, reason);
  }
}

void CurlExchange::Finish(CURLcode code) {
  if (code != CURLE_OK) {
    Fail(ErrorFor(code));
  } else if (!head_seen_) {
    Fail(UpstreamError(ErrorCode::kUnavailable, "upstream: the connection ended before an answer"));
  } else {
    if (request_.body_source != nullptr) request_.body_source->SetWaker({});
    body_->Close(std::nullopt);
  }
}

void CurlExchange::Fail(Error error) {
  if (request_.body_source != nullptr) request_.body_source->SetWaker({});
  {
    MutexLock lock(mutex_);
    if (!head_) head_ = error;
    head_changed_.NotifyAll();
  }
  body_->Close(std::move(error));
}

Result<UpstreamReply> CurlExchange::WaitForHead() {
  MutexLock lock(mutex_);
  while (!head_) head_changed_.Wait(mutex_);
  return *head_;
}

}  // namespace larder
