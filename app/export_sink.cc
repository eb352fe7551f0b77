#include "app/export_sink.h"

#include <cstring>
#include <vector>

#include "app/npy.h"
#include "base/base64.h"
#include "proxy/json/json.h"
#include "proxy/json/json_writer.h"

namespace larder {
namespace {

constexpr std::size_t kMaxModels = 8;

Error NotAnEntry() {
  return InvalidArgument(
      "the server sent a line that is no entry: is it a larder of this version?");
}

// The vector of an entry as little-endian float32; nullopt when it has none.
std::optional<std::string> Float32Of(JsonElement entry) {
  const auto text = StringMember(entry, "embedding");
  auto bytes = text ? DecodeBase64(*text) : std::nullopt;
  if (!bytes || StringMember(entry, "type").value_or("float32") == "float32") return bytes;
  std::string narrow;
  for (std::size_t at = 0; at + sizeof(double) <= bytes->size(); at += sizeof(double)) {
    double wide = 0;
    std::memcpy(&wide, bytes->data() + at, sizeof(wide));
    const auto single = static_cast<float>(wide);
    narrow.append(reinterpret_cast<const char*>(&single), sizeof(single));
  }
  return narrow;
}

}  // namespace

std::string IdsPathOf(const std::string& npy_path) {
  std::string stem = npy_path;
  if (stem.ends_with(".npy")) stem.resize(stem.size() - 4);
  return stem + ".ids.jsonl";
}

Status JsonLinesSink::Take(std::string_view line) {
  if (dimensions_) {
    const auto document = JsonDocument::Parse(line);
    if (!document.ok()) return NotAnEntry();
    if (IntMember(document->root(), "dim") != *dimensions_) {
      ++left_out_;
      return {};
    }
  }
  ++kept_;
  LARDER_RETURN_IF_ERROR(file_->Write(line));
  return file_->Write("\n");
}

Status JsonLinesSink::Finish(std::string_view last) {
  // With some left out the count of the server's line would be wrong.
  const std::string line = dimensions_
                               ? R"({"finished":true,"entries":)" + std::to_string(kept_) + "}"
                               : std::string(last);
  LARDER_RETURN_IF_ERROR(file_->Write(line + "\n"));
  return file_->Commit();
}

Result<std::unique_ptr<NpySink>> NpySink::Create(const std::string& path,
                                                 std::optional<int> dimensions) {
  LARDER_ASSIGN_OR_RETURN(auto vectors, OutputFile::Create(path));
  LARDER_ASSIGN_OR_RETURN(auto ids, OutputFile::Create(IdsPathOf(path)));
  LARDER_RETURN_IF_ERROR(vectors->Write(RenderNpyHeader(0, 0)));
  return std::unique_ptr<NpySink>(new NpySink(std::move(vectors), std::move(ids), dimensions));
}

Status NpySink::Take(std::string_view line) {
  const auto document = JsonDocument::Parse(line);
  if (!document.ok()) return NotAnEntry();
  const JsonElement entry = document->root();
  const auto dim = IntMember(entry, "dim");
  const auto vector = Float32Of(entry);
  if (!dim || !vector || *dim <= 0 ||
      vector->size() != static_cast<std::size_t>(*dim) * sizeof(float)) {
    return NotAnEntry();
  }
  if (dimensions_ && *dim != *dimensions_) {
    ++left_out_;
    return {};
  }
  if (columns_ == 0) columns_ = *dim;
  if (columns_ != *dim) {
    return InvalidArgument("there are vectors of " + std::to_string(columns_) + " and of " +
                           std::to_string(*dim) +
                           " dimensions, and a matrix has rows of one length: choose with --model "
                           "or --dimensions");
  }
  JsonWriter id;
  id.BeginObject().Member("row", kept_);
  for (const char* name : {"key", "model", "partition", "namespace", "upstream"}) {
    if (const auto text = StringMember(entry, name)) id.Member(name, *text);
  }
  if (const auto input = Member(entry, "input")) {
    if (std::string_view text; input->get(text) == simdjson::SUCCESS) {
      id.Member("text", text);
    } else if (input->is_array()) {
      id.Key("tokens").Raw(std::string(simdjson::minify(*input)));
    }
  }
  id.EndObject();
  if (models_.size() < kMaxModels) {
    models_.emplace(StringMember(entry, "model").value_or(""));
  }
  ++kept_;
  LARDER_RETURN_IF_ERROR(ids_->Write(id.Take() + "\n"));
  return vectors_->Write(*vector);
}

Status NpySink::Finish(std::string_view /*last*/) {
  LARDER_RETURN_IF_ERROR(vectors_->WriteAt(
      0, RenderNpyHeader(static_cast<std::uint64_t>(kept_), static_cast<std::uint64_t>(columns_))));
  LARDER_RETURN_IF_ERROR(ids_->Commit());
  return vectors_->Commit();
}

}  // namespace larder
