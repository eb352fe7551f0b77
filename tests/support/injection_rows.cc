#include "tests/support/injection_rows.h"

#include "proxy/json/json_writer.h"

namespace larder {
namespace {

using Must = InjectionRow::Must;

std::string Head(const std::string& line, const std::string& fields) {
  return line + " HTTP/1.1\r\nHost: x\r\nX-Row: %T\r\nAuthorization: Bearer sk-client-%T\r\n" +
         fields + "\r\n";
}
std::string Get(const std::string& target, const std::string& fields = "") {
  return Head("GET " + target, fields);
}
std::string Post(const std::string& target, const std::string& body,
                 const std::string& fields = "Content-Type: application/json\r\n") {
  return Head("POST " + target, fields + "Content-Length: %L\r\n") + body;
}
std::string Embed(const std::string& fields, const std::string& query = "") {
  return Post("/v1/embeddings" + query, kInjectionEmbed,
              "Content-Type: application/json\r\n" + fields);
}
std::string Chat(const std::string& fields) {
  return Post("/v1/chat/completions", kInjectionChat,
              "Content-Type: application/json\r\n" + fields);
}

InjectionRow Refused(std::string name, std::string bytes) {
  return {std::move(name), std::move(bytes), Must::kBeRefused};
}
// `path` below /v1, with its query.
InjectionRow Arrives(std::string name, std::string bytes, const std::string& path) {
  const std::string method = bytes.substr(0, bytes.find(' '));
  return {std::move(name), std::move(bytes), Must::kArrive,
          method + " /base/v1" + path + " HTTP/1.1"};
}
InjectionRow EmbedArrives(std::string name, std::string bytes) {
  return Arrives(std::move(name), std::move(bytes), "/embeddings");
}
InjectionRow ChatArrives(std::string name, std::string bytes) {
  return Arrives(std::move(name), std::move(bytes), "/chat/completions");
}
// In one request of `path` as it is.
InjectionRow GetArrives(std::string name, const std::string& path, const std::string& fields = "") {
  return Arrives(std::move(name), Get("/v1" + path, fields), path);
}

struct Named {
  const char* name;
  const char* text;
};

std::string Multipart(const std::string& name) {
  const std::string body = "--b\r\nContent-Disposition: form-data; name=\"purpose\"; filename=\"" +
                           name + "\"\r\n\r\nx\r\n--b--\r\n";
  return Post("/v1/files", body, "Content-Type: multipart/form-data; boundary=b\r\n");
}

}  // namespace

std::vector<InjectionRow> EncodedLineEndRows() {
  const Named kEnds[] = {
      {"Crlf", "%0d%0aX-Injected:%201"},
      {"UpperCrlf", "%0D%0AX-Injected:%201"},
      {"Lf", "%0aX-Injected:%201"},
      {"Cr", "%0dX-Injected:%201"},
      {"Request", "%0d%0a%0d%0aGET%20/smuggled%20HTTP/1.1%0d%0aHost:x%0d%0a%0d%0a"},
      {"Twice", "%250d%250aX-Injected:%201"},
      {"WideUtf8", "%e5%98%8a%e5%98%8dX-Injected:%201"},
      {"Overlong", "%c0%8d%c0%8aX-Injected:%201"},
      {"Nul", "%00%0d%0aX-Injected:%201"},
      {"LineSeparator", "%e2%80%a8X-Injected:%201"},
      {"NextLine", "%c2%85X-Injected:%201"},
      {"Unicode", "%u000d%u000aX-Injected:%201"}};
  std::vector<InjectionRow> rows;
  for (const auto& [name, text] : kEnds) {
    const std::string end = text;
    const std::string of = name;
    rows.push_back(GetArrives(of + "InThePath", "/files/a" + end));
    rows.push_back(GetArrives(of + "InTheQuery", "/files?after=a" + end));
    rows.push_back(Arrives(of + "InACachedQuery", Embed("", "?a=" + end), "/embeddings?a=" + end));
    rows.push_back({of + "InADeployment",
                    Post("/openai/deployments/m" + end + "/embeddings", kInjectionEmbed),
                    Must::kArrive, "POST /openai/deployments/m" + end + "/embeddings HTTP/1.1"});
    rows.push_back(EmbedArrives(of + "InAField", Embed("X-Thing: a" + end + "\r\n")));
    rows.push_back(EmbedArrives(of + "InAKeyedField", Embed("OpenAI-Project: a" + end + "\r\n")));
    rows.push_back(EmbedArrives(of + "InANamespace", Embed("x-larder-namespace: " + end + "\r\n")));
    rows.push_back(ChatArrives(of + "InACacheKey", Chat("cf-aig-cache-key: " + end + "\r\n")));
    rows.push_back(EmbedArrives(of + "InACookie", Embed("Cookie: a=" + end + "\r\n")));
    rows.push_back(EmbedArrives(of + "InATrace", Embed("traceparent: 00-" + end + "\r\n")));
    rows.push_back(Arrives(of + "InAnUploadsName", Multipart("a" + end), "/files"));
    rows.push_back(GetArrives(of + "InAModelsName", "/models/m" + end));
  }
  return rows;
}

std::vector<InjectionRow> RawByteRows() {
  std::vector<InjectionRow> rows;
  const std::pair<const char*, std::string> kBytes[] = {{"Cr", "\r"},
                                                        {"Lf", "\n"},
                                                        {"Nul", std::string(1, '\0')},
                                                        {"VerticalTab", "\x0b"},
                                                        {"Delete", "\x7f"},
                                                        {"CrNul", std::string("\r\0", 2)}};
  for (const auto& [name, bytes] : kBytes) {
    const std::string of = std::string("Raw") + name;
    const std::string more = bytes + "X-Injected: 1";
    rows.push_back(Refused(of + "InThePath", Get("/v1/files/a" + more)));
    rows.push_back(Refused(of + "InTheQuery", Get("/v1/files?a=" + more)));
    rows.push_back(Refused(of + "InTheMethod", "G" + Get("/v1/files").insert(1, bytes)));
    rows.push_back(Refused(of + "InAFieldsName", Get("/v1/files", "X-Th" + bytes + "ing: a\r\n")));
    if (bytes != "\n") {  // that is a line end that is wrong, in the next row
      rows.push_back(Refused(of + "InAField", Get("/v1/files", "X-Thing: a" + more + "\r\n")));
      std::string host = Get("/v1/files");
      host.insert(host.find("Host: x") + 7, more);
      rows.push_back(Refused(of + "InTheHost", host));
    }
  }
  rows.push_back(Refused("BareLfBehindAField", Get("/v1/files", "X-Thing: a\nX-Injected: 1\r\n")));
  rows.push_back(Refused("FoldedField", Get("/v1/files", "X-Thing: a\r\n X-Injected: 1\r\n")));
  rows.push_back(Refused("SpaceInTheTarget", Get("/v1/files HTTP/1.1 X-Injected:1")));
  rows.push_back(Refused("FragmentInTheTarget", Get("/v1/files#a")));
  return rows;
}

std::vector<InjectionRow> ChoiceRows() {
  std::vector<InjectionRow> rows;
  for (const auto& [name, target] : std::initializer_list<Named>{
           {"DotsBehindAnEncodedSlash", "/v1/files/..%2f..%2fvip/x"},
           {"DotsBeforeAnEncodedSlash", "/v1/..%2fvip/x"},
           {"EncodedDots", "/v1/%2e%2e/vip/x"},
           {"HalfEncodedDots", "/v1/.%2E/vip/x"},
           {"DotsEncodedTwice", "/v1/%252e%252e/vip/x"},
           {"DotsEncodedThrice", "/v1/%25252e%25252e/vip/x"},
           {"DotsAndBackslash", "/v1/files\\..\\..\\vip"},
           {"DotsAndEncodedBackslash", "/v1/files%5c..%5c..%5cvip"},
           {"DotsWithAParameter", "/v1/files/..;a=b/vip"},
           {"DotsWithAnEncodedParameter", "/v1/files/..%3b/vip"},
           {"SingleDot", "/v1/./vip/x"},
           {"DotsBelowADeployment", "/openai/deployments/..%2f..%2fvip/embeddings"},
           {"DotsInADeploymentsPlace", "/openai/deployments/../vip"},
           {"DotsBelowAzure", "/openai/../vip/x"},
           {"TwoSlashesAndAHost", "//%B/v1/files"},
           {"AtAndAHost", "/v1@%B/files"},
           {"ColonAndAHost", "/v1:80@%B/files"},
           {"AnotherVersion", "/v2/files"},
           {"UpperCase", "/V1/files"},
           {"UserInTheTarget", "http://a@%B/v1/files"},
           {"FtpTarget", "ftp://%B/v1/files"},
           {"HostAlone", "%B/v1/files"},
           {"BackslashesAndAHost", "\\\\%B\\v1\\files"},
           {"OtherAbsoluteTarget", "http://%B/v1/files"}}) {
    rows.push_back(Refused(name, Get(target)));
  }
  for (const auto& [name, path] : std::initializer_list<Named>{
           {"UrlInThePath", "/http://%B/v1/files"},
           {"TwoSlashesInThePath", "//%B/files"},
           {"EncodedSlashesInThePath", "/%2f%2f%B/files"},
           {"AtInThePath", "/@%B/files"},
           {"BackslashInThePath", "/files\\%B"},
           {"UrlInTheQuery", "/files?url=http://%B/v1&upstream=vip&base_url=http://%B"},
           {"QuestionMarks", "/files??model=vip-1?model=vip-1"},
           {"SemicolonInTheQuery", "/files?a=b;model=vip-1"},
           {"PatternInThePath", "/*"},
           {"BracketsInThePath", "/files/[%B]"}}) {
    rows.push_back(GetArrives(name, path));
  }
  for (const char* field :
       {"X-Forwarded-Host: %B", "X-Forwarded-For: 127.0.0.1", "X-Host: %B",
        "X-Forwarded-Proto: https", "X-Forwarded-Server: %B", "X-Original-URL: /vip/x",
        "X-Rewrite-URL: http://%B/vip/x", "Forwarded: host=%B;proto=http", "X-Real-IP: 127.0.0.1",
        "REMOTE_ADDR: 127.0.0.1", "X-Upstream: vip", "Base-Url: http://%B",
        "X-HTTP-Method-Override: DELETE", "Origin: http://x", "Referer: http://%B/"}) {
    const std::string name(field);
    rows.push_back(EmbedArrives("Field:" + name.substr(0, name.find(':')), Embed(name + "\r\n")));
  }
  for (const char* field :
       {"x-larder-upstream: vip", "x-larder-model: vip-1", "x-larder-partition: 0",
        "x-larder-tenant: acme", "X-Larder-Authorization: Bearer sk-other"}) {
    const std::string name(field);
    rows.push_back(EmbedArrives("Field:" + name.substr(0, name.find(':')), Embed(name + "\r\n")));
  }
  const std::string get = Get("/v1/files");
  rows.push_back(Arrives("AnotherHost",
                         std::string(get).replace(get.find("Host: x"), 7, "Host: %B"), "/files"));
  std::string absolute = Get("http://%B/v1/files");
  rows.push_back(Arrives("AbsoluteTargetWithItsHost",
                         absolute.replace(absolute.find("Host: x"), 7, "Host: %B"), "/files"));
  rows.push_back(Refused("TwoHosts", Get("/v1/files", "Host: %B\r\n")));
  rows.push_back(
      Refused("UserInTheHost", std::string(get).replace(get.find("Host: x"), 7, "Host: a@%B")));
  rows.push_back(Refused("Connect", Head("CONNECT %B", "")));
  rows.push_back(Refused("ConnectBelowV1", Head("CONNECT /v1/files", "")));
  rows.push_back(Refused("Trace", Head("TRACE /v1/files", "")));
  return rows;
}

InjectionRow PlainEmbed() {
  return {"Embed", Embed("")};
}

InjectionRow PlainChat(const std::string& model) {
  std::string body = kInjectionChat;
  body.replace(body.find("\"m\""), 3, '"' + model + '"');
  return {"Chat", Post("/v1/chat/completions", body)};
}

InjectionRow PlainGet(const std::string& target) {
  return {"Get", Get(target)};
}

std::vector<InjectionRow> InjectionRows() {
  std::vector<InjectionRow> all;
  for (auto* rows : {&EncodedLineEndRows, &RawByteRows, &ChoiceRows, &ModelRows, &FieldTrickRows}) {
    for (InjectionRow& row : rows()) all.push_back(std::move(row));
  }
  return all;
}

}  // namespace larder
