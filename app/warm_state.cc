#include "app/warm_state.h"

#include <unistd.h>

#include "app/byte_input.h"
#include "app/output_file.h"
#include "base/bytes.h"
#include "proxy/json/json.h"
#include "proxy/json/json_writer.h"

namespace larder {
namespace {

constexpr int kVersion = 1;
constexpr std::size_t kMaxBytes = 64UL * 1024;

}  // namespace

void TextHash::Add(std::string_view text) {
  std::string size;
  ByteWriter(size).Fixed(static_cast<std::uint64_t>(text.size()));
  hash_.Update(size);
  hash_.Update(text);
}

std::string TextHash::Digits() const {
  Sha256 copy = hash_;
  return ToHex(copy.Finish());
}

Result<std::optional<WarmState>> LoadWarmState(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0) return std::optional<WarmState>();
  LARDER_ASSIGN_OR_RETURN(const std::string text, ReadAll(path, kMaxBytes));
  if (text.empty()) return std::optional<WarmState>();  // what a power cut leaves of a new file
  const auto document = JsonDocument::Parse(text);
  const Error bad = InvalidArgument(path +
                                    " is no state of a warm; remove it, or name another "
                                    "with --state");
  if (!document.ok()) return bad;
  const JsonElement root = document->root();
  const auto model = StringMember(root, "model");
  const auto done = IntMember(root, "done");
  const auto hash = StringMember(root, "sha256");
  if (IntMember(root, "warm_state") != kVersion || !model || !done || *done < 0 || !hash ||
      !DigestFromHex(*hash)) {
    return bad;
  }
  WarmState state{std::string(*model), std::nullopt, *done, std::string(*hash)};
  if (const auto dimensions = IntMember(root, "dimensions")) {
    state.dimensions = static_cast<int>(*dimensions);
  }
  return std::optional<WarmState>(std::move(state));
}

Status SaveWarmState(const std::string& path, const WarmState& state) {
  JsonWriter out;
  out.BeginObject().Member("warm_state", kVersion).Member("model", state.model);
  if (state.dimensions) out.Member("dimensions", *state.dimensions);
  out.Member("done", state.done).Member("sha256", state.hash).EndObject();
  LARDER_ASSIGN_OR_RETURN(const auto file, OutputFile::Create(path));
  LARDER_RETURN_IF_ERROR(file->Write(out.str() + "\n"));
  return file->Commit(OutputFile::Durability::kWritten);
}

}  // namespace larder
