#include "proxy/admin/import_endpoint.h"

#include "proxy/admin/error_json.h"
#include "proxy/admin/query_parameters.h"

namespace larder {
namespace {

constexpr std::size_t kStep = 64UL * 1024;
constexpr std::chrono::milliseconds kBetweenReports{200};
// The front has a timeout between two pieces of a body.
constexpr std::chrono::hours kPatience{24};

std::string Line(const ImportCounts& counts, bool finished, const Status& status) {
  JsonWriter json;
  json.BeginObject();
  if (!status.ok()) AppendError(status.error(), json);
  json.Member("lines", counts.lines).Member("imported", counts.imported);
  json.Member("skipped", counts.skipped);
  if (finished) json.Member("finished", true);
  json.EndObject();
  return json.Take() + '\n';
}

Error AtLine(std::uint64_t line, Error error) {
  error.message.insert(0, "line " + std::to_string(line) + ": ");
  return error;
}

}  // namespace

RequestPlan ImportEndpoint::plan() const {
  RequestPlan plan;
  plan.whole_body = false;
  return plan;
}

Response ImportEndpoint::Handle(const Request& request, const std::string& /*below*/) {
  if (const Status known = CheckParameters(request.query(), {}); !known.ok()) {
    return RenderError(known.error());
  }
  auto acting_for = ActFor(request, parts_.callers, parts_.embeddings.options().key_headers);
  if (!acting_for.ok()) return RenderError(acting_for.error());
  std::shared_ptr<BodySource> body = request.body_source;
  if (body == nullptr) body = std::make_shared<StringBody>(request.body);
  return parts_.jobs.Stream(
      [this, body = std::move(body), acting_for = std::move(*acting_for),
       peer = request.peer](LineStream& out) { return Run(*body, acting_for, peer, out); });
}

bool ImportEndpoint::Run(BodySource& body, ActingFor acting_for, const std::string& peer,
                         LineStream& out) {
  Importer importer(parts_.embeddings, parts_.responses, parts_.lifetimes, parts_.clock,
                    std::move(acting_for));
  std::uint64_t line = 0;
  Status status = TakeAll(body, importer, line, out);
  // What came before a wrong line is kept.
  if (const Status flushed = importer.Flush(); status.ok() && !flushed.ok()) {
    status = AtLine(line, flushed.error());
  }
  const ImportCounts& counts = importer.counts();
  parts_.log.Write(status.ok() ? LogLevel::kInfo : LogLevel::kWarning, "import",
                   {{"peer", peer},
                    {"lines", counts.lines},
                    {"imported", counts.imported},
                    {"skipped", counts.skipped},
                    {"error", status.ok() ? std::string() : status.error().message}});
  return out.Write(Line(counts, status.ok(), status));
}

Status ImportEndpoint::TakeAll(BodySource& body, Importer& importer, std::uint64_t& line,
                               LineStream& out) {
  const auto take = [&](std::string_view text) -> Status {
    ++line;
    const Status taken = text.size() > max_line_bytes_
                             ? Status(InvalidArgument("is longer than admin.import_line_bytes"))
                             : importer.Take(text);
    return taken.ok() ? taken : Status(AtLine(line, taken.error()));
  };
  std::string unread;
  std::size_t searched = 0;  // of `unread`: no end of a line is before
  MonoTime last_report{};
  while (true) {
    LARDER_ASSIGN_OR_RETURN(
        const ReadState state,
        ReadSome(body, kStep, unread, std::chrono::steady_clock::now() + kPatience));
    if (state == ReadState::kFailed) return AtLine(line + 1, body.error());
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = unread.find('\n', searched)) != std::string::npos;
         begin = searched = end + 1) {
      LARDER_RETURN_IF_ERROR(take(std::string_view(unread).substr(begin, end - begin)));
    }
    unread.erase(0, begin);
    searched = unread.size();
    if (state == ReadState::kEnd) return unread.empty() ? Status() : take(unread);
    if (unread.size() > max_line_bytes_) return take(unread);
    if (out.gone()) {
      return Error{ErrorCode::kCancelled, ErrorOrigin::kDownstream, "nobody waits for its end"};
    }
    if (parts_.clock.Monotonic() - last_report >= kBetweenReports) {
      last_report = parts_.clock.Monotonic();
      // A client that reads nothing before it has sent everything must not stand still.
      out.TryWrite(Line(importer.counts(), false, {}));
    }
  }
}

}  // namespace larder
