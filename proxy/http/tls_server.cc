#include "proxy/http/tls_server.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string_view>

namespace larder {
namespace {

SSL* Of(void* ssl) {
  return static_cast<SSL*>(ssl);
}

// What OpenSSL says of the last call, in a few words; its list of errors is empty afterwards.
std::string LastReason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  std::string text = reason == nullptr ? "unknown reason" : reason;
  ERR_clear_error();
  return text;
}

Error Unusable(const char* what, const std::string& file) {
  return InvalidArgument(std::string("cannot use the ") + what + " in " + file + ": " +
                         LastReason());
}

// HTTP/1.1 where the client lists it; one that lists only others goes on without an agreement.
int ChooseProtocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* size,
                   const unsigned char* offered, unsigned int offered_size, void* /*unused*/) {
  static constexpr std::string_view kHttp11 = "http/1.1";
  for (unsigned int at = 0; at < offered_size; at += 1U + offered[at]) {
    const std::string_view name(reinterpret_cast<const char*>(offered + at + 1), offered[at]);
    if (name != kHttp11) continue;
    *chosen = offered + at + 1;
    *size = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

Result<std::shared_ptr<void>> MakeContext(const TlsOptions& options) {
  ERR_clear_error();
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  if (context == nullptr) return InternalError("no memory for TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  // A write that was taken in part goes on from another buffer; idle connections hold none.
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_alpn_select_cb(context.get(), &ChooseProtocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(context.get(), options.certificate_file.c_str()) != 1) {
    return Unusable("certificate", options.certificate_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), options.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return Unusable("private key", options.key_file);
  }
  return std::shared_ptr<void>(context);
}

}  // namespace

Result<std::unique_ptr<TlsServer>> TlsServer::Load(TlsOptions options) {
  std::unique_ptr<TlsServer> server(new TlsServer(std::move(options)));
  LARDER_RETURN_IF_ERROR(server->Reload());
  return server;
}

Status TlsServer::Reload() {
  LARDER_ASSIGN_OR_RETURN(auto context, MakeContext(options_));
  MutexLock lock(mutex_);
  context_ = std::move(context);
  return {};
}

std::unique_ptr<TlsSession> TlsServer::NewSession(int fd) const {
  SSL* ssl = nullptr;
  {
    MutexLock lock(mutex_);
    ssl = SSL_new(static_cast<SSL_CTX*>(context_.get()));
  }
  if (ssl == nullptr) return nullptr;
  auto session = std::make_unique<TlsSession>(ssl);
  if (SSL_set_fd(ssl, fd) != 1) return nullptr;
  SSL_set_accept_state(ssl);
  return session;
}

TlsSession::~TlsSession() {
  SSL_free(Of(ssl_));
}

bool TlsSession::established() const {
  return SSL_is_init_finished(Of(ssl_)) == 1;
}

bool TlsSession::HasPending() const {
  return SSL_has_pending(Of(ssl_)) == 1;
}

ssize_t TlsSession::Failed(int result) {
  const int error = SSL_get_error(Of(ssl_), result);
  wants_write_ = error == SSL_ERROR_WANT_WRITE;
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    errno = EAGAIN;
    return -1;
  }
  if (error == SSL_ERROR_ZERO_RETURN) return 0;
  broken_ = true;  // nothing more may be said on it
  if (error == SSL_ERROR_SSL) {
    got_plain_http_ = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
    errno = EPROTO;
  } else if (errno == 0 || errno == EAGAIN) {
    errno = ECONNRESET;
  }
  ERR_clear_error();
  return -1;
}

ssize_t TlsSession::Receive(char* bytes, std::size_t size) {
  ERR_clear_error();
  errno = 0;
  const int got = SSL_read(Of(ssl_), bytes, static_cast<int>(std::min<std::size_t>(size, INT_MAX)));
  if (got <= 0) return Failed(got);
  wants_write_ = false;
  return got;
}

ssize_t TlsSession::Send(const char* bytes, std::size_t size) {
  ERR_clear_error();
  errno = 0;
  const int taken =
      SSL_write(Of(ssl_), bytes, static_cast<int>(std::min<std::size_t>(size, INT_MAX)));
  if (taken > 0) {
    wants_write_ = false;
    return taken;
  }
  const ssize_t failed = Failed(taken);
  if (failed != 0) return failed;
  errno = EPIPE;
  return -1;
}

void TlsSession::Finish() {
  if (broken_ || !established()) return;
  ERR_clear_error();
  SSL_shutdown(Of(ssl_));
  ERR_clear_error();
}

}  // namespace larder
