#include "app/explain_command.h"

#include <iostream>

#include "app/byte_input.h"
#include "app/client.h"
#include "app/human.h"
#include "app/json_text.h"
#include "app/terminal.h"
#include "proxy/json/json.h"
#include "proxy/json/json_writer.h"

namespace larder {
namespace {

constexpr std::size_t kMaxBodyBytes = 64UL << 20;
constexpr std::size_t kShownInputs = 10;

// "name: value" as two; nullopt when it is no field.
std::optional<std::pair<std::string, std::string>> FieldOf(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || !IsToken(text.substr(0, colon))) return std::nullopt;
  return std::pair(text.substr(0, colon), std::string(TrimOws(text.substr(colon + 1))));
}

std::string BodyOf(const ExplainCommand& command, const Headers& headers, const std::string& body) {
  JsonWriter json;
  json.BeginObject();
  json.Member("method", !command.method.empty() ? command.method
                        : command.file.empty()  ? std::string("GET")
                                                : std::string("POST"));
  json.Member("path", command.path).Key("headers").BeginObject();
  for (const auto& [name, value] : headers.fields()) json.Member(name, value);
  json.EndObject();
  // A string, byte for byte: as JSON it would come back with other spaces.
  if (!command.file.empty()) json.Member("body", body);
  json.EndObject();
  return json.Take();
}

class Report {
 public:
  explicit Report(JsonElement root) : root_(root) {}

  std::string Render() {
    Line("would be", TextOf(root_, "would") + Behind(TextOf(root_, "why")));
    Line("because", TextOf(root_, "detail"));
    if (const std::string refused = TextOf(root_, "refused"); !refused.empty()) {
      Line("refused", refused);
    }
    for (const char* name : {"route", "layer", "upstream", "model", "partition", "namespace"}) {
      Line(name, TextOf(root_, name));
    }
    Line("key", TextOf(root_, "key"));
    if (const auto entry = Member(root_, "entry"); entry && entry->is_object()) {
      Line("entry", EntryOf(*entry));
    }
    if (const auto nearest = Member(root_, "nearest"); nearest && nearest->is_object()) {
      Line("nearest", TextOf(*nearest, "key").substr(0, 16) +
                          Behind("differs in " + TextOf(*nearest, "changed_field")));
      Line("", TextOf(*nearest, "detail"));
    }
    Line("canonical", TextOf(root_, "canonical"));
    Line("not in key", ListOf(root_, "not_in_key"));
    Parts();
    Inputs();
    return std::move(out_);
  }

 private:
  static std::string Behind(const std::string& text) {
    return text.empty() ? text : " (" + text + ")";
  }
  void Line(std::string label, const std::string& text) {
    if (text.empty()) return;
    label.resize(11, ' ');
    out_ += label + " " + text + "\n";
  }

  static std::string EntryOf(JsonElement entry) {
    std::string text = HumanBytes(NumberMember(entry, "bytes").value_or(0));
    if (const auto ttl = NumberMember(entry, "ttl_s")) {
      text += *ttl > 0 ? ", fresh for " + HumanDuration(std::chrono::duration<double>(*ttl))
                       : std::string(", stale");
    }
    return text;
  }

  void Parts() {
    const auto parts = Member(root_, "key_parts");
    JsonObject members;
    if (!parts || parts->get(members) != simdjson::SUCCESS) return;
    out_ += "\nThe key is made of:\n";
    for (const auto [name, value] : members) {
      std::string_view text;
      std::string shown = value.get(text) == simdjson::SUCCESS
                              ? std::string(text)
                              : std::string(simdjson::minify(value));
      std::string label = Printable(name);
      label.resize(std::max<std::size_t>(label.size(), 12), ' ');
      out_ += "  " + label + " " + Printable(shown) + "\n";
    }
  }

  void Inputs() {
    const auto list = Member(root_, "inputs");
    JsonArray inputs;
    if (!list || list->get(inputs) != simdjson::SUCCESS || inputs.size() == 0) return;
    out_ += "\nIts inputs:\n";
    std::size_t shown = 0;
    for (const JsonElement input : inputs) {
      if (shown++ == kShownInputs) {
        out_ += "  and " + HumanCount(static_cast<std::int64_t>(inputs.size() - kShownInputs)) +
                " more; --json has them\n";
        break;
      }
      out_ += "  " + std::to_string(IntMember(input, "index").value_or(0)) + "  " +
              TextOf(input, "would") + Behind(TextOf(input, "why")) + "  " + TextOf(input, "key") +
              "\n";
    }
  }

  const JsonElement root_;
  std::string out_;
};

}  // namespace

void ExplainCommand::Declare(FlagTable& flags) {
  flags.Text("FILE", "", file, "the request's body, or - for standard input; without: no body")
      .Path();
  DeclareClient(flags, "print the server's JSON");
  flags.Text("--path", "PATH", path, "of the request, with its query: /v1/chat/completions")
      .Required();
  flags.Text("--method", "NAME", method, "of the request (default: POST with a body, else GET)");
  flags.Texts("--header,-H", "FIELD", headers,
              "a field of the request, 'name: value'; may be repeated. Authorization is that of "
              "OPENAI_API_KEY unless it is given");
}

int RunCommand(const ExplainCommand& command) {
  Headers headers;
  for (const std::string& text : command.headers) {
    const auto field = FieldOf(text);
    if (!field) {
      Fail("--header must be 'name: value', got '" + text.substr(0, text.find(':')) + "'");
      return kBadUsage;
    }
    headers.Add(field->first, field->second);
  }
  const auto session = Session::Open(command);
  if (!session) return kBadUsage;
  // Whose entries count is told by the credential, as with the request itself.
  if (const auto key = session->on_behalf.Find("x-larder-authorization");
      key && !headers.Has("authorization") && !headers.Has("api-key")) {
    headers.Add("authorization", std::string(*key));
  }
  std::string body;
  if (!command.file.empty()) {
    auto read = ReadAll(command.file, kMaxBodyBytes);
    if (!read.ok()) return Fail(read.error());
    body = std::move(read).value();
  }
  ClientRequest request = session->Request("POST", "explain");
  request.body = BodyOf(command, headers, body);
  const auto reply = CallServer(session->server, request);
  if (!reply.ok()) return Fail(reply.error());
  if (reply->status != 200) return Fail(AdminProblem(*reply));
  if (command.json) {
    std::cout << reply->body << "\n";
    return 0;
  }
  const auto document = JsonDocument::Parse(reply->body);
  if (!document.ok() || !Member(document->root(), "would")) {
    return Fail("the server's answer explains nothing: is it a larder?");
  }
  std::cout << Report(document->root()).Render();
  return 0;
}

}  // namespace larder
