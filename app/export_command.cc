#include "app/export_command.h"

#include <iostream>

#include "app/export_sink.h"
#include "app/human.h"
#include "app/ndjson.h"
#include "app/progress.h"
#include "proxy/json/json_writer.h"

namespace larder {
namespace {

std::string LayerOf(const ExportCommand& command) {
  return command.format == "npy" ? "embeddings" : command.layer;
}

Result<std::unique_ptr<ExportSink>> OpenSink(const ExportCommand& command) {
  if (command.format == "npy") {
    LARDER_ASSIGN_OR_RETURN(auto sink, NpySink::Create(command.output, command.dimensions));
    return std::unique_ptr<ExportSink>(std::move(sink));
  }
  std::unique_ptr<OutputFile> file = OutputFile::Stdout();
  if (command.output != "-") {
    LARDER_ASSIGN_OR_RETURN(file, OutputFile::Create(command.output));
  }
  return std::unique_ptr<ExportSink>(
      std::make_unique<JsonLinesSink>(std::move(file), command.dimensions));
}

// On stderr when the entries themselves go to standard output.
void PrintSummary(const ExportCommand& command, const ExportSink& sink, double seconds) {
  std::ostream& out = command.output == "-" ? std::cerr : std::cout;
  if (command.json) {
    JsonWriter json;
    json.BeginObject().Member("entries", sink.kept()).Member("left_out", sink.left_out());
    json.Member("seconds", seconds).Member("file", command.output).EndObject();
    out << json.str() << std::endl;
    return;
  }
  out << Counted(sink.kept(), "entry", "entries") << " in "
      << HumanDuration(std::chrono::duration<double>(seconds));
  if (sink.left_out() > 0) out << ", " << HumanCount(sink.left_out()) << " of other dimensions";
  if (command.output != "-") out << ": " << command.output;
  if (command.format == "npy") {
    out << ", " << IdsPathOf(command.output);
    const auto& models = static_cast<const NpySink&>(sink).models();
    if (models.size() > 1) {
      out << "\nrows are of several models; the ids file says which, and --model chooses one:";
      for (const std::string& model : models) out << " " << model;
    }
  }
  out << std::endl;
}

}  // namespace

void ExportCommand::Declare(FlagTable& flags) {
  DeclareClient(flags, "print the summary as JSON");
  flags.Text("--output,-o", "FILE", output, "where to; - is standard output").Path();
  flags.Choice("--format", "FORMAT", format, {"jsonl", "npy"},
               "jsonl: the server's lines; npy: a NumPy matrix of float32, and beside it FILE's "
               "name with .ids.jsonl");
  flags.Choice("--layer", "LAYER", layer, {"embeddings", "responses"},
               "which entries; not given: both");
  flags.Text("--model", "NAME", model, "this model's only");
  flags.Integer("--dimensions", "N", dimensions, 1, 65'536, "vectors of this many only");
  flags.Text("--partition", "HEX", partition, "this partition's only");
  flags.Text("--namespace", "NAME", ns, "this namespace's only");
}

int RunCommand(const ExportCommand& command) {
  if (command.format == "npy" && (command.output == "-" || command.layer == "responses")) {
    Fail(command.output == "-" ? "--format npy writes two files: name the first with -o FILE.npy"
                               : "--format npy is for vectors: leave --layer out");
    return kBadUsage;
  }
  if (command.dimensions && command.layer != "embeddings" && command.format != "npy") {
    Fail("--dimensions is for vectors: say --layer embeddings");
    return kBadUsage;
  }
  const auto session = Session::Open(command);
  if (!session) return kBadUsage;
  const auto interrupt = Interrupt::OnSignals();
  auto sink = OpenSink(command);
  if (!sink.ok()) return Fail(sink.error());

  ClientRequest request =
      session->Request("GET", "export" + QueryOf({{"layer", LayerOf(command)},
                                                  {"model", command.model},
                                                  {"partition", command.partition},
                                                  {"namespace", command.ns}}));
  request.interrupt = interrupt.get();
  request.idle_timeout = std::chrono::minutes(10);  // a filter may pass over much
  const SystemClock clock;
  Progress progress(Progress::ForStderr(), clock);
  ProgressState state;
  state.unit = "entries";
  double bytes = 0;
  bool finished = false;
  Status status = StreamLines(*session, request, [&](std::string_view line) -> Status {
    if (const auto end = EndOf(line)) {
      if (!end->problem.empty()) return InvalidArgument(end->problem);
      finished = end->finished;
      return finished ? (*sink)->Finish(line) : Status();
    }
    bytes += static_cast<double>(line.size());
    LARDER_RETURN_IF_ERROR((*sink)->Take(line));
    state.count = (*sink)->kept();
    state.note = HumanBytes(bytes);
    progress.Update(state);
    return {};
  });
  progress.Clear();
  if (status.ok() && !finished) {
    status = Error{ErrorCode::kUnavailable, ErrorOrigin::kSelf, "the export ended before its end"};
  }
  if (status.ok()) {
    PrintSummary(command, **sink, progress.elapsed().count());
    return 0;
  }
  Error error = status.error();
  error.message += " (" + Counted((*sink)->kept(), "entry", "entries") +
                   (command.output == "-" ? " were written, which is not all: run it again)"
                                          : " had come; no file was written: run it again)");
  return Fail(error);
}

}  // namespace larder
