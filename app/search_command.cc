// search: asks a running server for the nearest texts; with --compare-exact twice, to show what the
// graph's walk passed over.
#include "app/search_command.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <set>
#include <vector>

#include "app/client.h"
#include "app/configuration.h"
#include "app/http_client.h"
#include "proxy/json/json.h"
#include "proxy/json/json_writer.h"

namespace larder {
namespace {

struct Found {
  struct Match {
    std::string id;
    std::string text;
    double score = 0;
  };
  std::vector<Match> matches;  // best first
  std::string body;            // as the server sent it
  double milliseconds = 0;     // the whole exchange
};

std::string BodyOf(const SearchCommand& options, bool exact) {
  JsonWriter body;
  body.BeginObject().Member("query", options.query).Member("model", options.model);
  body.Member("top_k", options.top_k);
  if (!options.collection.empty()) body.Member("collection", options.collection);
  if (!options.filter.empty()) body.Key("filter").Raw(options.filter);
  if (options.min_score) body.Member("min_score", *options.min_score);
  if (options.ef_search) body.Member("ef_search", *options.ef_search);
  if (exact) body.Key("exact").Bool(true);
  body.EndObject();
  return body.Take();
}

Result<Found> Ask(const SearchCommand& options, const std::string& server, bool exact) {
  const auto begin = std::chrono::steady_clock::now();
  LARDER_ASSIGN_OR_RETURN(
      const ClientReply reply,
      CallServer(server, "POST", "/v1/search", ProviderCredential(), BodyOf(options, exact)));
  Found found;
  found.milliseconds =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  if (reply.status != 200) return InvalidArgument(WhatWentWrong(reply));
  found.body = reply.body;
  const auto document = JsonDocument::Parse(reply.body);
  const auto data = document.ok() ? Member(document->root(), "data") : std::nullopt;
  JsonArray matches;
  if (!data || data->get(matches) != simdjson::SUCCESS) {
    return InvalidArgument("the server's answer is not a list of matches: is it a larder?");
  }
  for (const JsonElement match : matches) {
    found.matches.push_back({std::string(StringMember(match, "id").value_or("")),
                             std::string(StringMember(match, "text").value_or("")),
                             NumberMember(match, "score").value_or(0)});
  }
  return found;
}

void Print(const Found::Match& match, const char* mark) {
  // A point without a text has its id.
  std::printf("%s%.3f  %s\n", mark, match.score,
              (match.text.empty() ? match.id : match.text).c_str());
}

// Marks what only one of the two found: + the exact search alone, - the walk alone.
void PrintComparison(const Found& walked, const Found& exact) {
  std::set<std::string> walked_ids;
  std::set<std::string> exact_ids;
  for (const auto& match : walked.matches) walked_ids.insert(match.id);
  for (const auto& match : exact.matches) exact_ids.insert(match.id);
  std::size_t both = 0;
  for (const auto& match : exact.matches) {
    const bool found = walked_ids.contains(match.id);
    both += found ? 1 : 0;
    Print(match, found ? "  " : "+ ");
  }
  for (const auto& match : walked.matches) {
    if (!exact_ids.contains(match.id)) Print(match, "- ");
  }
  const double recall = exact.matches.empty()
                            ? 1
                            : static_cast<double>(both) / static_cast<double>(exact.matches.size());
  std::printf("recall@%zu %.2f: %zu of %zu; %.1f ms, exact %.1f ms\n", exact.matches.size(), recall,
              both, exact.matches.size(), walked.milliseconds, exact.milliseconds);
}

}  // namespace

void SearchCommand::Declare(FlagTable& flags) {
  flags.Text("TEXT", "", query, "the text to search for").Required();
  DeclareClient(flags, "print the server's JSON");
  flags.Text("--model", "NAME", model, "the embedding model");
  flags.Integer("--top-k", "N", top_k, 1, 1000, "results");
  flags.Text("--collection", "NAME", collection,
             "a collection's points instead of the texts embedded so far");
  flags.Text("--filter", "JSON", filter,
             "condition on the points' metadata, say '{\"lang\": \"en\"}'");
  flags.Number("--min-score", "X", min_score, -1e300, "leave out what scores less");
  flags.Integer("--ef-search", "N", ef_search, 1, 10'000, "candidates of the graph's walk");
  flags.Switch("--exact", exact, "compare with every vector");
  flags.Switch("--compare-exact", compare_exact,
               "search both ways: shows the recall and what was passed over");
}

int RunCommand(const SearchCommand& options) {
  const auto session = Session::Open(options);
  if (!session) return kBadUsage;
  if (!options.filter.empty()) {
    const auto filter = JsonDocument::Parse(options.filter);
    if (!filter.ok() || !filter->root().is_object()) {
      return Fail("--filter must be a JSON object, say '{\"lang\": \"en\"}'");
    }
  }
  const std::string server = session->api;
  // The first call may have to embed the query: the two that are compared then both find it cached.
  if (options.compare_exact) {
    if (const auto warm = Ask(options, server, false); !warm.ok())
      return Fail(warm.error().message);
  }
  const auto found = Ask(options, server, options.exact && !options.compare_exact);
  if (!found.ok()) return Fail(found.error().message);
  if (options.compare_exact) {
    const auto exact = Ask(options, server, true);
    if (!exact.ok()) return Fail(exact.error().message);
    if (!options.json) {
      PrintComparison(*found, *exact);
      return 0;
    }
    std::cout << R"({"search":)" << found->body << R"(,"exact":)" << exact->body << "}\n";
    return 0;
  }
  if (options.json) {
    std::cout << found->body << "\n";
    return 0;
  }
  for (const auto& match : found->matches) Print(match, "");
  if (found->matches.empty()) std::printf("nothing found\n");
  return 0;
}

}  // namespace larder
