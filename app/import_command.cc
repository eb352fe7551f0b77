// The lines go in requests of about a megabyte, one after another: so memory stays constant, an
// answer is read as soon as its part is sent, and a part that was refused for a while is sent
// again. That changes nothing at the server, where what is there and newer stays.

#include "app/import_command.h"

#include <charconv>
#include <iostream>
#include <vector>

#include "app/human.h"
#include "app/import_lines.h"
#include "app/ndjson.h"
#include "app/progress.h"
#include "app/retry_pause.h"
#include "proxy/json/json.h"
#include "proxy/json/json_writer.h"

namespace larder {
namespace {

constexpr std::size_t kPartBytes = 1 << 20;
constexpr int kRetries = 6;

struct Tally {
  std::int64_t lines = 0;
  std::int64_t imported = 0;
  std::int64_t skipped = 0;

  Tally operator+(const Tally& other) const {
    return {lines + other.lines, imported + other.imported, skipped + other.skipped};
  }
};

struct Part {
  std::string body;
  std::vector<std::int64_t> places;  // of each line, in the file
};

// "line 17: no vector" of a part, with the line of the file.
std::string InTheFile(const std::string& problem, const Part& part, const char* place_name) {
  constexpr std::string_view kLine = "line ";
  std::size_t line = 0;
  if (!problem.starts_with(kLine)) return problem;
  const char* begin = problem.data() + kLine.size();
  const auto [rest, error] = std::from_chars(begin, problem.data() + problem.size(), line);
  if (error != std::errc() || line == 0 || line > part.places.size()) return problem;
  return std::string(place_name) + " " + std::to_string(part.places[line - 1]) + rest;
}

class Importer {
 public:
  Importer(const Session& session, const ImportCommand& command, ImportLines& lines,
           Interrupt& interrupt)
      : session_(session),
        command_(command),
        lines_(lines),
        interrupt_(interrupt),
        progress_(Progress::ForStderr(), clock_) {}

  Status Run() {
    while (true) {
      LARDER_ASSIGN_OR_RETURN(const Part part, Read());
      if (part.places.empty()) {
        // A line that could not be read ends the file: what stands before it has been sent.
        return problem_ ? Status(*problem_) : Status();
      }
      LARDER_RETURN_IF_ERROR(SendUntilTaken(part));
    }
  }

  const Tally& tally() const { return tally_; }
  void Clear() { progress_.Clear(); }
  double seconds() const { return progress_.elapsed().count(); }

 private:
  Result<Part> Read() {
    Part part;
    while (part.body.size() < kPartBytes && !problem_) {
      auto line = lines_.Next();
      if (!line.ok()) {
        if (line.error().code == ErrorCode::kCancelled) return line.error();
        problem_ = line.error();
        break;
      }
      if (!*line) break;
      part.body += **line + "\n";
      part.places.push_back(lines_.place());
    }
    return part;
  }

  Status SendUntilTaken(const Part& part) {
    for (int attempt = 1;; ++attempt) {
      Tally taken;
      int refused = 0;
      Headers asked;
      Status sent = Send(part, taken, refused, asked);
      const bool again = refused != 0 ? IsWorthRepeating(refused)
                                      : !sent.ok() && sent.error().code == ErrorCode::kUnavailable;
      if (sent.ok() || !again || attempt > kRetries) {
        tally_ = tally_ + taken;
        return sent;
      }
      const auto pause = PauseAskedFor(asked).value_or(PauseBefore(attempt, 0));
      if (interrupt_.WaitUntil(std::chrono::steady_clock::now() + pause)) {
        return Error{ErrorCode::kCancelled, ErrorOrigin::kSelf, "interrupted"};
      }
    }
  }

  // `refused`: the status when it is not 200, with the answer's fields.
  Status Send(const Part& part, Tally& taken, int& refused, Headers& asked) {
    ClientRequest request = session_.Request("POST", "import");
    for (const auto& [name, value] : session_.on_behalf.fields()) request.headers.Add(name, value);
    if (!command_.ns.empty()) request.headers.Add("x-larder-namespace", command_.ns);
    request.headers.Add("content-type", "application/x-ndjson");
    request.body = part.body;
    request.idle_timeout = std::chrono::minutes(5);
    request.interrupt = &interrupt_;
    bool finished = false;
    std::optional<Error> wrong_line;
    Status status = StreamLines(
        session_, request,
        [&](std::string_view line) -> Status {
          const auto document = JsonDocument::Parse(line);
          if (!document.ok()) return InvalidArgument("the server's answer is not JSON");
          const JsonElement root = document->root();
          taken.lines = IntMember(root, "lines").value_or(taken.lines);
          taken.imported = IntMember(root, "imported").value_or(taken.imported);
          taken.skipped = IntMember(root, "skipped").value_or(taken.skipped);
          finished = BoolMember(root, "finished").value_or(false);
          if (const auto end = EndOf(line); end && !end->problem.empty()) {
            return InvalidArgument(InTheFile(end->problem, part, lines_.place_name()));
          }
          Tell(tally_ + taken);
          return {};
        },
        [&](const ClientReply& head) {
          if (head.status == 200) return;
          refused = head.status;
          asked = head.headers;
        });
    if (status.ok() && !finished) {
      return Error{ErrorCode::kUnavailable, ErrorOrigin::kSelf, "the server broke the import off"};
    }
    return status;
  }

