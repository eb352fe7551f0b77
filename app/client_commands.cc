// stats: figures of a running server.

#include <cstdio>
#include <iostream>

#include "app/client.h"
#include "app/commands.h"
#include "app/configuration.h"
#include "app/http_client.h"
#include "proxy/json/json.h"

namespace larder {
namespace {

void PrintRate(const char* what, JsonElement layer, const char* unit, const char* total,
               const char* hits) {
  const auto rate = NumberMember(layer, "hit_rate");
  std::printf("%-12s %12lld %s, %lld from the cache", what,
              static_cast<long long>(IntMember(layer, total).value_or(0)), unit,
              static_cast<long long>(IntMember(layer, hits).value_or(0)));
  rate ? std::printf(" (%.1f %%)\n", *rate * 100) : std::printf("\n");
}

void PrintStats(JsonElement root) {
  std::printf("upstream     %s\n",
              std::string(StringMember(root, "upstream").value_or("?")).c_str());
  if (const auto layer = Member(root, "embeddings")) {
    PrintRate("embeddings", *layer, "inputs", "inputs", "input_hits");
  }
  if (const auto layer = Member(root, "responses")) {
    PrintRate("responses", *layer, "requests", "requests", "hits");
  }
  if (const auto tokens = Member(root, "tokens")) {
    std::printf("tokens       %12lld billed, %lld saved\n",
                static_cast<long long>(IntMember(*tokens, "billed").value_or(0)),
                static_cast<long long>(IntMember(*tokens, "saved").value_or(0)));
  }
}

}  // namespace

int RunStats(const CommandLine& command) {
  const LoadResult result = LoadFor(command);
  if (!result.ok()) return ReportProblems(result);
  const Config& config = result.loaded->config;
  Headers headers;
  if (!config.admin.token.empty()) headers.Add("authorization", "Bearer " + config.admin.token);
  const std::string path =
      "/admin/v1/stats" + (command.window.empty() ? "" : "?window=" + command.window);
  const auto reply = CallServer(ServerOf(command, config), "GET", path, headers);
  if (!reply.ok()) return Fail(reply.error().message);
  if (reply->status != 200) return Fail(WhatWentWrong(*reply));
  if (command.json) {
    std::cout << reply->body << "\n";
    return 0;
  }
  const auto document = JsonDocument::Parse(reply->body);
  if (!document.ok()) return Fail("the server's answer is not JSON: is it a larder?");
  PrintStats(document->root());
  return 0;
}

}  // namespace larder
