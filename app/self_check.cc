#include "app/self_check.h"

#include <cstdlib>
#include <filesystem>
#include <ostream>
#include <thread>

#include "app/app.h"
#include "app/http_client.h"

namespace larder {
namespace {

constexpr const char* kEmbed =
    R"json({"model":"larder-hash-384","input":["secure copy (remote file copy program)","list files"]})json";
constexpr const char* kSearch =
    R"json({"model":"larder-hash-384","query":"copy files to a remote machine","top_k":1})json";

std::string Field(const ClientReply& reply, std::string_view name) {
  return std::string(reply.headers.Find(name).value_or("(none)"));
}

// One request; says what came back, true when `expected` stands in it.
class Checker {
 public:
  Checker(std::string server, std::ostream& out) : server_(std::move(server)), out_(out) {}

  bool Embed(const char* step, std::string_view expected_status) {
    const auto reply = CallServer(server_, "POST", "/v1/embeddings", {}, kEmbed);
    if (!reply.ok()) return Failed(step, reply.error().message);
    const std::string status = Field(*reply, "cache-status");
    out_ << step << ": " << reply->status << "  Cache-Status: " << status << "\n";
    return reply->status == 200 && status.find(expected_status) != std::string::npos;
  }

  // The indexer works beside the answers: asked again until the text is found, 5 s at most.
  bool Search(const char* step) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (true) {
      const auto reply = CallServer(server_, "POST", "/v1/search", {}, kSearch);
      if (!reply.ok()) return Failed(step, reply.error().message);
      const bool found = reply->body.find("secure copy") != std::string::npos;
      if (found || std::chrono::steady_clock::now() > deadline) {
        out_ << step << ": " << reply->status << "  " << reply->body << "\n";
        return reply->status == 200 && found;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

 private:
  bool Failed(const char* step, const std::string& why) {
    out_ << step << ": failed: " << why << "\n";
    return false;
  }

  const std::string server_;
  std::ostream& out_;
};

}  // namespace

bool RunSelfCheck(Config config, Log& log, std::ostream& out) {
  std::string data_dir = (std::filesystem::temp_directory_path() / "larder-check-XXXXXX").string();
  if (::mkdtemp(data_dir.data()) == nullptr) {
    out << "start: failed: no temporary directory\n";
    return false;
  }
  config.data_dir = data_dir;
  config.encryption = {};
  config.upstream = {};  // the stand-in
  config.upstreams.clear();
  config.lifetimes.clear();
  config.cache_mode = CacheMode::kOn;
  config.front.host = "127.0.0.1";
  config.front.port = 0;
  config.log_requests = false;
  bool passed = false;
  if (auto app = App::Start(config, log); app.ok()) {
    const std::string& address = (*app)->address();
    out << "start: " << address << "  (built-in provider, temporary data)\n";
    Checker checker(address, out);
    passed = checker.Embed("miss", "fwd=miss");
    passed = checker.Embed("hit", "hit") && passed;
    passed = checker.Search("search") && passed;
    passed = (*app)->Stop() && passed;
  } else {
    out << "start: failed: " << app.error().message << "\n";
  }
  std::error_code ignored;
  std::filesystem::remove_all(data_dir, ignored);
  out << (passed ? "self-check passed\n" : "self-check FAILED\n");
  return passed;
}

}  // namespace larder