  void Tell(const Tally& tally) {
    ProgressState state;
    state.done = static_cast<double>(lines_.input().read_bytes());
    if (lines_.input().size()) state.total = static_cast<double>(*lines_.input().size());
    state.count = tally.lines;
    state.unit = "lines";
    if (tally.skipped > 0) state.note = HumanCount(tally.skipped) + " passed over";
    progress_.Update(state);
  }

  const Session& session_;
  const ImportCommand& command_;
  ImportLines& lines_;
  Interrupt& interrupt_;
  const SystemClock clock_;
  Progress progress_;
  Tally tally_;
  std::optional<Error> problem_;  // of the file
};

Result<std::unique_ptr<ImportLines>> OpenLines(const ImportCommand& command, bool npy,
                                               const Interrupt& interrupt) {
  LARDER_ASSIGN_OR_RETURN(auto input, ByteInput::Open(command.file, &interrupt));
  if (!npy) {
    return std::unique_ptr<ImportLines>(std::make_unique<JsonImportLines>(std::move(input)));
  }
  LARDER_ASSIGN_OR_RETURN(
      auto lines, NpyImportLines::Open(
                      std::move(input),
                      {command.ids, command.texts, command.model, command.dimensions}, &interrupt));
  return std::unique_ptr<ImportLines>(std::move(lines));
}

void PrintSummary(const ImportCommand& command, const Tally& tally, double seconds, bool finished) {
  if (command.json) {
    JsonWriter json;
    json.BeginObject().Member("lines", tally.lines).Member("imported", tally.imported);
    json.Member("skipped", tally.skipped).Member("seconds", seconds);
    json.Member("finished", finished).EndObject();
    std::cout << json.str() << std::endl;
    return;
  }
  std::cout << Counted(tally.imported, "entry", "entries") << " imported in "
            << HumanDuration(std::chrono::duration<double>(seconds));
  if (tally.skipped > 0) {
    std::cout << ", " << HumanCount(tally.skipped)
              << " passed over (expired, or there is a newer one)";
  }
  std::cout << std::endl;
}

}  // namespace

void ImportCommand::Declare(FlagTable& flags) {
  flags.Text("FILE", "", file, "an export, or - for standard input").Required().Path();
  DeclareClient(flags, "print the summary as JSON");
  flags.Choice("--format", "FORMAT", format, {"jsonl", "npy"},
               "of the file: jsonl or npy (default: by its name's end, else jsonl)");
  flags
      .Text("--ids", "FILE", ids,
            "npy: what each row is, JSON lines with text and model, as export writes them")
      .Path();
  flags.Text("--texts", "FILE", texts, "npy: the rows' texts, one a line").Path();
  flags.Text("--model", "NAME", model, "npy: the model that the vectors are of");
  flags.Integer("--dimensions", "N", dimensions, 1, 65'536,
                "npy: the dimensions that requests will ask for, if they do");
  flags.Text("--namespace", "NAME", ns, "the namespace of vectors of your own");
}

int RunCommand(const ImportCommand& command) {
  const bool npy =
      command.format == "npy" || (command.format.empty() && command.file.ends_with(".npy"));
  if (npy && command.ids.empty() == command.texts.empty()) {
    Fail("a .npy file needs the texts of its rows: name them with --ids or --texts");
    return kBadUsage;
  }
  if (!npy && !(command.ids.empty() && command.texts.empty() && command.model.empty() &&
                !command.dimensions)) {
    Fail("--ids, --texts, --model and --dimensions are for --format npy");
    return kBadUsage;
  }
  const auto session = Session::Open(command);
  if (!session) return kBadUsage;
  const auto interrupt = Interrupt::OnSignals();
  const auto lines = OpenLines(command, npy, *interrupt);
  if (!lines.ok()) return Fail(lines.error());
  Importer importer(*session, command, **lines, *interrupt);
  const Status status = importer.Run();
  importer.Clear();
  PrintSummary(command, importer.tally(), importer.seconds(), status.ok());
  if (!status.ok()) {
    Error error = status.error();
    error.message += "; what came before is kept, and importing it again changes nothing";
    return Fail(error);
  }
  if ((*lines)->cut_short()) {
    return Fail(
        "the file is not a whole export (its last line is missing): what it has was "
        "imported; export it again for the rest");
  }
  return 0;
}

}  // namespace larder
