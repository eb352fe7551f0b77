#include "proxy/upstream/curl_exchange.h"

#include <cstring>

#include "proxy/http/hop_by_hop.h"

namespace larder {

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
  easy_ = curl_easy_init();
  if (easy_ == nullptr) return InternalError("libcurl gave no handle");
  if (curl_easy_setopt(easy_, CURLOPT_URL, url_.c_str()) != CURLE_OK) {
    return InvalidArgument("the path cannot be sent to the upstream");
  }
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy_, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROXY, "");
  curl_easy_setopt(easy_, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy_, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  if (!options.ca_file.empty()) curl_easy_setopt(easy_, CURLOPT_CAINFO, options.ca_file.c_str());
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &CurlExchange::OnHeader);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &CurlExchange::OnBody);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  LARDER_RETURN_IF_ERROR(SetBody());
  LARDER_RETURN_IF_ERROR(SetHeaders());
  last_activity_ = clock.Monotonic();
  body_->SetRoomWaker([post = post_, weak = weak_from_this()] {
    post([weak] {
      if (const auto self = weak.lock()) self->Resume();
    });
  });
  return {};
}

Status CurlExchange::SetBody() {
  if (request_.body_source != nullptr && request_.body_size != std::optional<std::uint64_t>(0)) {
    curl_easy_setopt(easy_, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy_, CURLOPT_READFUNCTION, &CurlExchange::OnUpload);
    curl_easy_setopt(easy_, CURLOPT_READDATA, this);
    curl_easy_setopt(easy_, CURLOPT_INFILESIZE_LARGE,
                     request_.body_size ? static_cast<curl_off_t>(*request_.body_size) : curl_off_t{-1});
    request_.body_source->SetWaker([post = post_, weak = weak_from_this()] {
      post([weak] {
        if (const auto self = weak.lock()) self->Resume();
      });
    });
  } else if (!request_.body.empty() || request_.method == "POST" || request_.method == "PUT" ||
             request_.method == "PATCH") {
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body.data());
  } else if (request_.method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
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
    ok = ok && append(value.empty() ? name + ";" : name + ": " + value);
  }
  if (request_.body_source != nullptr && !request_.body_size) {
    ok = ok && append("Transfer-Encoding: chunked");
  }
  if (!ok) return InternalError("out of memory for header fields");
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, header_list_);
  return {};
}

std::size_t CurlExchange::OnHeader(char* data, std::size_t size, std::size_t count, void* self) {
  auto* exchange = static_cast<CurlExchange*>(self);
  exchange->last_activity_ = exchange->clock_->Monotonic();
  exchange->TakeHeaderLine({data, size * count});
  return size * count;
}

void CurlExchange::TakeHeaderLine(std::string_view line) {
  if (head_seen_) return;  // a trailer
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    headers_ = {};
    return;
  }
  if (!line.empty()) {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && colon > 0) {
      headers_.Add(std::string(line.substr(0, colon)), std::string(TrimOws(line.substr(colon + 1))));
    }
    return;
  }
  HeadDone();
}

void CurlExchange::HeadDone() {
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  if (status < 200) return;  // interim
  long version = 0;
  curl_easy_getinfo(easy_, CURLINFO_HTTP_VERSION, &version);
  head_seen_ = true;
  UpstreamReply reply;
  reply.status = static_cast<int>(status);
  const bool has_length = headers_.Has("content-length");
  const bool chunked = headers_.ListsToken("transfer-encoding", "chunked");
  reply.framed = has_length || chunked || version >= CURL_HTTP_VERSION_2_0 ||
                 request_.method == "HEAD" || status == 204 || status == 304;
  RemoveHopByHop(headers_);
  reply.headers = std::move(headers_);
  reply.body = body_;
  MutexLock lock(mutex_);
  if (!head_) head_ = std::move(reply);
  head_changed_.NotifyAll();
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
    case ReadState::kData: std::memcpy(buffer, piece.data(), piece.size()); return piece.size();
    case ReadState::kEnd: return 0;
    case ReadState::kFailed: return CURL_READFUNC_ABORT;
    case ReadState::kWait: break;
  }
  exchange->send_paused_ = true;
  return CURL_READFUNC_PAUSE;
}

void CurlExchange::Resume() {
  if (easy_ == nullptr || (!receive_paused_ && !send_paused_)) return;
  receive_paused_ = false;
  send_paused_ = false;
  last_activity_ = clock_->Monotonic();
  curl_easy_pause(easy_, CURLPAUSE_CONT);  // a side that still cannot go on pauses itself again
}

bool CurlExchange::Stalled(MonoTime now) const {
  if (receive_paused_ || send_paused_) return false;
  return now - last_activity_ > (head_seen_ ? request_.idle_timeout : request_.first_byte_timeout);
}

Error CurlExchange::ErrorFor(CURLcode code) const {
  const std::string reason = std::string("upstream: ") + curl_easy_strerror(code);
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return UpstreamError(ErrorCode::kDeadlineExceeded, reason);
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING: return UpstreamError(ErrorCode::kInvalidReply, reason);
    case CURLE_ABORTED_BY_CALLBACK:
      return Error{ErrorCode::kCancelled, ErrorOrigin::kDownstream, "the request body broke off"};
    case CURLE_PARTIAL_FILE:
      return UpstreamError(ErrorCode::kUnavailable, "upstream: the answer broke off before its end");
    default: return UpstreamError(ErrorCode::kUnavailable, reason);
  }
}

void CurlExchange::Finish(CURLcode code) {
  if (request_.body_source != nullptr) request_.body_source->SetWaker({});
  if (code != CURLE_OK) {
    Fail(ErrorFor(code));
  } else if (!head_seen_) {
    Fail(UpstreamError(ErrorCode::kInvalidReply, "upstream: the connection ended without an answer"));
  } else {
    body_->Close(std::nullopt);
  }
}

void CurlExchange::Fail(Error error) {
  {
    MutexLock lock(mutex_);
    if (!head_) head_ = error;
    head_changed_.NotifyAll();
  }
  body_->Close(std::move(error));
}

Result<UpstreamReply> CurlExchange::WaitForHead(MonoTime deadline) {
  MutexLock lock(mutex_);
  while (!head_) {
    if (!head_changed_.WaitUntil(mutex_, deadline) && !head_) {
      return UpstreamError(ErrorCode::kDeadlineExceeded,
                           "upstream: no answer began within the first-byte timeout");
    }
  }
  return *head_;
}

}  // namespace larder
