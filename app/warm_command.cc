#include "app/warm_command.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "app/client.h"
#include "app/human.h"
#include "app/progress.h"
#include "app/warmer.h"
#include "proxy/json/json_writer.h"

namespace larder {
namespace {

constexpr std::chrono::seconds kSaveEvery{1};

// Where the texts come from and how far they were done before.
struct Begin {
  std::unique_ptr<TextSource> source;
  WarmState state;
  TextHash hash;
};

Result<std::unique_ptr<TextSource>> OpenTexts(const WarmCommand& options,
                                              const Interrupt& interrupt) {
  LARDER_ASSIGN_OR_RETURN(auto input, ByteInput::Open(options.file, &interrupt));
  const std::string format = options.format.empty() ? FormatOfPath(options.file) : options.format;
  return std::make_unique<TextSource>(std::move(input),
                                      TextFormat{format, options.field, options.column});
}

// Passes over what `state` says is done. False when these are not the texts that it knows.
Result<bool> PassOver(const WarmState& state, Begin& begin) {
  for (std::int64_t at = 0; at < state.done; ++at) {
    LARDER_ASSIGN_OR_RETURN(const auto text, begin.source->Next());
    if (!text) return false;
    begin.hash.Add(*text);
  }
  return begin.hash.Digits() == state.hash;
}

Result<Begin> BeginFrom(const WarmCommand& options, const std::string& state_path,
                        const Interrupt& interrupt) {
  const WarmState fresh{options.model, options.dimensions, 0, TextHash().Digits()};
  Begin begin{nullptr, fresh, {}};
  LARDER_ASSIGN_OR_RETURN(begin.source, OpenTexts(options, interrupt));
  if (state_path.empty() || options.restart) return begin;
  LARDER_ASSIGN_OR_RETURN(const auto kept, LoadWarmState(state_path));
  if (!kept || kept->done == 0) return begin;
  if (!kept->SameSettings(fresh)) {
    std::cerr << "larder: " << state_path << " is of another model or other dimensions ("
              << kept->model << "); starting from the beginning\n";
    return begin;
  }
  LARDER_ASSIGN_OR_RETURN(const bool same, PassOver(*kept, begin));
  if (same) {
    begin.state = *kept;
    std::cerr << "larder: going on after " << Counted(kept->done, "text", "texts")
              << " that are done (" << state_path << ")\n";
    return begin;
  }
  std::cerr << "larder: " << options.file << " was changed since " << state_path
            << " was written; starting from the beginning\n";
  Begin anew{nullptr, fresh, {}};
  LARDER_ASSIGN_OR_RETURN(anew.source, OpenTexts(options, interrupt));
  return anew;
}

// Keeps the state file in step with the work.
class StateKeeper {
 public:
  StateKeeper(std::string path, bool asked_for) : path_(std::move(path)), asked_for_(asked_for) {}

  void Told(const WarmState& state, MonoTime now) {
    if (path_.empty() || state.done == saved_ || now < next_) return;
    next_ = now + kSaveEvery;
    Save(state);
  }
  void Save(const WarmState& state) {
    if (path_.empty() || state.done == saved_) return;
    if (const Status saved = SaveWarmState(path_, state); !saved.ok()) {
      std::cerr << "larder: " << saved.error().message
                << "; an interrupted warm will start from the beginning"
                << (asked_for_ ? "\n" : " (name another place with --state)\n");
      path_.clear();
    }
    saved_ = state.done;
  }
  void Finished() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  bool keeps() const { return !path_.empty(); }

