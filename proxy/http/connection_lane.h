// What the connections of one loop share. Internal to connection*.cc.
#pragma once

#include "proxy/http/connection.h"
#include "proxy/http/timers.h"

namespace larder {

struct Connection::Lane : EventLoop::Resident {
  Lane(std::unique_ptr<FastLane> f, MonoTime now) : fast(std::move(f)), timers(now) {}

  std::unique_ptr<FastLane> fast;  // null: there is none
  RequestHeadView head;            // the one read last
  std::string head_bytes;          // of an answer that is being sent
  Timers<Connection> timers;
};

}  // namespace larder
