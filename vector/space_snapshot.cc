// How a VectorSpace is saved and loaded. docs/on_disk_format.md gives the grammar.
#include <filesystem>
#include <string_view>

#include "vector/no_throw.h"
#include "vector/snapshot_file.h"
#include "vector/space_contents.h"

namespace larder {
namespace {

constexpr std::string_view kMagic = "LARDERVS";
constexpr std::uint32_t kFormatVersion = 1;
constexpr std::size_t kIdsAtOnce = 4096;  // named under one lock
constexpr std::size_t kMostFileName = 255;

enum class RowsIn : std::uint8_t { kGraph = 0, kSnapshot = 1, kFile = 2 };

Error Corrupt(const std::string& what) {
  return Error{ErrorCode::kCorruption, ErrorOrigin::kIndex, "the snapshot is not used: " + what};
}

struct Header {
  std::uint64_t watermark = 0;
  std::uint64_t size = 0;  // slots
  RowsIn rows_in = RowsIn::kGraph;
  std::uint64_t rows_checksum = 0;
  std::string file;  // of the vectors, within the directory
};

void WriteHeader(const Header& header, const VectorSpace::Options& options,
                 SnapshotWriter& writer) {
  writer.Write(kMagic.data(), kMagic.size());
  writer.Number(kFormatVersion);
  writer.Number(options.metric);
  writer.Number(options.storage);
  writer.Number(header.rows_in);
  writer.Number(std::uint8_t{0});
  writer.Number(static_cast<std::uint32_t>(options.dim));
  writer.Number(static_cast<std::uint32_t>(options.m));
  writer.Number(header.watermark);
  writer.Number(header.size);
  writer.Number(header.rows_checksum);
  writer.Number(static_cast<std::uint32_t>(header.file.size()));
  writer.Write(header.file.data(), header.file.size());
}

// Checked by its own checksum before anything is done with the sizes in it.
Result<Header> ReadHeader(const VectorSpace::Options& options, SnapshotReader& reader) {
  std::string magic(kMagic.size(), '\0');
  if (!reader.Read(magic.data(), magic.size()) || magic != kMagic) return Corrupt("it is none");
  if (reader.Number<std::uint32_t>() != kFormatVersion) return Corrupt("another format version");
  const auto metric = reader.Number<Metric>();
  const auto storage = reader.Number<Storage>();
  Header header;
  header.rows_in = reader.Number<RowsIn>();
  static_cast<void>(reader.Number<std::uint8_t>());
  const auto dim = reader.Number<std::uint32_t>();
  const auto m = reader.Number<std::uint32_t>();
  header.watermark = reader.Number<std::uint64_t>();
  header.size = reader.Number<std::uint64_t>();
  header.rows_checksum = reader.Number<std::uint64_t>();
  header.file.resize(std::min<std::size_t>(reader.Number<std::uint32_t>(), kMostFileName));
  reader.Read(header.file.data(), header.file.size());
  const std::uint64_t expected = reader.checksum();
  if (reader.Number<std::uint64_t>() != expected) return Corrupt("its head is damaged");
  if (metric != options.metric || storage != options.storage || dim != options.dim ||
      m != options.m) {
    return Corrupt("it is of a space with other options");
  }
  if (header.size > reader.left() || header.file.find('/') != std::string::npos) {
    return Corrupt("it is shorter than its head says");
  }
  return header;
}

}  // namespace

Status VectorSpace::Save(const std::string& path, std::uint64_t watermark) {
  return NoThrow([&]() -> Status {
    FairWriterLock work(work_);
    const ContentsPointer contents = Current();
    Header header;
    header.watermark = watermark;
    std::vector<std::uint64_t> live;
    {
      MutexLock writer(writer_);
      header.size = contents->size();
      for (std::size_t i = 0; i * 64 < header.size; ++i) live.push_back(contents->live.Word(i));
      if (contents->rows != nullptr) {
        header.rows_checksum = contents->rows->ChecksumOf(header.size);
      }
    }
    const VectorRows* rows = contents->rows.get();
    if (rows != nullptr) {
      header.rows_in = rows->path().empty() ? RowsIn::kSnapshot : RowsIn::kFile;
      header.file = std::filesystem::path(rows->path()).filename().string();
      LARDER_RETURN_IF_ERROR(contents->rows->Sync());
    }
    LARDER_ASSIGN_OR_RETURN(SnapshotWriter writer, SnapshotWriter::Create(path, options_.keys));
    WriteHeader(header, options_, writer);
    writer.Number(writer.checksum());
    contents->graph->Save(
        header.size, [&](const void* bytes, std::size_t count) { writer.Write(bytes, count); });
    writer.Write(live.data(), live.size() * sizeof(live[0]));
    for (std::size_t begin = 0; begin < header.size; begin += kIdsAtOnce) {
      std::string ids;
      {
        FairReaderLock lock(contents->names->mutex);
        for (std::size_t slot = begin; slot < std::min(header.size, begin + kIdsAtOnce); ++slot) {
          const std::string_view id = contents->names->ids.IdOf(static_cast<std::uint32_t>(slot));
          const auto length = static_cast<std::uint16_t>(id.size());
          ids.append(static_cast<const char*>(static_cast<const void*>(&length)), sizeof(length));
          ids.append(id);
        }
      }
      writer.Write(ids.data(), ids.size());
    }
    if (header.rows_in == RowsIn::kSnapshot) {
      writer.Write(rows->Row(0), header.size * options_.dim * sizeof(float));
    }
    // Before the snapshot that names it: one too many is removed with the next that succeeds.
    if (header.rows_in == RowsIn::kFile) contents->rows->Keep();
    LARDER_RETURN_IF_ERROR(writer.Commit());
    RemoveOtherFiles();
    return {};
  });
}

Result<VectorSpace::Loaded> VectorSpace::Load(const std::string& path, const Options& options) {
  return NoThrow([&]() -> Result<Loaded> {
    LARDER_RETURN_IF_ERROR(CheckOptions(options));
    LARDER_ASSIGN_OR_RETURN(SnapshotReader reader, SnapshotReader::Open(path, options.keys));
    LARDER_ASSIGN_OR_RETURN(const Header header, ReadHeader(options, reader));
    std::unique_ptr<VectorSpace> space(new VectorSpace(options));
    FairWriterLock work(space->work_);
    const std::size_t capacity = space->CapacityFor(header.size + 1);
    auto contents = std::make_shared<Contents>(capacity);
    LARDER_ASSIGN_OR_RETURN(
        contents->graph,
        HnswGraph::Load(space->codec_, {options.m, options.ef_construction}, capacity, header.size,
                        [&](void* bytes, std::size_t count) { return reader.Read(bytes, count); }));
    LARDER_RETURN_IF_ERROR(space->ReadPoints(header.size, *contents, reader));
    if (header.rows_in == RowsIn::kFile) {
      const std::string file = options.directory + "/" + header.file;
      auto rows = VectorRows::Open(options.dim, capacity, file, header.size);
      if (!rows.ok()) return Corrupt(rows.error().message);
      contents->rows = std::move(rows).value();
    } else if (header.rows_in == RowsIn::kSnapshot) {
      LARDER_ASSIGN_OR_RETURN(contents->rows, VectorRows::Create(options.dim, capacity, ""));
      std::vector<float> vector(options.dim);
      for (std::uint32_t slot = 0; slot < header.size; ++slot) {
        if (!reader.Read(vector.data(), options.dim * sizeof(float))) return Corrupt("it is torn");
        LARDER_RETURN_IF_ERROR(contents->rows->Write(slot, vector.data()));
      }
    }
    if (!reader.EndsWhole()) return Corrupt("its checksum differs");
    const bool has_rows = contents->rows != nullptr;
    if (has_rows == (options.storage == Storage::kFloat32)) return Corrupt("it has other rows");
    if (has_rows && contents->rows->ChecksumOf(header.size) != header.rows_checksum) {
      return Corrupt("the checksum of the vectors differs");
    }
    space->Publish(std::move(contents));
    space->RemoveOtherFiles();
    return Loaded{std::move(space), header.watermark};
  });
}

Status VectorSpace::ReadPoints(std::size_t size, Contents& contents, SnapshotReader& reader) {
  std::vector<std::uint64_t> live((size + 63) / 64);
  if (!reader.Read(live.data(), live.size() * sizeof(live[0]))) return Corrupt("it is torn");
  FairWriterLock lock(contents.names->mutex);
  IdTable& ids = contents.names->ids;
  std::string id;
  for (std::uint32_t slot = 0; slot < size; ++slot) {
    id.resize(reader.Number<std::uint16_t>());
    if (id.empty() || !reader.Read(id.data(), id.size())) return Corrupt("it is torn");
    if ((live[slot / 64] >> (slot % 64) & 1) == 0) {
      ids.AppendForgotten(id);
      continue;
    }
    if (ids.Append(id)) return Corrupt("an id occurs twice");
    contents.live.Set(slot);
    contents.live_count.fetch_add(1);
  }
  return {};
}

void VectorSpace::RemoveOtherFiles() {
  if (options_.directory.empty()) return;
  // What is not removed now is removed the next time.
  static_cast<void>(NoThrow([this]() LARDER_LOCKED_AROUND -> Status {
    RemoveFilesNotInUse();
    return {};
  }));
}

void VectorSpace::RemoveFilesNotInUse() {
  const auto name_of = [](const ContentsPointer& contents) {
    if (contents == nullptr || contents->rows == nullptr) return std::string();
    return std::filesystem::path(contents->rows->path()).filename().string();
  };
  const std::string current = name_of(Current());
  const std::string next = rebuild_ == nullptr ? std::string() : name_of(rebuild_->to);
  std::error_code failed;
  std::filesystem::directory_iterator files(options_.directory, failed);
  for (; !failed && files != std::filesystem::directory_iterator(); files.increment(failed)) {
    const std::string name = files->path().filename().string();
    const bool is_vectors = name.starts_with("vectors-") && name.ends_with(".f32");
    // No save is under way: what was being written when a process died.
    const bool is_unfinished = name == "snapshot.new";
    if (is_unfinished || (is_vectors && name != current && name != next)) {
      std::error_code ignored;
      std::filesystem::remove(files->path(), ignored);
    }
  }
}

}  // namespace larder
