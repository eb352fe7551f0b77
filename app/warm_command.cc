// warm: embeds lines of text through a running server, so that they are cached and found by
// searches.

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "app/client.h"
#include "app/commands.h"
#include "app/configuration.h"
#include "proxy/json/json_writer.h"

namespace larder {
namespace {

struct Tally {
  long texts = 0;
  long from_cache = 0;
};

std::string RenderBatch(const std::string& model, const std::vector<std::string>& lines) {
  JsonWriter body;
  body.BeginObject()
      .Member("model", model)
      .Member("encoding_format", "base64")
      .Key("input")
      .BeginArray();
  for (const std::string& line : lines) body.String(line);
  body.EndArray().EndObject();
  return body.Take();
}

// The number behind "hit=" in Cache-Status.
long HitsOf(const ClientReply& reply) {
  const std::string status(reply.headers.Find("cache-status").value_or(""));
  const std::size_t at = status.find(",hit=");
  return at == std::string::npos ? 0 : std::strtol(status.c_str() + at + 5, nullptr, 10);
}

Status SendBatch(const std::string& server, const std::string& model,
                 const std::vector<std::string>& lines, Tally& tally) {
  LARDER_ASSIGN_OR_RETURN(const ClientReply reply,
                          CallServer(server, "POST", "/v1/embeddings", ProviderCredential(),
                                     RenderBatch(model, lines)));
  if (reply.status != 200) return InvalidArgument(WhatWentWrong(reply));
  tally.texts += static_cast<long>(lines.size());
  tally.from_cache += HitsOf(reply);
  return {};
}

// Sends every non-empty line of `in`.
Status WarmFrom(std::istream& in, const CommandLine& command, const std::string& server,
                Tally& tally) {
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  std::vector<std::string> lines;
  std::string line;
  while (true) {
    const bool more = static_cast<bool>(std::getline(in, line));
    if (more && line.ends_with('\r')) line.pop_back();
    if (more && !line.empty()) lines.push_back(std::move(line));
    if (lines.size() == static_cast<std::size_t>(command.batch) || (!more && !lines.empty())) {
      LARDER_RETURN_IF_ERROR(SendBatch(server, command.model, lines, tally));
      lines.clear();
      if (terminal) std::fprintf(stderr, "\r%ld texts", tally.texts);
    }
    if (!more) break;
  }
  if (terminal) std::fprintf(stderr, "\r");
  return {};
}

}  // namespace

int RunWarm(const CommandLine& command) {
  const LoadResult result = LoadFor(command);
  if (!result.ok()) return ReportProblems(result);
  const std::string server = ServerOf(command, result.loaded->config);
  std::ifstream file;
  if (command.texts_file != "-") {
    file.open(command.texts_file);
    if (!file) return Fail("cannot read " + command.texts_file);
  }
  Tally tally;
  const auto begun = std::chrono::steady_clock::now();
  const Status status = WarmFrom(file.is_open() ? file : std::cin, command, server, tally);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  if (command.json) {
    std::printf("{\"texts\":%ld,\"from_cache\":%ld,\"seconds\":%.3f}\n", tally.texts,
                tally.from_cache, took.count());
  } else {
    std::printf("%ld texts in %.2f s: %ld embedded, %ld from the cache\n", tally.texts,
                took.count(), tally.texts - tally.from_cache, tally.from_cache);
  }
  if (!status.ok()) return Fail(status.error().message + " (those counted above are cached)");
  return 0;
}

}  // namespace larder
