// Provider: what the stand-in for a model provider answers, without how it travels.
// Thread-safety: one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "bench/vector_texts.h"

namespace larder::bench {

struct ProviderOptions {
  std::size_t dimensions = 1536;  // of every vector, whatever a request asks for; a multiple of 3
  std::size_t chunks = 16;        // events of a streamed chat answer, before the last two
};

class Provider {
 public:
  struct Reply {
    int status = 200;
    bool streamed = false;  // the events of StreamEvent follow instead of `body`
    std::string_view body;  // JSON; holds until the next Answer
  };

  explicit Provider(ProviderOptions options) : options_(options), vectors_(options.dimensions) {}

  // POST to a path that ends in /embeddings or /chat/completions; any method to one that ends in
  // /echo, which returns the body; GET /count tells how many of the former came, how many inputs
  // they had, and how many requests had the query "smuggled". Anything else is refused.
  Reply Answer(std::string_view method, std::string_view target, std::string_view body);

  // The events of a streamed answer, [0, stream_events()), each whole. All but the last tell when
  // they were `sent`, in nanoseconds, as the member "sent_ns".
  std::size_t stream_events() const { return options_.chunks + 2; }
  std::string StreamEvent(std::size_t place, std::chrono::steady_clock::time_point sent) const;

 private:
  Reply Refuse(int status, std::string_view message);
  void RenderEmbeddings(const struct ProviderCall& call);
  void RenderChat();

  const ProviderOptions options_;
  const VectorTexts vectors_;
  std::string body_;
  std::uint64_t requests_ = 0;
  std::uint64_t inputs_ = 0;
  std::uint64_t smuggled_ = 0;
};

}  // namespace larder::bench
