#include "proxy/admin/rollup_codec.h"

#include <algorithm>
#include <vector>

#include "base/bytes.h"

namespace larder {
namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::size_t kLeastBytes = std::size_t{16} * 1024;
// Of version 1, in the order of ForEachCounter.
constexpr std::size_t kVersion1Counters = 24;

// Unsigned LEB128.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  void Number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }
  void Text(std::string_view text) {
    Number(text.size());
    out_ += text;
  }

 private:
  std::string& out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t Number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    rest_ = {};
    return 0;
  }
  std::string_view Text() {
    const std::uint64_t size = Number();
    if (size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

void WriteHistogram(const LatencyHistogram& histogram, Writer& writer) {
  const auto& buckets = histogram.buckets();
  writer.Number(static_cast<std::size_t>(std::count_if(
      buckets.begin(), buckets.end(), [](std::uint64_t count) { return count > 0; })));
  if (histogram.count() == 0) return;
  writer.Number(histogram.sum_micros());
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    if (buckets[i] == 0) continue;
    writer.Number(i);
    writer.Number(buckets[i]);
  }
}

bool ReadHistogram(Reader& reader, LatencyHistogram& histogram) {
  const std::uint64_t used = reader.Number();
  if (used == 0) return reader.ok();
  histogram.AddSum(reader.Number());
  for (std::uint64_t i = 0; i < used && reader.ok(); ++i) {
    const std::uint64_t bucket = reader.Number();
    const std::uint64_t count = reader.Number();
    if (bucket >= LatencyHistogram::kBuckets) return false;
    histogram.AddBucket(bucket, count);
  }
  return reader.ok();
}

void WriteNamed(const NamedCounts& counts, Writer& writer) {
  writer.Number(counts.all().size());
  for (const auto& [name, count] : counts.all()) {
    writer.Text(name);
    writer.Number(count);
  }
}

void ReadNamed(Reader& reader, NamedCounts& counts) {
  const std::uint64_t size = reader.Number();
  for (std::uint64_t i = 0; i < size && reader.ok(); ++i) {
    const std::string_view name = reader.Text();
    counts.Add(name, reader.Number());
  }
}

// The numbers of a list that are not 0, each with its place.
template <typename Each>
void WriteSparse(const Each& each, Writer& writer) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> used;
  std::uint64_t place = 0;
  each([&](const std::uint64_t& count) {
    if (count > 0) used.emplace_back(place, count);
    ++place;
  });
  writer.Number(used.size());
  for (const auto& [at, count] : used) {
    writer.Number(at);
    writer.Number(count);
  }
}

// A place that this build does not know is left out.
template <typename Each>
void ReadSparse(Reader& reader, const Each& each) {
  std::vector<std::uint64_t*> places;
  each([&](std::uint64_t& count) { places.push_back(&count); });
  const std::uint64_t used = reader.Number();
  for (std::uint64_t i = 0; i < used && reader.ok(); ++i) {
    const std::uint64_t place = reader.Number();
    const std::uint64_t count = reader.Number();
    if (place < places.size()) *places[place] += count;
  }
}

template <typename Counts>
auto CellsOf(Counts& route) {
  return [&route](const auto& visit) {
    for (auto& by_class : route.requests) {
      for (auto& count : by_class) visit(count);
    }
  };
}

std::string EncodeRow(const RowKey& key, const RollupRow& row) {
  std::string bytes;
  Writer writer(bytes);
  writer.Text(key.model);
  writer.Text(key.partition);
  writer.Text(key.route);
  WriteSparse([&](const auto& visit) { ForEachCounter(row.counts, visit); }, writer);
  for (const LatencyHistogram* times : {&row.hits, &row.misses, &row.overhead, &row.upstream}) {
    WriteHistogram(*times, writer);
  }
  WriteNamed(row.changed_fields, writer);
  WriteNamed(row.bypass_details, writer);
  return bytes;
}

bool ReadRow(Reader& reader, Rollup& rollup) {
  const std::string_view model = reader.Text();
  const std::string_view partition = reader.Text();
  const std::string_view route = reader.Text();
  if (!reader.ok()) return false;
  RollupRow& row = rollup.RowOf({model, partition, route});
  ReadSparse(reader, [&](const auto& visit) { ForEachCounter(row.counts, visit); });
  for (LatencyHistogram* times : {&row.hits, &row.misses, &row.overhead, &row.upstream}) {
    if (!ReadHistogram(reader, *times)) return false;
  }
  ReadNamed(reader, row.changed_fields);
  ReadNamed(reader, row.bypass_details);
  return reader.ok();
}

