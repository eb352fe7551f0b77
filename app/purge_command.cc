#include "app/purge_command.h"

#include <unistd.h>

#include <iostream>

#include "app/human.h"
#include "app/ndjson.h"
#include "app/progress.h"
#include "app/terminal.h"
#include "proxy/json/json.h"
#include "proxy/json/json_writer.h"

namespace larder {
namespace {

struct Purged {
  std::int64_t matched = 0;
  std::int64_t deleted = 0;
  std::string compacted;  // what became of the traces on the disk
};

bool HasCondition(const PurgeCommand& command) {
  return !command.layer.empty() || !command.model.empty() || !command.partition.empty() ||
         !command.ns.empty() || !command.key.empty() || command.input || !command.prefix.empty() ||
         command.older_than;
}

std::string BodyOf(const PurgeCommand& command, bool dry_run) {
  JsonWriter body;
  body.BeginObject();
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) body.Member(name, value);
  };
  add("layer", command.layer);
  add("model", command.model);
  add("partition", command.partition);
  add("namespace", command.ns);
  add("key", command.key);
  if (command.input) body.Member("input", *command.input);
  add("prefix", command.prefix);
  if (command.older_than) body.Member("older_than_s", command.older_than->count());
  if (command.all) body.Member("all", true);
  if (dry_run) body.Member("dry_run", true);
  if (command.compact && !dry_run) body.Member("compact", true);
  body.EndObject();
  return body.Take();
}

// Asks the server; `purged` is how far it came, also when it fails.
Status Purge(const PurgeCommand& command, const Session& session, bool dry_run,
             Interrupt& interrupt, Purged& purged) {
  ClientRequest request = session.Request("POST", "purge");
  request.headers.Add("accept", "application/x-ndjson");
  request.headers.Add("content-type", "application/json");
  request.body = BodyOf(command, dry_run);
  request.idle_timeout = std::chrono::minutes(10);
  request.interrupt = &interrupt;
  const SystemClock clock;
  Progress progress(Progress::ForStderr(), clock);
  bool done = false;
  const Status status = StreamLines(session, request, [&](std::string_view line) -> Status {
    if (const auto end = EndOf(line); end && !end->problem.empty()) {
      return InvalidArgument(end->problem);
    }
    const auto document = JsonDocument::Parse(line);
    const auto matched = document.ok() ? IntMember(document->root(), "matched") : std::nullopt;
    if (!matched) return InvalidArgument("the server's answer has no count: is it a larder?");
    purged.matched = *matched;
    purged.deleted = IntMember(document->root(), "deleted").value_or(0);
    purged.compacted = StringMember(document->root(), "compacted").value_or("");
    // A line of progress has "total"; without it the answer is one object.
    const auto total = IntMember(document->root(), "total");
    done = BoolMember(document->root(), "done").value_or(!total);
    ProgressState state;
    state.count = IntMember(document->root(), "scanned").value_or(0);
    state.done = static_cast<double>(state.count);
    if (total) state.total = static_cast<double>(*total);
    state.unit = "entries looked at";
    state.note = HumanCount(*matched) + " match";
    progress.Update(state);
    return {};
  });
  progress.Clear();
  if (status.ok() && !done) {
    return Error{ErrorCode::kUnavailable, ErrorOrigin::kSelf, "the server broke the purge off"};
  }
  return status;
}

void PrintResult(const PurgeCommand& command, const Purged& purged, bool dry_run) {
  if (command.json) {
    JsonWriter json;
    json.BeginObject().Member("matched", purged.matched).Member("deleted", purged.deleted);
    json.Member("dry_run", dry_run);
    if (!purged.compacted.empty()) json.Member("compacted", purged.compacted);
    json.EndObject();
    std::cout << json.str() << std::endl;
    return;
  }
  if (dry_run) {
    std::cout << Counted(purged.matched, "entry", "entries") << " would be removed" << std::endl;
  } else {
    std::cout << Counted(purged.deleted, "entry", "entries") << " removed";
    if (!purged.compacted.empty()) std::cout << "; " << purged.compacted;
    std::cout << std::endl;
  }
}

int FailAfter(const Status& status, const Purged& purged) {
  Error error = status.error();
  if (purged.deleted > 0) {
    error.message += "; " + Counted(purged.deleted, "entry was", "entries were") +
                     " removed: run it again for the rest";
  }
  return Fail(error);
}

// True when the person at the terminal says so.
bool Confirmed(std::int64_t matched) {
  std::cerr << "Remove " << Counted(matched, "entry", "entries") << "? [y/N] " << std::flush;
  std::string answer;
  return static_cast<bool>(std::getline(std::cin, answer)) && (answer == "y" || answer == "yes");
}

}  // namespace

void PurgeCommand::Declare(FlagTable& flags) {
  DeclareClient(flags, "print the result as JSON");
  flags.Choice("--layer", "LAYER", layer, {"embeddings", "responses"},
               "of this layer only: embeddings or responses");
  flags.Text("--model", "NAME", model, "of this model");
  flags.Text("--partition", "HEX", partition, "of this partition; its first 8 digits are enough");
  flags.Text("--namespace", "NAME", ns, "of this namespace");
  flags.Text("--key", "HEX", key, "the entry of this key");
  flags.Text("--input", "TEXT", input, "the embeddings of exactly this text");
  flags.Text("--prefix", "TEXT", prefix, "whose text, or key, begins so");
  flags.Duration("--older-than", older_than, "stored longer ago than 90s, 15m, 12h, 7d, ...");
  flags.Switch("--all", all, "everything; wanted when there is no other condition");
  flags.Switch("--dry-run", dry_run, "count, and remove nothing");
  flags.Switch("--compact", compact, "rewrite the databases, so that no trace is left on the disk");
  flags.Switch("--yes,-y", yes, "do not ask");
}

int RunCommand(const PurgeCommand& command) {
  if (!HasCondition(command) && !command.all) {
    Fail("say what to remove (--model, --older-than, ...; see larder purge --help), or --all");
    return kBadUsage;
  }
  const bool ask = !command.yes && !command.dry_run;
  if (ask && !IsTerminal(STDIN_FILENO)) {
    Fail("there is no terminal to ask on: say --yes, or --dry-run to count first");
    return kBadUsage;
  }
  const auto session = Session::Open(command);
  if (!session) return kBadUsage;
  const auto interrupt = Interrupt::OnSignals();
  Purged purged;
  if (ask || command.dry_run) {
    if (const Status counted = Purge(command, *session, true, *interrupt, purged); !counted.ok()) {
      return FailAfter(counted, purged);
    }
    if (command.dry_run || purged.matched == 0) {
      PrintResult(command, purged, true);
      return 0;
    }
    if (!Confirmed(purged.matched)) {
      Fail("nothing was removed");
      return interrupt->triggered() ? kInterruptedStatus : 1;
    }
  }
  purged = {};
  const Status status = Purge(command, *session, false, *interrupt, purged);
  if (!status.ok()) return FailAfter(status, purged);
  PrintResult(command, purged, false);
  return 0;
}

}  // namespace larder
