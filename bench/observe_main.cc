// What observing one request costs, in this process and in CPU time of this thread alone: recording
// it, and writing its line from time to time. Prints a row of a Markdown table for each setting;
// the log goes to stderr.

#include <ctime>
#include <iostream>

#include "cache/memory_store.h"
#include "proxy/admin/telemetry.h"

namespace larder {
namespace {

double CpuNanos() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

RequestRecord Hit() {
  RequestRecord record;
  record.finished_at = SystemClock().Now();
  record.request_id = "5f0f1f6e-1b2c-4d3e-8f90-aabbccddeeff";
  record.method = "POST";
  record.path = "/v1/embeddings";
  record.route = "embeddings";
  record.model = "text-embedding-3-small";
  record.partition = "01234567";
  record.upstream = "https://api.openai.com/v1";
  record.status = 200;
  record.cache.layer = CacheLayer::kEmbeddings;
  record.cache.outcome = CacheOutcome::kHit;
  record.cache.items = 1;
  record.cache.items_hit = 1;
  record.cache.saved_tokens = 60;
  record.cache.key = Digest{};
  record.bytes_out = 8300;
  return record;
}

void Measure(const char* name, bool count, Log* log, int models) {
  constexpr int kRequests = 200'000;
  constexpr int kBetweenTicks = 100;  // a hundred lines are about 64 KiB
  MemoryStore store;
  const SystemClock clock;
  TelemetryOptions options;
  options.enabled = count;
  Telemetry telemetry(store, clock, {}, [] { return Gauges(); }, options, {.log = log});
  RequestRecord record = Hit();
  const std::string model = record.model;
  double recording = 0;
  double writing = 0;
  for (int i = 0; i < kRequests; i += kBetweenTicks) {
    const double begin = CpuNanos();
    for (int j = i; j < i + kBetweenTicks; ++j) {
      record.total = std::chrono::microseconds(15 + j % 16);
      if (models > 1) record.model = model + static_cast<char>('a' + j % models);
      telemetry.Record(record);
    }
    const double recorded = CpuNanos();
    telemetry.Tick();
    writing += CpuNanos() - recorded;
    recording += recorded - begin;
  }
  std::cout << "| " << name << " | " << static_cast<int>(recording / kRequests) << " | "
            << static_cast<int>(writing / kRequests) << " |\n";
}

}  // namespace
}  // namespace larder

int main() {
  larder::Log json(larder::LogFormat::kJson, larder::LogLevel::kInfo);
  larder::Log text(larder::LogFormat::kText, larder::LogLevel::kInfo);
  larder::Measure("nothing", false, nullptr, 1);
  larder::Measure("counts and live tail", true, nullptr, 1);
  larder::Measure("the same, another model each time", true, nullptr, 8);
  larder::Measure("counts, live tail, access log as JSON", true, &json, 1);
  larder::Measure("counts, live tail, access log as text", true, &text, 1);
}
