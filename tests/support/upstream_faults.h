// What can go wrong with an answer of upstream, and what a client is to see of it, for each way
// that is cached. tests/proxy/upstream_fault_table_test.cc plays them.
#pragma once

#include <chrono>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "tests/support/raw_client.h"

namespace larder {

enum class Way { kEmbeddings, kChat, kChatStream };

// What the client gets. Broken: the head says `status`, and the body breaks off visibly.
struct Seen {
  int status = 0;
  bool broken = false;
  int or_status = 0;  // also right: whole, with this status (a reset may overtake what it follows)
};
constexpr Seen Broken(int or_status = 0) {
  return {200, true, or_status};
}

struct Fault {
  std::string name;
  // Answers one request, which has been read; then the connection is closed.
  std::function<void(RawClient&, Way)> answer;
  Seen embeddings;
  Seen chat;
  Seen stream;
  // How long upstream may take; what is not said is far beyond what the fault needs.
  std::chrono::milliseconds first_byte_timeout{20'000};
  std::chrono::milliseconds idle_timeout{20'000};
  std::chrono::milliseconds total_timeout{20'000};
  int retries = 0;
};

inline std::ostream& operator<<(std::ostream& out, const Fault& fault) {
  return out << fault.name;
}

// A whole and right answer.
std::string GoodBody(Way way);
// "HTTP/1.1 200 OK", the right type, and `fields`, each ended by CRLF.
std::string Head(Way way, const std::string& fields);
// The field.
std::string Length(std::size_t size);
// All of an answer of status 200.
std::string Sized(Way way, const std::string& body, const std::string& fields = "");

// Connections that are refused, reset, or end too early.
std::vector<Fault> FaultsOfConnections();
// Heads that are none, or that two readers could frame differently.
std::vector<Fault> FaultsOfHeads();
// Bodies that break off.
std::vector<Fault> FaultsOfBodies();
// Answers that never come, or never end.
std::vector<Fault> FaultsOfTime();
// Whole answers that are none: other statuses, other content, other codings.
std::vector<Fault> FaultsOfContent();

}  // namespace larder
