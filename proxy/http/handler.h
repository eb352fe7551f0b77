// HttpHandler: what a front calls for each request. Written against our own messages, so that the
// front can change without a handler noticing.
#pragma once

#include <cstdint>

#include "proxy/http/fast_lane.h"
#include "proxy/http/message.h"

namespace larder {

// How the front is to run one request; decided from its head alone.
struct RequestPlan {
  // True: the body is gathered first (at most `max_body_bytes`, else 413) and stands in
  // Request::body. False: the handler starts at once and reads Request::body_source.
  bool whole_body = true;
  std::uint64_t max_body_bytes = 0;  // also bounds a streamed body; 0 = no bound
  // True: Handle runs on the loop's own thread and must not block (health checks answer even when
  // every worker is busy).
  bool on_loop = false;
  // True: Handle runs as a fiber of the loop (base/fiber.h): it may wait on a CondVar, for upstream
  // say, without holding a thread, but not block in any other way nor compute for long. Without
  // effect beside on_loop.
  bool on_fiber = false;
  // True, and AsksForWebsocket: an answer with status 101 and a stream makes a tunnel of the
  // connection. Request::tunnel is set, body_source carries what the client sends behind its head
  // (from the 101 on, as it comes), the stream goes out as it is, and the connection ends after it.
  // Any other answer is as usual, but for that the connection ends too. Without effect on a request
  // that does not ask for a websocket.
  bool tunnel = false;
};

// Thread-safety: called from many threads at once.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // Quick: called on a loop's thread.
  virtual RequestPlan Plan(const Request& head) const = 0;
  virtual Response Handle(Request request) = 0;
  // The body of an error that the front itself answers (400, 408, 413, 431, 503, ...), with its
  // headers.
  virtual Response RenderFrontError(int status, std::string_view message) const = 0;
  // A fast lane for one more loop; it must not outlive the handler. nullptr: there is none.
  virtual std::unique_ptr<FastLane> NewFastLane() { return nullptr; }
};

}  // namespace larder
