#include "app/ndjson.h"

#include "proxy/json/json.h"

namespace larder {
namespace {

constexpr std::size_t kLongestEnd = 4096;

}  // namespace

std::optional<StreamEnd> EndOf(std::string_view line) {
  if (line.size() > kLongestEnd || line.starts_with("{\"layer\"")) return std::nullopt;
  const auto document = JsonDocument::Parse(line);
  if (!document.ok()) return std::nullopt;
  if (!Member(document->root(), "finished") && !Member(document->root(), "error")) {
    return std::nullopt;
  }
  StreamEnd end;
  end.finished = BoolMember(document->root(), "finished").value_or(false);
  if (const auto error = Member(document->root(), "error")) {
    end.problem = StringMember(*error, "message").value_or("the server gives no reason");
  }
  return end;
}

Status StreamLines(const Session& session, const ClientRequest& request,
                   const std::function<Status(std::string_view)>& take,
                   const std::function<void(const ClientReply&)>& begin) {
  LineReader lines;
  Status status;
  const auto give = [&] {
    while (const auto line = lines.Next()) {
      if (line->empty()) continue;
      status = take(*line);
      if (!status.ok()) return false;
    }
    if (lines.too_long()) status = InvalidArgument("the server sent a line that is too long");
    return status.ok();
  };
  const auto reply = StreamFromServer(
      session.server, request,
      [&](std::string_view bytes) {
        lines.Feed(bytes);
        return give();
      },
      begin);
  if (!status.ok()) return status;
  if (!reply.ok()) return reply.error();
  if (reply->status != 200) return InvalidArgument(AdminProblem(*reply));
  lines.End();
  give();
  return status;
}

}  // namespace larder
