#include "proxy/http/connection.h"

// What a connection does otherwise while it is a tunnel. Down to the client a tunnel is a stream
// like any other (connection_write.cc); up from it there is no framing, and its end is nobody's
// fault.

namespace larder {

// Moves what the client sent on to whoever reads the upload.
void Connection::FeedTunnel() {
  if (upload_ == nullptr || upload_stalled_ || in_.empty()) return;
  upload_stalled_ = !upload_->Write(in_);
  in_.clear();
  if (in_.capacity() > kKeptBuffer) in_ = std::string();
  SetProgressDeadline();
}

void Connection::EndTunnelInput() {
  if (!in_.empty()) return;  // until the upload has room for it
  if (upload_ != nullptr) upload_->Close(std::nullopt);
  SetProgressDeadline();
}

void Connection::OnTunnelTick(MonoTime now) {
  if (context_.draining() && !tunnel_drains_) {
    // Upstream gets what the client has sent so far, and its chance to say its last.
    SetDeadline(context_.options.tunnel_drain_timeout);
    tunnel_drains_ = true;
    if (upload_ != nullptr) upload_->Close(std::nullopt);
    return;
  }
  if (now < deadline_) return;
  if (unsent() > 0) {
    Close();  // the client does not read
  } else {
    FinishResponse(false);
  }
}

void Connection::SetProgressDeadline() {
  if (!tunnelling()) {
    SetDeadline(context_.options.write_timeout);
  } else if (!tunnel_drains_) {
    SetDeadline(read_closed_ ? context_.options.tunnel_drain_timeout
                             : context_.options.tunnel_idle_timeout);
  }
}

}  // namespace larder
