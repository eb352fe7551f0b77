#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

#include "proxy/http/connection.h"
#include "proxy/http/connection_lane.h"

// The lanes that a request can take: the fast one (from memory, at once), a fiber of the loop, a
// worker, or the loop itself.

namespace larder {
namespace {

// A body that is not all here goes the ordinary way, and so does one that is worth a buffer of its
// own.
constexpr std::uint64_t kMaxFastBody = 64UL * 1024;

}  // namespace

bool Connection::TryFastLane(std::size_t head_bytes) {
  const RequestHeadView& head = lane_.head;
  if (lane_.fast == nullptr || head.chunked || head.expect_continue || !head.keep_alive ||
      head.minor_version != 1 || read_closed_ || close_after_ || unsent() > 0) {
    return false;
  }
  const std::uint64_t body_bytes = head.content_length.value_or(0);
  if (body_bytes > kMaxFastBody || in_.size() - head_bytes < body_bytes || context_.draining()) {
    return false;
  }
  const std::string_view body =
      std::string_view(in_).substr(head_bytes, static_cast<std::size_t>(body_bytes));
  FastAnswer answer;
  if (!lane_.fast->Answer({head, body, received_, Date()}, answer)) return false;

  if (tls_ != nullptr) {  // one record is cheaper than two
    out_.append(answer.head).append(answer.body);
    written_.push_back(
        {flushed_ + unsent(), {answer.body.size(), true, received_}, lane_.fast->Later()});
    in_.erase(0, head_bytes + static_cast<std::size_t>(body_bytes));
    scanned_ = 0;
    Flush();
    return true;
  }
  const std::size_t size = answer.head.size() + answer.body.size();
  std::array<iovec, 2> pieces = {{{const_cast<char*>(answer.head.data()), answer.head.size()},
                                  {const_cast<char*>(answer.body.data()), answer.body.size()}}};
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  const bool lost = sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK;
  const std::size_t taken = sent < 0 ? 0 : static_cast<std::size_t>(sent);
  flushed_ += taken;
  SendOutcome outcome{answer.body.size(), true, received_};
  if (taken == size) {
    lane_.fast->OnSent(outcome);
  } else if (lost) {
    outcome.body_bytes = 0;
    outcome.complete = false;
    lane_.fast->OnSent(outcome);
    Close();
    return true;
  } else {
    const std::size_t from_body = taken > answer.head.size() ? taken - answer.head.size() : 0;
    out_.append(answer.head.substr(std::min(taken, answer.head.size())));
    out_.append(answer.body.substr(from_body));
    written_.push_back({flushed_ + unsent(), outcome, lane_.fast->Later()});
  }
  in_.erase(0, head_bytes + static_cast<std::size_t>(body_bytes));
  scanned_ = 0;
  if (unsent() > 0) {
    SetProgressDeadline();
  } else {
    SetDeadline(context_.options.idle_timeout);
  }
  if (in_.empty() && in_.capacity() > kKeptBuffer) in_ = std::string();
  return true;
}

void Connection::Dispatch() {
  if (plan_.on_loop) {
    OnResponse(context_.handler.Handle(std::move(request_)));
  } else if (plan_.on_fiber) {
    RunOnFiber();
  } else {
    RunOnWorker();
  }
}

// A handler that waits for nothing has answered when Run returns. One that waits comes back by a
// task of its own, because what follows an answer (the next request of the connection) must not run
// on its stack.
void Connection::RunOnFiber() {
  FiberRunner& fibers = loop_.fibers();
  if (fibers.alive() >= context_.max_fibers) {
    AnswerBusy();
    return;
  }
  struct Call {
    Request request;
    Response response;
    bool waited = false;
    bool done = false;
  };
  const auto call = std::make_shared<Call>();  // shared by the fiber and this
  call->request = std::move(request_);
  const bool begun =
      fibers.Run([call, weak = weak_from_this(), &loop = loop_, &handler = context_.handler] {
        call->response = handler.Handle(std::move(call->request));
        call->done = true;
        if (!call->waited) return;
        loop.Post([call, weak] {
          if (const auto self = weak.lock()) {
            self->OnHandled(std::move(call->response));
          } else if (call->response.on_sent) {
            call->response.on_sent({});
          }
        });
      });
  if (!begun) {
    AnswerBusy();
  } else if (call->done) {
    OnResponse(std::move(call->response));
  } else {
    call->waited = true;
  }
}

void Connection::RunOnWorker() {
  const auto request = std::make_shared<Request>(std::move(request_));
  const bool accepted = context_.workers.Submit(
      [weak = weak_from_this(), request, &loop = loop_, &handler = context_.handler] {
        auto response = std::make_shared<Response>(handler.Handle(std::move(*request)));
        loop.Post([weak, response] {
          if (const auto self = weak.lock()) {
            self->OnHandled(std::move(*response));
          } else if (response->on_sent) {
            response->on_sent({});
          }
        });
      });
  if (!accepted) AnswerBusy();
}

// What a fiber or a worker made of the request, unless the connection ended meanwhile.
void Connection::OnHandled(Response response) {
  if (state_ == State::kHandling) {
    OnResponse(std::move(response));
    Advance();
  } else if (response.on_sent) {
    response.on_sent({});
  }
}

void Connection::AnswerBusy() {
  Response busy = context_.handler.RenderFrontError(
      503, "the server is at its limit of requests under way; retry shortly");
  busy.headers.Set("retry-after", "1");
  OnResponse(std::move(busy));
}

}  // namespace larder
