#include "app/verbs.h"

#include <algorithm>
#include <array>

#include "app/completion.h"
#include "app/config_commands.h"
#include "app/explain_command.h"
#include "app/export_command.h"
#include "app/import_command.h"
#include "app/keys_command.h"
#include "app/purge_command.h"
#include "app/search_command.h"
#include "app/serve_command.h"
#include "app/stats_command.h"
#include "app/tail_command.h"
#include "app/upstreams_command.h"
#include "app/warm_command.h"

namespace larder {
namespace {

template <typename Options>
constexpr VerbRow Row(std::string_view name) {
  return {name, Options::kSummary, Options::kExamples,
          []() -> std::unique_ptr<Verb> { return std::make_unique<VerbOf<Options>>(); }};
}

constexpr std::array kVerbs = {
    Row<ServeCommand>("serve"),
    Row<CheckConfigCommand>("check-config"),
    Row<PrintConfigCommand>("print-config"),
    Row<StatsCommand>("stats"),
    Row<TailCommand>("tail"),
    Row<ExplainCommand>("explain"),
    Row<WarmCommand>("warm"),
    Row<SearchCommand>("search"),
    Row<PurgeCommand>("purge"),
    Row<ExportCommand>("export"),
    Row<ImportCommand>("import"),
    Row<KeysCommand>("keys"),
    Row<UpstreamsCommand>("upstreams"),
    Row<CompletionCommand>("completion"),
    Row<VersionCommand>("version"),
};

}  // namespace

std::span<const VerbRow> Verbs() {
  return kVerbs;
}

const VerbRow* FindVerb(std::string_view name) {
  const auto* found = std::find_if(kVerbs.begin(), kVerbs.end(),
                                   [&](const VerbRow& verb) { return verb.name == name; });
  return found == kVerbs.end() ? nullptr : found;
}

}  // namespace larder
