// TLS on the listening side, over OpenSSL: TLS 1.2 and newer, HTTP/1.1 by ALPN, a certificate that
// can be replaced while connections last. Included by the front's files alone.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/result.h"

namespace larder {

struct TlsOptions {
  std::string certificate_file;  // PEM: the certificate, then those between it and the root
  std::string key_file;          // PEM, without a passphrase
  bool enabled() const { return !certificate_file.empty(); }
};

// One connection's TLS. Calls are those of a non-blocking socket. Thread-safety: none; its
// connection's loop.
class TlsSession {
 public:
  explicit TlsSession(void* ssl) : ssl_(ssl) {}
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // As recv: bytes, 0 at the end, -1 with errno EAGAIN when the socket has to become readable (or
  // writable, see wants_write), with EPROTO when the peer does not speak TLS or breaks it off. Does
  // the handshake on the way.
  ssize_t Receive(char* bytes, std::size_t size);
  // As send; never 0.
  ssize_t Send(const char* bytes, std::size_t size);
  // Says that no more will be sent.
  void Finish();

  bool established() const;
  bool wants_write() const { return wants_write_; }
  // Whether bytes that were read from the socket have not been given out: no event will tell.
  bool HasPending() const;
  // After EPROTO: the peer spoke plain HTTP.
  bool got_plain_http() const { return got_plain_http_; }

 private:
  ssize_t Failed(int result);

  void* ssl_;  // SSL
  bool wants_write_ = false;
  bool broken_ = false;
  bool got_plain_http_ = false;
};

// Thread-safe.
class TlsServer {
 public:
  // Errors: kInvalidArgument, with the file at fault and what is wrong with it (not there, no PEM,
  // a key that is not the certificate's).
  static Result<std::unique_ptr<TlsServer>> Load(TlsOptions options);

  // Reads the files again; new connections get what they hold. Errors: as Load; then nothing
  // changed.
  Status Reload();

  // For a socket that was accepted; nullptr when there is no memory for it.
  std::unique_ptr<TlsSession> NewSession(int fd) const;

 private:
  explicit TlsServer(TlsOptions options) : options_(std::move(options)) {}

  const TlsOptions options_;
  mutable Mutex mutex_;
  std::shared_ptr<void> context_ LARDER_GUARDED_BY(mutex_);  // SSL_CTX, shared with its sessions
};

}  // namespace larder
