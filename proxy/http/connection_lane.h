// What the connections of one loop share. Internal to connection*.cc.
#pragma once

#include "proxy/http/connection.h"

namespace larder {

struct Connection::Lane : EventLoop::Resident {
  explicit Lane(std::unique_ptr<FastLane> f) : fast(std::move(f)) {}

  std::unique_ptr<FastLane> fast;  // null: there is none
  RequestHeadView head;            // the one read last
};

}  // namespace larder
