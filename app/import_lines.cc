#include "app/import_lines.h"

#include "app/ndjson.h"
#include "base/base64.h"
#include "proxy/json/json.h"
#include "proxy/json/json_writer.h"

namespace larder {
namespace {

// One more line of `input`; nullopt at the end.
Result<std::optional<std::string>> NextLine(ByteInput& input, LineReader& lines, std::string& piece,
                                            bool& ended) {
  while (true) {
    if (const auto line = lines.Next()) return std::optional<std::string>(*line);
    if (lines.too_long()) {
      return InvalidArgument("line " + std::to_string(lines.line() + 1) + " is too long");
    }
    if (ended) return std::optional<std::string>();
    piece.clear();
    LARDER_ASSIGN_OR_RETURN(const bool more, input.Read(piece));
    lines.Feed(piece);
    if (!more) {
      ended = true;
      lines.End();
    }
  }
}

}  // namespace

Result<std::optional<std::string>> JsonImportLines::Next() {
  while (true) {
    LARDER_ASSIGN_OR_RETURN(auto line, NextLine(*input_, lines_, piece_, ended_));
    if (!line) return line;
    if (const auto end = EndOf(*line)) {
      finished_ = finished_ || end->finished;
      continue;
    }
    if (line->find_first_not_of(" \t") == std::string::npos) continue;
    exported_ = exported_ || line->starts_with("{\"layer\"");
    return line;
  }
}

Result<std::unique_ptr<NpyImportLines>> NpyImportLines::Open(std::unique_ptr<ByteInput> vectors,
                                                             NpyImportOptions options,
                                                             const Interrupt* interrupt) {
  LARDER_ASSIGN_OR_RETURN(auto reader, NpyReader::Open(std::move(vectors)));
  LARDER_ASSIGN_OR_RETURN(
      auto texts,
      ByteInput::Open(options.ids_path.empty() ? options.texts_path : options.ids_path, interrupt));
  return std::unique_ptr<NpyImportLines>(
      new NpyImportLines(std::move(reader), std::move(texts), std::move(options)));
}

Result<std::optional<std::string>> NpyImportLines::Next() {
  while (true) {
    LARDER_ASSIGN_OR_RETURN(const bool more, vectors_->Next(vector_));
    LARDER_ASSIGN_OR_RETURN(const auto text, NextLine(*texts_, lines_, piece_, ended_));
    if (more != text.has_value()) {
      return InvalidArgument("there are " + std::string(more ? "fewer" : "more") +
                             " texts than rows (" + std::to_string(vectors_->shape().rows) + ")");
    }
    if (!more) return std::optional<std::string>();
    ++row_;
    LARDER_ASSIGN_OR_RETURN(auto line, Line(*text));
    if (line) return line;
  }
}

Result<std::optional<std::string>> NpyImportLines::Line(std::string_view text_line) {
  std::string text(text_line);
  std::string model = options_.model;
  if (!options_.ids_path.empty()) {
    const auto document = JsonDocument::Parse(text_line);
    if (!document.ok() || !document->root().is_object()) {
      return InvalidArgument(options_.ids_path + ": line " + std::to_string(row_ + 1) +
                             " is no JSON object");
    }
    const auto told = StringMember(document->root(), "text");
    if (!told) return std::optional<std::string>();
    text = *told;
    if (model.empty()) model = StringMember(document->root(), "model").value_or("");
  }
  if (model.empty()) return InvalidArgument("the vectors are of no model: name it with --model");
  std::string embedding;
  AppendBase64({reinterpret_cast<const char*>(vector_.data()), vector_.size() * sizeof(float)},
               embedding);
  JsonWriter line;
  line.BeginObject().Member("input", text).Member("embedding", embedding).Member("model", model);
  if (options_.dimensions) line.Member("dimensions", *options_.dimensions);
  line.EndObject();
  return std::optional<std::string>(line.Take());
}

}  // namespace larder