 private:
  std::string path_;
  const bool asked_for_;
  std::int64_t saved_ = 0;
  MonoTime next_{};
};

void PrintSummary(const WarmCommand& options, const WarmTally& tally, std::int64_t empty,
                  double seconds, bool finished) {
  if (options.json) {
    JsonWriter out;
    out.BeginObject()
        .Member("texts", tally.texts)
        .Member("from_cache", tally.from_cache)
        .Member("billed_tokens", tally.billed_tokens)
        .Member("repeated_requests", tally.repeated)
        .Member("empty", empty)
        .Member("done", tally.done)
        .Member("seconds", seconds)
        .Member("finished", finished)
        .EndObject();
    std::cout << out.str() << std::endl;
    return;
  }
  std::printf("%lld texts in %.2f s: %lld embedded, %lld from the cache",
              static_cast<long long>(tally.texts), seconds,
              static_cast<long long>(tally.texts - tally.from_cache),
              static_cast<long long>(tally.from_cache));
  if (tally.billed_tokens > 0) {
    std::printf(", %s billed", Counted(tally.billed_tokens, "token", "tokens").c_str());
  }
  if (tally.repeated > 0) {
    std::printf(", %s sent again", Counted(tally.repeated, "request", "requests").c_str());
  }
  std::printf("\n");
  std::fflush(stdout);
}

ProgressState ProgressOf(const WarmTally& tally, const TextSource& source,
                         std::uint64_t bytes_before) {
  ProgressState state;
  state.done = static_cast<double>(tally.bytes);
  state.done_before = static_cast<double>(bytes_before);
  if (source.input().size()) state.total = static_cast<double>(*source.input().size());
  state.count = tally.texts;
  state.unit = "texts";
  state.note =
      tally.waiting.empty() ? HumanCount(tally.from_cache) + " from the cache" : tally.waiting;
  return state;
}

}  // namespace

void WarmCommand::Declare(FlagTable& flags) {
  flags.Text("FILE", "", file, "the texts, or - for standard input").Path();
  DeclareClient(flags, "print the summary as JSON");
  flags.Choice("--format", "FORMAT", format, {"lines", "jsonl", "csv"},
               "of the file: lines, jsonl or csv (default: by its name's end, else lines)");
  flags.Text("--field", "NAME", field,
             "jsonl: the member of an object that holds the text (default text, else input)");
  flags.Text("--column", "NAME", column,
             "csv: the column that holds the text (default text, or the only one)");
  flags.Text("--model", "NAME", model, "the embedding model");
  flags.Integer("--dimensions", "N", dimensions, 1, 65'536, "ask for vectors of this many");
  flags.Integer("--batch", "N", batch, 1, 2048, "texts per request");
  flags.Integer("--concurrency", "N", concurrency, 1, 64, "requests at a time");
  flags.Number("--rate", "N", rate, 0.001, "at most so many texts per second");
  flags.Number("--requests-per-minute", "N", requests_per_minute, 0.001,
               "at most so many requests per minute");
  flags.Integer("--retries", "N", retries, 0, 100,
                "repetitions of a request that was refused with 429 or 5xx");
  flags
      .Text("--state", "FILE", state,
            "where to keep how far it came (default: FILE.warm-state for a regular file)")
      .Path();
  flags.Switch("--restart", restart, "start from the beginning, whatever is done");
}

int RunCommand(const WarmCommand& options) {
  const auto session = Session::Open(options);
  if (!session) return kBadUsage;
  const auto interrupt = Interrupt::OnSignals();
  std::string state_path = options.state.value_or("");
  if (!options.state && options.file != "-") {
    const auto probe = ByteInput::Open(options.file, nullptr);
    if (!probe.ok()) return Fail(probe.error());
    if ((*probe)->size()) state_path = options.file + ".warm-state";
  }
  auto begin = BeginFrom(options, state_path, *interrupt);
  if (!begin.ok()) return Fail(begin.error());
  TextSource& source = *begin->source;

  StateKeeper keeper(state_path, options.state.has_value());
  const SystemClock clock;
  Progress progress(Progress::ForStderr(), clock);
  WarmTally tally;
  WarmState state;
  const std::uint64_t bytes_before = source.input().read_bytes();
  Warmer warmer(
      {session->api, ProviderCredential(), options.model, options.dimensions, options.batch,
       options.concurrency, options.rate, options.requests_per_minute, options.retries},
      *interrupt);
  const Status status =
      warmer.Run(source, begin->state, begin->hash, [&](const WarmTally& now, const WarmState& at) {
        tally = now;
        state = at;
        keeper.Told(at, clock.Monotonic());
        progress.Update(ProgressOf(now, source, bytes_before));
      });
  progress.Clear();
  PrintSummary(options, tally, source.empty(), progress.elapsed().count(), status.ok());
  if (status.ok()) {
    keeper.Finished();
    return 0;
  }
  keeper.Save(state);
  Error error = status.error();
  error.message +=
      keeper.keeps() && state.done > 0
          ? "; run the same command again to go on after text " + std::to_string(state.done)
          : "; what is counted above is cached: run the same command again";
  return Fail(error);
}

}  // namespace larder
