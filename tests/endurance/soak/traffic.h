// The soak's clients: each a thread that does one thing after another, chosen at random, and
// compares every answer.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <random>
#include <string>

#include "tests/endurance/soak/answers.h"
#include "tests/endurance/soak/connection.h"

namespace larder::soak {

// What a client does. In per ten thousand; kHit is what is left.
struct Kind {
  const char* name;
  int share;
};
inline constexpr std::array<Kind, 11> kKinds = {{
    {"hit", 0},           // an embedding that many ask for, through the fast lane
    {"chat_hit", 1200},   // the same of a whole answer
    {"stream_hit", 400},  // and of a stream
    {"miss", 250},        // an embedding that nobody asked for before
    {"chat_miss", 60},    //
    {"stream_miss", 60},  //
    {"batch", 150},       // up to 48 inputs: known, new, doubled
    {"collapse", 100},    // what several clients ask for at once, new
    {"malformed", 60},    // what is no request
    {"leave", 60},        // a client that goes away in the middle
    {"fault", 30},        // upstream fails
}};

struct Tally {
  std::array<std::atomic<std::uint64_t>, kKinds.size()> done{};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> cache_hits{0};  // by Cache-Status
  std::atomic<std::uint64_t> wrong{0};
  std::atomic<std::uint64_t> collapsing{0};  // counts through the texts of kCollapse

  // Counts it, and tells it on stderr.
  void Wrong(const std::string& sentence);
};

class Client {
 public:
  // `tally` outlives it. new_texts: how many different ones are new, until they are used anew.
  Client(std::uint16_t port, std::uint64_t seed, std::uint64_t new_texts, Tally& tally);
  void Step();

 private:
  using Answer = Connection::Answer;

  void Embed(const EmbeddingsCall& call);
  void Chat(const ChatCall& call);
  void Batch();
  void Malformed();
  void Leave();
  void Fault();

  std::string Known(const char* kind);  // one of those that many ask for
  std::string New();
  std::uint64_t Below(std::uint64_t count) { return random_() % count; }
  Answer Ask(const std::string& request);
  void Expect(bool right, const char* what, const Answer& answer);

  Connection connection_;
  const std::uint16_t port_;
  const std::uint64_t new_texts_;
  Tally& tally_;
  std::mt19937_64 random_;
  std::string credential_;
};

}  // namespace larder::soak
