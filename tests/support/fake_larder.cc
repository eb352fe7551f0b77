#include "tests/support/fake_larder.h"

#include <httplib.h>

#include <map>
#include <thread>

#include "base/mutex.h"

// The library's class layout depends on these; without them every call corrupts memory.
#if !defined(CPPHTTPLIB_OPENSSL_SUPPORT) || !defined(CPPHTTPLIB_ZLIB_SUPPORT) || \
    !defined(CPPHTTPLIB_BROTLI_SUPPORT)
#error "build cpp-httplib's users with the flags of its pkg-config file"
#endif

namespace larder {

struct FakeLarder::State {
  httplib::Server server;
  int port = 0;
  std::thread thread;
  Mutex mutex;
  CondVar changed;
  bool ending LARDER_GUARDED_BY(mutex) = false;
  std::vector<LarderCall> calls LARDER_GUARDED_BY(mutex);
  std::map<std::string, FakeLarder::Compute> answers LARDER_GUARDED_BY(mutex);

  void Handle(const httplib::Request& request, httplib::Response& response) {
    LarderCall call{request.method, request.path, {}, {}, request.body};
    if (const std::size_t at = request.target.find('?'); at != std::string::npos) {
      call.query = request.target.substr(at + 1);
    }
    for (const auto& [name, value] : request.headers) call.headers.Add(name, value);
    FakeLarder::Compute compute;
    {
      MutexLock lock(mutex);
      calls.push_back(call);
      const auto found = answers.find(request.method + " " + request.path);
      if (found != answers.end()) compute = found->second;
    }
    Send(compute ? compute(call)
                 : LarderReply{404, "application/json",
                               R"({"error":{"message":"the fake has no such path"}})"},
         response);
  }

  void Send(LarderReply reply, httplib::Response& response) {
    response.status = reply.status;
    for (const auto& [name, value] : reply.headers.fields()) response.set_header(name, value);
    if (!reply.body.empty() || reply.pieces.empty()) {
      response.set_content(reply.body, reply.content_type);
      return;
    }
    response.set_chunked_content_provider(
        reply.content_type,
        [this, reply, next = std::size_t{0}](std::size_t, httplib::DataSink& sink) mutable {
          if (next < reply.pieces.size()) {
            const std::string& piece = reply.pieces[next++];
            return sink.write(piece.data(), piece.size());
          }
          if (reply.broken) return false;
          if (reply.open) {
            MutexLock lock(mutex);
            while (!ending) changed.Wait(mutex);
            return false;
          }
          sink.done();
          return true;
        });
  }
};

FakeLarder::FakeLarder() : state_(std::make_unique<State>()) {
  const auto handle = [state = state_.get()](const httplib::Request& request,
                                             httplib::Response& response) {
    state->Handle(request, response);
  };
  state_->server.Get(".*", handle).Post(".*", handle).Patch(".*", handle).Delete(".*", handle);
  state_->server.set_keep_alive_max_count(1);
  state_->port = state_->server.bind_to_any_port("127.0.0.1");
  state_->thread = std::thread([state = state_.get()] { state->server.listen_after_bind(); });
  while (!state_->server.is_running()) std::this_thread::yield();
}

FakeLarder::~FakeLarder() {
  {
    MutexLock lock(state_->mutex);
    state_->ending = true;
    state_->changed.NotifyAll();
  }
  state_->server.stop();
  state_->thread.join();
}

std::string FakeLarder::url() const {
  return "http://127.0.0.1:" + std::to_string(state_->port);
}

void FakeLarder::Answer(const std::string& method, const std::string& path, LarderReply reply) {
  AnswerBy(method, path, [reply = std::move(reply)](const LarderCall&) { return reply; });
}

void FakeLarder::AnswerBy(const std::string& method, const std::string& path, Compute compute) {
  MutexLock lock(state_->mutex);
  state_->answers[method + " " + path] = std::move(compute);
}

std::vector<LarderCall> FakeLarder::calls() const {
  MutexLock lock(state_->mutex);
  return state_->calls;
}

}  // namespace larder
