#include "proxy/openai/messages_assembly.h"

#include <charconv>
#include <map>

#include "proxy/openai/merged_json.h"
#include "proxy/openai/sse_reader.h"

namespace larder {
namespace {

using Rule = MergedJson::Rule;

struct Block {
  MergedJson json;
  std::string input;  // the pieces of its input, unescaped
};

class Assembly {
 public:
  // False when the event is not understood.
  bool Add(std::string_view data) {
    const auto event = RawJson::Parse(data);
    if (!event || !event->is_object()) return false;
    const std::string type = event->FindString("type");
    if (type == "message_start") {
      Set(event->Find("message").value_or(RawJson()));
    } else if (type == "message_delta") {
      AddMessageDelta(*event);
    } else if (type == "content_block_start") {
      BlockOf(*event).json.Add("", event->Find("content_block").value_or(RawJson()), Rule::kGrows);
    } else if (type == "content_block_delta") {
      AddBlockDelta(BlockOf(*event), event->Find("delta").value_or(RawJson()));
    }
    return true;
  }

  std::optional<std::string> Finish() {
    if (!message_.is_object()) return std::nullopt;
    std::string content = "[";
    for (auto& [index, block] : blocks_) {
      if (!block.input.empty()) {
        if (!RawJson::Parse(block.input)) return std::nullopt;
        block.json.SetMember("input", block.input);
      }
      if (content.size() > 1) content += ',';
      block.json.AppendTo(content);
    }
    message_.SetMember("content", content + ']');
    std::string out;
    if (usage_.is_object()) {
      usage_.AppendTo(out);
      message_.SetMember("usage", out);
      out.clear();
    }
    message_.AppendTo(out);
    return out;
  }

 private:
  void Set(RawJson members) {
    for (const RawMember& member : members.Members()) {
      const std::string name = member.name.Unescaped();
      if (name == "usage" && member.value.is_object()) {
        AddUsage(member.value);
        message_.SetMember(name, "null");  // keeps its place
      } else {
        message_.SetMember(name, member.value.text());
      }
    }
  }

  // Counts are totals; one that does not apply is null or absent.
  void AddUsage(RawJson usage) {
    for (const RawMember& member : usage.Members()) {
      const std::string name = member.name.Unescaped();
      if (!member.value.is_null() || usage_.Find(name) == nullptr) {
        usage_.SetMember(name, member.value.text());
      }
    }
  }

  void AddMessageDelta(RawJson event) {
    for (const RawMember& member : event.Members()) {
      const std::string name = member.name.Unescaped();
      if (name == "delta") {
        Set(member.value);
      } else if (name == "usage" && member.value.is_object()) {
        AddUsage(member.value);
      } else if (name != "type") {
        message_.SetMember(name, member.value.text());
      }
    }
  }

  Block& BlockOf(RawJson event) {
    std::int64_t index = 0;
    const std::string_view text = event.Find("index").value_or(RawJson()).text();
    std::from_chars(text.data(), text.data() + text.size(), index);
    return blocks_[index];
  }

  static void AddBlockDelta(Block& block, RawJson delta) {
    for (const RawMember& member : delta.Members()) {
      const std::string name = member.name.Unescaped();
      if (name == "type") continue;
      if (name == "partial_json") {
        block.input += member.value.Unescaped();
      } else if (name == "citation") {
        const std::string list = '[' + std::string(member.value.text()) + ']';
        block.json.AddMember("citations", *RawJson::Parse(list), Rule::kGrows);
      } else {
        block.json.AddMember(name, member.value,
                             name == "signature" ? Rule::kLatest : Rule::kGrows);
      }
    }
  }

  MergedJson message_;
  MergedJson usage_;
  std::map<std::int64_t, Block> blocks_;
};

}  // namespace

std::optional<std::string> AssembleMessage(std::string_view stream) {
  Assembly assembly;
  SseReader reader;
  reader.Feed(stream);
  while (const auto event = reader.Next()) {
    if (!event->has_data) continue;
    if (event->data == "[DONE]") break;
    if (!assembly.Add(event->data)) return std::nullopt;
  }
  return assembly.Finish();
}

}  // namespace larder
