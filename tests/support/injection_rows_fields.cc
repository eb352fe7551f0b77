// The rows of models and fields.
#include "tests/support/injection_rows.h"

namespace larder {
namespace {

using Must = InjectionRow::Must;

constexpr const char* kCredential = "Authorization: Bearer sk-client-%T\r\n";

std::string Post(const std::string& target, const std::string& body, const std::string& fields) {
  return "POST " + target + " HTTP/1.1\r\nHost: x\r\nX-Row: %T\r\n" + fields +
         "Content-Length: %L\r\n\r\n" + body;
}
std::string Json(const std::string& target, const std::string& body,
                 const std::string& fields = kCredential) {
  return Post(target, body, "Content-Type: application/json\r\n" + fields);
}
InjectionRow Arrives(std::string name, std::string bytes, const std::string& path) {
  return {std::move(name), std::move(bytes), Must::kArrive, "POST " + path + " HTTP/1.1"};
}
std::string ChatOf(const std::string& members) {
  return "{" + members + R"(,"messages":[{"role":"user","content":"q"}]})";
}

struct Named {
  const char* name;
  const char* text;
};

}  // namespace

std::vector<InjectionRow> ModelRows() {
  std::vector<InjectionRow> rows;
  // None of them is the name "vip-1" that another upstream has.
  for (const auto& [name, model] :
       std::initializer_list<Named>{{"EscapedCrlf", R"(m\r\nX-Injected: 1)"},
                                    {"EscapedUnicodeCrlf", R"(m\u000d\u000aX-Injected: 1)"},
                                    {"EscapedNul", R"(m\u0000vip-1)"},
                                    {"PercentCrlf", "m%0d%0aX-Injected: 1"},
                                    {"NulInTheName", R"(vip\u0000-1)"},
                                    {"SpaceBehindTheName", "xvip-1 "},
                                    {"SpaceBeforeTheName", " vip-1"},
                                    {"UpperCase", "VIP-1"},
                                    {"FullWidth", "\xef\xbd\x96ip-1"},
                                    {"ByteOrderMark", R"(\ufeffvip-1)"},
                                    {"Combining", "v\xcc\x81ip-1"},
                                    {"SoftHyphen", "v\xc2\xadip-1"},
                                    {"Url", "http://%B/v1"},
                                    {"UrlWithItsName", "http://%B/v1/vip-1"},
                                    {"UpstreamsName", "other"},
                                    {"UpstreamsNameAndModel", "other/vip-1"},
                                    {"UpstreamsNameAndColon", "other:vip-1"},
                                    {"At", "m@vip-1"},
                                    {"Path", "../vip-1"},
                                    {"Star", "*"},
                                    {"Pattern", "?vip-*"},
                                    {"Comma", "m,vip-1"},
                                    {"LineAndName", R"(m\nvip-1)"},
                                    {"Template", "{{vip-1}}${vip-1}"},
                                    {"Cyrillic", "v\xd1\x96p-1"}}) {
    rows.push_back(
        Arrives(std::string("Model:") + name,
                Json("/v1/chat/completions", ChatOf(R"("model":")" + std::string(model) + R"(")")),
                "/base/v1/chat/completions"));
  }
  for (const auto& [name, members] : std::initializer_list<Named>{
           {"Array", R"("model":["vip-1"])"},
           {"Object", R"("model":{"name":"vip-1"})"},
           {"OtherCase", R"("Model":"vip-1","model":"m")"},
           {"Nested", R"("model":"m","options":{"model":"vip-1"})"},
           {"SpacedName", R"("model ":"vip-1","model":"m")"},
           {"NulInTheName", R"("model\u0000":"vip-1","model":"m")"},
           {"Prototype", R"("__proto__":{"model":"vip-1"},"model":"m")"},
           {"Upstream", R"("model":"m","upstream":"other","base_url":"http://%B/v1")"}}) {
    rows.push_back(Arrives(std::string("Member:") + name,
                           Json("/v1/chat/completions", ChatOf(members)),
                           "/base/v1/chat/completions"));
  }
  for (const auto& [name, members] :
       std::initializer_list<Named>{{"Twice", R"("model":"m","model":"vip-1")"},
                                    {"TwiceTheOtherWay", R"("model":"vip-1","model":"m")"},
                                    {"TwiceOnceEscaped", R"("model":"m","mod\u0065l":"vip-1")"},
                                    {"StreamTwice", R"("model":"m","stream":false,"stream":true)"},
                                    {"Comment", R"("model":"m"/*","model":"vip-1"*/)"},
                                    {"SingleQuotes", R"('model':'vip-1')"},
                                    {"BrokenSurrogate", R"("model":"\ud800vip-1")"},
                                    {"RawNewline", "\"model\":\"m\nvip-1\""}}) {
    for (const auto* path : {"/v1/chat/completions", "/v1/responses"}) {
      rows.push_back(
          {std::string("Member:") + name + path, Json(path, ChatOf(members)), Must::kBeRefused});
    }
  }
  rows.push_back({"Member:InputTwice",
                  Json("/v1/embeddings", R"({"model":"m","input":"a","input":"b"})"),
                  Must::kBeRefused});
  rows.push_back(
      {"TwoDocuments",
       Json("/v1/embeddings", R"({"model":"m","input":"a"}{"model":"vip-1","input":"a"})"),
       Must::kBeRefused});
  rows.push_back({"InvalidUtf8", Json("/v1/embeddings", "{\"model\":\"m\xff\",\"input\":\"a\"}"),
                  Must::kBeRefused});
  const std::string chat = ChatOf(R"("model":"vip-1")");
  rows.push_back(Arrives("DeploymentBesideAnotherModel",
                         Json("/openai/deployments/m/chat/completions", chat),
                         "/openai/deployments/m/chat/completions"));
  for (const char* deployment : {"m%00vip-1", "%20vip-1", "m%2fvip-1", "m%2F..vip-1"}) {
    const std::string path = std::string("/openai/deployments/") + deployment + "/chat/completions";
    rows.push_back(
        Arrives("Deployment:" + std::string(deployment), Json(path, kInjectionChat), path));
  }
  rows.push_back(
      Arrives("ModelInTheQuery",
              Json("/v1/chat/completions?model=vip-1&deployment=vip-1", ChatOf(R"("model":"m")")),
              "/base/v1/chat/completions?model=vip-1&deployment=vip-1"));
  const std::string part =
      "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nvip-1\r\n--b--\r\n";
  rows.push_back(
      Arrives("ModelInAForm",
              Post("/v1/audio/transcriptions", part,
                   std::string("Content-Type: multipart/form-data; boundary=b\r\n") + kCredential),
              "/base/v1/audio/transcriptions"));
  rows.push_back(Arrives(
      "ModelBehindACoding",
      Post("/v1/chat/completions", chat, std::string("Content-Encoding: br\r\n") + kCredential),
      "/base/v1/chat/completions"));
  return rows;
}

std::vector<InjectionRow> FieldTrickRows() {
  std::vector<InjectionRow> rows;
  const auto embed = [](const std::string& fields, const std::string& query = "") {
    return Json("/v1/embeddings" + query, kInjectionEmbed, fields);
  };
  for (const char* listed :
       {"authorization", "host", "content-length", "content-type", "x-larder-namespace",
        "openai-organization", "via", "accept-encoding", "transfer-encoding", "connection",
        "close, authorization", "keep-alive, openai-project", "te, trailer", "*", "x-row-not"}) {
    rows.push_back({"Connection:" + std::string(listed),
                    embed(kCredential + ("OpenAI-Organization: o\r\nOpenAI-Project: p\r\n"
                                         "Connection: " +
                                         std::string(listed) + "\r\n")),
                    Must::kEither});
  }
  for (const char* field :
       {"Authorization_: x",
        "api_key: sk-client-%T",
        "X_API_KEY: sk-client-%T",
        "openai_organization: o",
        "openai_project: p",
        "Content_Length: 5",
        "transfer_encoding: chunked",
        "x_larder_namespace: n",
        "cf_aig_cache_key: k",
        "Proxy-Authorization: Basic c2stY2xpZW50",
        "Proxy-Connection: keep-alive",
        "Keep-Alive: timeout=5",
        "TE: trailers, deflate",
        "Trailer: authorization",
        "Cookie: larder_admin=sk-client-%T; a=b",
        "X-API-Key: sk-client-%T",
        "api-key: sk-client-%T",
        "x-goog-api-key: sk-client-%T",
        "x-auth-token: sk-client-%T",
        "cf-aig-authorization: Bearer sk-client-%T",
        "Ocp-Apim-Subscription-Key: sk-client-%T",
        "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.sk-client-%T",
        "Authorization: Bearer sk-client-%T-2",
        "Accept-Encoding: gzip",
        "Range: bytes=0-1",
        "If-None-Match: *",
        "Expect: 100-continue"}) {
    const std::string line(field);
    rows.push_back({"Beside:" + line.substr(0, line.find(' ')), embed(kCredential + line + "\r\n"),
                    Must::kEither});
  }
  for (const char* query :
       {"?key=sk-client-%T", "?api_key=sk-client-%T", "?API-Key=sk-client-%T",
        "?ap%69_key=sk-client-%T", "?a=b&key=x&key=sk-client-%T", "?access_token=sk-client-%T",
        "?subscription-key=sk-client-%T&a", "?%6bey=sk-client-%T"}) {
    rows.push_back({"Query:" + std::string(query), embed(kCredential, query), Must::kEither});
  }
  for (const auto& [name, fields] : std::initializer_list<Named>{
           {"LengthAndChunked", "Transfer-Encoding: chunked\r\n"},
           {"SpaceBeforeTheColon", "Transfer-Encoding : chunked\r\n"},
           {"ChunkedAndIdentity", "Transfer-Encoding: chunked, identity\r\n"},
           {"IdentityAndChunked", "Transfer-Encoding: identity, chunked\r\n"},
           {"QuotedCoding", "Transfer-Encoding: \"chunked\"\r\n"},
           {"SecondLength", "Content-Length: 3\r\n"},
           {"LengthTwice", "Content-Length: +3\r\n"},
           {"HexLength", "Content-Length: 0x3\r\n"},
           {"FoldedCoding", "Transfer-Encoding:\r\n chunked\r\n"},
           {"NoColon", "Authorization Bearer x\r\n"},
           {"ColonFirst", ": x\r\n"},
           {"LoopOfItsOwn", "Via: 1.1 larder\r\n"},
           {"UnknownExpectation", "Expect: 200-ok\r\n"}}) {
    rows.push_back({std::string("Framing:") + name, embed(kCredential + std::string(fields)),
                    Must::kBeRefused});
  }
  const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
  rows.push_back(
      {"RequestInABody",
       Post("/v1/files", smuggled, std::string("Content-Type: text/plain\r\n") + kCredential),
       Must::kArrive, "POST /base/v1/files HTTP/1.1"});
  rows.push_back({"RequestInAGetsBody",
                  "GET /v1/files HTTP/1.1\r\nHost: x\r\nX-Row: %T\r\n" + std::string(kCredential) +
                      "Content-Length: %L\r\n\r\n" + smuggled,
                  Must::kArrive, "GET /base/v1/files HTTP/1.1"});
  rows.push_back({"UpgradeToH2",
                  embed(kCredential + std::string("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: "
                                                  "h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAA\r\n")),
                  Must::kEither});
  return rows;
}

}  // namespace larder