// The rows, as they stand in a payload, in at most `max_bytes`.
std::vector<std::string> EncodeRows(const Rollup& rollup, std::size_t max_bytes) {
  struct Candidate {
    RowKey key;
    const RollupRow* row;
    std::string bytes;
  };
  std::vector<Candidate> candidates;
  std::size_t all = 0;
  for (const auto& [name, row] : rollup.rows()) {
    candidates.push_back({name.key(), &row, EncodeRow(name.key(), row)});
    all += candidates.back().bytes.size();
  }
  std::vector<std::string> rows;
  if (all <= max_bytes) {
    for (Candidate& candidate : candidates) rows.push_back(std::move(candidate.bytes));
    return rows;
  }
  // The busiest first, in three quarters of the room: the rest is what "(other)" may take.
  std::ranges::stable_sort(candidates, std::greater<>(), [](const Candidate& candidate) {
    return candidate.row->counts.Requests();
  });
  std::size_t kept = 0;
  Rollup others(0);
  for (Candidate& candidate : candidates) {
    if (kept + candidate.bytes.size() <= max_bytes / 4 * 3) {
      kept += candidate.bytes.size();
      rows.push_back(std::move(candidate.bytes));
    } else {
      others.RowOf(candidate.key).Merge(*candidate.row);
    }
  }
  std::vector<std::string> other_rows;
  for (const auto& [name, row] : others.rows()) other_rows.push_back(EncodeRow(name.key(), row));
  for (const std::string& row : other_rows) kept += row.size();
  if (kept <= max_bytes) {
    rows.insert(rows.end(), other_rows.begin(), other_rows.end());
    return rows;
  }
  RollupRow rest;
  for (const auto& [name, row] : others.rows()) rest.Merge(row);
  rest.changed_fields = {};
  rest.bypass_details = {};
  rows.push_back(EncodeRow({kOtherRow, kOtherRow, kOtherName}, rest));
  return rows;
}

// Version 1: counters and times without rows, and requests by route.
bool ReadVersion1(ByteReader reader, Rollup& rollup) {
  reader.Fixed<std::uint8_t>();
  RollupRow& row = rollup.RowOf({kOtherRow, kOtherRow, kOtherName});
  std::size_t place = 0;
  ForEachCounter(row.counts, [&](std::uint64_t& count) {
    if (place++ < kVersion1Counters) count = reader.Fixed<std::uint64_t>();
  });
  for (LatencyHistogram* times : {&row.hits, &row.misses}) {
    times->AddSum(reader.Fixed<std::uint64_t>());
    const auto used = reader.Fixed<std::uint16_t>();
    for (std::uint16_t i = 0; i < used && reader.ok(); ++i) {
      const auto bucket = reader.Fixed<std::uint16_t>();
      const auto count = reader.Fixed<std::uint32_t>();
      if (bucket >= LatencyHistogram::kBuckets) return false;
      times->AddBucket(bucket, count);
    }
  }
  const auto routes = reader.Fixed<std::uint16_t>();
  for (std::uint16_t i = 0; i < routes && reader.ok(); ++i) {
    const std::string_view route = reader.Prefixed();
    // It did not tell by outcome and status.
    rollup.RouteOf(route).requests.back().back() += reader.Fixed<std::uint64_t>();
  }
  return reader.ok() && reader.remaining() == 0;
}

}  // namespace

std::string EncodeRollup(const Rollup& rollup, std::size_t max_bytes) {
  std::string payload;
  Writer writer(payload);
  payload += static_cast<char>(kVersion);
  writer.Number(rollup.routes().size());
  for (const auto& [route, counts] : rollup.routes()) {
    writer.Text(route);
    WriteSparse(CellsOf(counts), writer);
  }
  max_bytes = std::max(max_bytes, kLeastBytes);
  const auto rows = EncodeRows(rollup, max_bytes - std::min(max_bytes, payload.size() + 2));
  writer.Number(rows.size());
  for (const std::string& row : rows) payload += row;
  return payload;
}

std::optional<Rollup> DecodeRollup(std::string_view payload) {
  if (payload.empty()) return std::nullopt;
  Rollup rollup;
  if (payload[0] == 1) {
    if (!ReadVersion1(ByteReader(payload), rollup)) return std::nullopt;
    return rollup;
  }
  if (payload[0] != kVersion) return std::nullopt;
  Reader reader(payload.substr(1));
  const std::uint64_t routes = reader.Number();
  for (std::uint64_t i = 0; i < routes && reader.ok(); ++i) {
    const std::string_view route = reader.Text();
    ReadSparse(reader, CellsOf(rollup.RouteOf(route)));
  }
  const std::uint64_t rows = reader.Number();
  for (std::uint64_t i = 0; i < rows && reader.ok(); ++i) {
    if (!ReadRow(reader, rollup)) return std::nullopt;
  }
  if (!reader.at_end()) return std::nullopt;
  return rollup;
}

}  // namespace larder
