// FastLane: answers requests on the loop itself, from memory, with the least that can be done. One
// stands on each loop; what it declines goes the ordinary way as if it had not been asked.
//
// Thread-safety: none; everything on its loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "proxy/http/message.h"
#include "proxy/http/request_head.h"

namespace larder {

// A whole request where it stands in the connection's buffer: HTTP/1.1, kept alive, with a length
// (or without a body). Views live for the call, and until OnSent.
struct FastRequest {
  const RequestHeadView& head;
  std::string_view body;
  MonoTime received;
  std::string_view date;  // for the Date field
};

// Head and body as they go to the socket; they live until OnSent or Later.
struct FastAnswer {
  std::string_view head;
  std::string_view body;
};

class FastLane {
 public:
  virtual ~FastLane() = default;

  // False: declined, and nothing has been done. Never blocks; quick enough for a loop (the largest
  // answer it gives is a few MB).
  virtual bool Answer(const FastRequest& request, FastAnswer& answer) = 0;

  // One of the two follows each answer. It has been sent, or will not be.
  virtual void OnSent(const SendOutcome& outcome) = 0;
  // It is being sent; what is returned is called once when it is over.
  virtual std::function<void(const SendOutcome&)> Later() = 0;
};

}  // namespace larder
