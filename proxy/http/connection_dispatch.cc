#include "proxy/http/connection.h"
#include "proxy/http/connection_lane.h"

#include <new>

// The lanes that a request can take: the fast one (from memory, at once), a fiber of the loop, a
// worker, or the loop itself.

namespace larder {
namespace {

// A body that is not all here goes the ordinary way, and so does one that is worth a buffer of its
// own.
constexpr std::uint64_t kMaxFastBody = 64UL * 1024;

// A handler that is refused memory fails for its client alone.
Response Handled(HttpHandler& handler, Request request) {
  try {
    return handler.Handle(std::move(request));
  } catch (const std::bad_alloc&) {
    Response refused = handler.RenderFrontError(
        503, "the server was refused memory: send less at a time, or give it more");
    refused.headers.Set("retry-after", "1");
    return refused;
  }
}

}  // namespace

std::size_t Connection::AnswerFast(std::string_view bytes) {
  std::size_t done = 0;
  while (done < bytes.size() && state_ == State::kHead && unsent() == 0) {
    const std::string_view rest = bytes.substr(done);
    std::size_t scanned = 0;
    const HeadViewParse parse = ParseRequestHead(rest, context_.options.head, scanned, lane_.head);
    if (parse.state != HeadViewParse::State::kComplete) break;
    std::size_t consumed = 0;
    lane_asked_ = false;
    if (!TryFastLane(rest, parse.consumed, consumed)) {
      fast_declined_ = true;
      break;
    }
    done += consumed;
  }
  return done;
}

bool Connection::TryFastLane(std::string_view bytes, std::size_t head_bytes,
                             std::size_t& consumed) {
  const RequestHeadView& head = lane_.head;
  if (lane_.fast == nullptr || head.chunked || head.expect_continue || !head.keep_alive ||
      head.minor_version != 1 || read_closed_ || close_after_ || unsent() > 0) {
    return false;
  }
  const std::uint64_t body_bytes = head.content_length.value_or(0);
  if (body_bytes > kMaxFastBody || bytes.size() - head_bytes < body_bytes || context_.draining()) {
    return false;
  }
  const std::string_view body = bytes.substr(head_bytes, static_cast<std::size_t>(body_bytes));
  lane_asked_ = true;
  FastAnswer answer;
  if (!lane_.fast->Answer({head, body, received_, Date()}, answer)) return false;
  consumed = head_bytes + static_cast<std::size_t>(body_bytes);
  SendFast(answer);
  return true;
}

// For a request whose body came behind its head: many clients send them one by one.
bool Connection::TryFastLaneAgain() {
  if (lane_.fast == nullptr || lane_asked_ || !plan_.whole_body || !plan_.on_fiber ||
      request_.body.size() > kMaxFastBody || read_closed_ || close_after_ || unsent() > 0 ||
      context_.draining()) {
    return false;
  }
  RequestHeadView& head = lane_.head;
  head.method = request_.method;
  head.target = request_.target;
  head.minor_version = 1;
  head.chunked = false;
  head.content_length = request_.body.size();
  head.keep_alive = true;
  head.expect_continue = false;
  head.fields.clear();
  for (const auto& [name, value] : request_.headers.fields()) head.fields.push_back({name, value});
  FastAnswer answer;
  if (!lane_.fast->Answer({head, request_.body, request_.received, Date()}, answer)) return false;
  received_ = request_.received;
  state_ = State::kHead;
  SendFast(answer);
  return true;
}

void Connection::SendFast(const FastAnswer& answer) {
  const std::size_t before = unsent();
  const bool sent = SendWhole(answer.head, answer.body);
  const SendOutcome outcome{answer.body.size(), true, received_};
  if (!sent) {
    lane_.fast->OnSent({0, false, received_});
    Close();
  } else if (unsent() == before) {
    lane_.fast->OnSent(outcome);
    SetDeadline(context_.options.idle_timeout);
  } else {  // what the socket has yet to take goes the way of every answer
    written_.push_back({flushed_ + unsent(), outcome, lane_.fast->Later()});
    SetProgressDeadline();
    if (tls_ != nullptr) Flush();
  }
}

void Connection::Dispatch() {
  if (TryFastLaneAgain()) return;
  if (plan_.on_loop) {
    OnResponse(Handled(context_.handler, std::move(request_)));
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
        call->response = Handled(handler, std::move(call->request));
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
        auto response = std::make_shared<Response>(Handled(handler, std::move(*request)));
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
