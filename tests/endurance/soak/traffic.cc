#include "tests/endurance/soak/traffic.h"

#include <sys/socket.h>

#include <cstdio>
#include <string_view>

namespace larder::soak {
namespace {

constexpr std::uint64_t kKnown = 1500;
constexpr std::uint64_t kCollapsing = 6;  // how many ask for the same text in a row

std::string Post(std::string_view path, std::string_view credential, std::string_view body) {
  std::string request = "POST /v1";
  ((request += path) +=
   " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
   "Authorization: ") += credential;
  (request += "\r\nContent-Length: ") += std::to_string(body.size());
  return (request += "\r\n\r\n") += body;
}

std::string EmbeddingsRequest(std::string_view credential, const EmbeddingsCall& call) {
  std::string body = R"({"model":")" + call.model + R"(","encoding_format":")" +
                     (call.base64 ? "base64" : "float") + R"(","input":)";
  if (call.texts.size() == 1) {
    body += '"' + call.texts[0] + '"';
  } else {
    for (std::size_t i = 0; i < call.texts.size(); ++i) {
      body += (i == 0 ? "[\"" : ",\"") + call.texts[i] + '"';
    }
    body += ']';
  }
  return Post("/embeddings", credential, body + '}');
}

std::string ChatRequest(std::string_view credential, const ChatCall& call) {
  return Post("/chat/completions", credential,
              R"({"model":")" + call.model + R"(","messages":[{"role":"user","content":")" +
                  call.text + "\"}]" + (call.stream ? R"(,"stream":true})" : "}"));
}

struct BadRequest {
  const char* bytes;
  int status;
};
// RFC 9112; what the body must be is OpenAI's.
constexpr std::array<BadRequest, 10> kBad = {{
    {"this is no request\r\n\r\n", 400},
    {"POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
     400},
    {"POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
     "Content-Length: 3\r\n\r\n0\r\n\r\n",
     400},
    {"POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
    {"GET /v1/models HTTP/1.1\r\n\r\n", 400},
    {"GET /v1/models HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n", 400},
    {"POST /v1/embeddings HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
     "Content-Length: 9\r\n\r\n{\"model\":",
     400},
    {"POST /v1/embeddings HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
     "Content-Length: 26\r\n\r\n{\"model\":\"m\",\"input\":[1.5]}",
     400},
    {"GET /v1/../admin HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400},
    {"GET /v1/models HTTP/3.7\r\nHost: a\r\n\r\n", 505},
}};

}  // namespace

void Tally::Wrong(const std::string& sentence) {
  ++wrong;
  std::fprintf(stderr, "%s\n", sentence.c_str());
}

Client::Client(std::uint16_t port, std::uint64_t seed, std::uint64_t new_texts, Tally& tally)
    : connection_(port),
      port_(port),
      new_texts_(new_texts),
      tally_(tally),
      random_(seed),
      credential_("Bearer sk-soak-" + std::to_string(seed % 3)) {}

void Client::Step() {
  auto roll = static_cast<int>(Below(10'000));
  std::size_t kind = 0;
  for (std::size_t i = 1; i < kKinds.size() && kind == 0; ++i) {
    if (roll < kKinds[i].share) kind = i;
    roll -= kKinds[i].share;
  }
  const bool base64 = Below(2) == 0;
  switch (kind) {
    case 0:
      Embed({"soak-embed", {Known("known")}, base64});
      break;
    case 1:
      Chat({"soak-chat", Known("whole"), false});
      break;
    case 2:
      Chat({"soak-chat", Known("streamed"), true});
      break;
    case 3:
      Embed({"soak-embed", {New()}, base64});
      break;
    case 4:
    case 5:
      Chat({"soak-chat", (kind == 4 ? "whole " : "streamed ") + New(), kind == 5});
      break;
    case 6:
      Batch();
      break;
    case 7: {
      const std::uint64_t number = tally_.collapsing++ / kCollapsing % new_texts_;
      Chat({"soak-chat", "together " + std::to_string(number), number % 2 == 0});
      break;
    }
    case 8:
      Malformed();
      break;
    case 9:
      Leave();
      break;
    default:
      Fault();
  }
  ++tally_.done[kind];
}

std::string Client::Known(const char* kind) {
  return kind + (" passage " + std::to_string(Below(kKnown)));
}
std::string Client::New() {
  return "new passage " + std::to_string(Below(new_texts_));
}

Client::Answer Client::Ask(const std::string& request) {
  ++tally_.requests;
  Answer answer = connection_.Ask(request);
  if (answer.head.find("larder; hit") != std::string::npos) ++tally_.cache_hits;
  return answer;
}

void Client::Expect(bool right, const char* what, const Answer& answer) {
  if (right) return;
  connection_.Close();
  tally_.Wrong(std::string(what) + ": " + std::to_string(answer.status) +
               (answer.whole ? " " : " (not whole) ") + answer.head.substr(0, 400) + "\n" +
               answer.body.substr(0, 400));
}

void Client::Embed(const EmbeddingsCall& call) {
  const Answer answer = Ask(EmbeddingsRequest(credential_, call));
  Expect(answer.status == 200 && answer.whole && IsEmbeddingsAnswer(answer.body, credential_, call),
         "every input has its vector", answer);
}

void Client::Chat(const ChatCall& call) {
  const Answer answer = Ask(ChatRequest(credential_, call));
  std::string right;
  if (call.stream) {
    for (const std::string& event : ChatEvents(credential_, call)) right += event;
  } else {
    right = ChatBody(credential_, call);
  }
  Expect(answer.status == 200 && answer.whole && answer.body == right,
         "a chat is answered byte for byte", answer);
}

void Client::Batch() {
  EmbeddingsCall call{"soak-embed", {}, Below(2) == 0};
  for (std::uint64_t i = 0; i < 2 + Below(46); ++i) {
    switch (Below(6)) {
      case 0:
        call.texts.push_back(New());
        break;
      case 1:
        call.texts.push_back(call.texts.empty() ? New() : call.texts[Below(call.texts.size())]);
        break;
      default:
        call.texts.push_back(Known("known"));
    }
  }
  if (call.texts.size() < 2) call.texts = {Known("known"), New()};
  Embed(call);
}

void Client::Malformed() {
  const BadRequest& bad = kBad[Below(kBad.size())];
  ++tally_.requests;
  connection_.Close();  // an answer to what is no request is looked for once
  const Answer answer = connection_.Ask(bad.bytes);
  const bool refused = answer.status == bad.status || (answer.status >= 400 && answer.status < 500);
  Expect(refused, bad.bytes, answer);
  connection_.Close();
}

void Client::Leave() {
  ++tally_.requests;
  Connection leaving(port_);
  const ChatCall chat{"soak-chat", "streamed " + New(), true};
  const std::string request = ChatRequest(credential_, chat);
  const std::uint64_t how = Below(3);
  if (!leaving.Send(how == 0 ? request.substr(0, Below(request.size())) : request)) return;
  std::string begun;
  if (how == 2) (void)leaving.ReadSome(begun);
}

void Client::Fault() {
  static constexpr std::array<const char*, 5> kFaults = {"500", "429", "cut", "none", "slow"};
  const std::string fault = kFaults[Below(kFaults.size())];
  const std::uint64_t form = Below(3);
  // Each text in one form: an entry of the other would be put into it, which is right and not these
  // bytes.
  const std::string text = "fault-" + fault + (form == 1 ? " streamed " : " whole ") + New();
  if (fault == "slow") {
    return form == 0 ? Embed({"soak-embed", {text}, false}) : Chat({"soak-chat", text, form == 1});
  }
  const ChatCall chat{"soak-chat", text, form == 1};
  const Answer answer =
      Ask(form == 0 ? EmbeddingsRequest(credential_, {"soak-embed", {text}, false})
                    : ChatRequest(credential_, chat));
  if (fault == "500" || fault == "429") {
    Expect(answer.whole && std::to_string(answer.status) == fault,
           "an error of upstream is passed on", answer);
  } else if (fault == "cut" && form == 1) {
    // What came of the stream went on, and that it was cut can be told.
    Expect(!answer.whole && answer.body.find("[DONE]") == std::string::npos, "a cut stream is cut",
           answer);
  } else {
    Expect(answer.status == 502 || (!answer.whole && form == 2), "half an answer is none", answer);
  }
}

}  // namespace larder::soak
