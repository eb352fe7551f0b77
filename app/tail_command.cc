#include "app/tail_command.h"

#include <unistd.h>

#include <iostream>

#include "app/client.h"
#include "app/human.h"
#include "app/tail_line.h"
#include "app/terminal.h"
#include "proxy/openai/sse_reader.h"

namespace larder {
namespace {

// The server says something every 15 s; three times that is a server that is gone.
constexpr std::chrono::seconds kSilence{45};
// With --no-follow: the recent requests come at once, and then nothing does.
constexpr std::chrono::milliseconds kRecentSilence{1'000};
constexpr std::chrono::seconds kMaxPause{5};

class Tail {
 public:
  Tail(const TailCommand& command, const Session& session, Interrupt& interrupt)
      : command_(command),
        session_(session),
        interrupt_(interrupt),
        colour_(WantsColour(STDOUT_FILENO)) {}

  int Run() {
    for (int attempt = 0;; ++attempt) {
      const std::int64_t before = shown_;
      const auto reply = Follow();
      if (interrupt_.triggered()) return kInterruptedStatus;
      if (!std::cout) return 1;  // the reader of a pipe went away
      if (reply.ok() && reply->status != 200) return Fail(AdminProblem(*reply));
      if (command_.no_follow && (reply.ok() || connected_)) return 0;
      if (!connected_) return Fail(reply.ok() ? Error{} : reply.error());
      if (shown_ > before) attempt = 0;
      if (attempt == 0) std::cerr << "larder: the connection ended; trying again" << std::endl;
      const auto pause = std::min<std::chrono::milliseconds>(
          std::chrono::milliseconds(250) * (1 << std::min(attempt, 5)), kMaxPause);
      if (interrupt_.WaitUntil(std::chrono::steady_clock::now() + pause)) {
        return kInterruptedStatus;
      }
    }
  }

 private:
  // Shows events until the connection ends.
  Result<ClientReply> Follow() {
    ClientRequest request = session_.Request(
        "GET", "events" + QueryOf({{"model", command_.model},
                                   {"partition", command_.partition},
                                   {"route", command_.route},
                                   {"outcome", command_.outcome},
                                   {"recent", std::to_string(connected_ ? 0 : command_.recent)}}));
    request.headers.Add("accept", "text/event-stream");
    if (last_id_) request.headers.Add("last-event-id", std::to_string(*last_id_));
    request.idle_timeout = command_.no_follow ? kRecentSilence : kSilence;
    request.interrupt = &interrupt_;
    SseReader reader;
    return StreamFromServer(
        session_.server, request,
        [&](std::string_view bytes) {
          reader.Feed(bytes);
          while (const auto event = reader.Next()) {
            // What comes without an event is the server saying that it is there.
            if (!event->has_data && command_.no_follow && shown_ > 0) return false;
            if (event->has_data) Show(*event);
            if (command_.no_follow && shown_ >= command_.recent) return false;
          }
          return static_cast<bool>(std::cout);
        },
        [this](const ClientReply& head) { connected_ = connected_ || head.status == 200; });
  }

  void Show(const SseEvent& event) {
    const auto document = JsonDocument::Parse(event.data);
    if (!document.ok()) return;
    if (event.name == "dropped") {
      std::cerr << "larder: "
                << Counted(IntMember(document->root(), "count").value_or(0), "request was",
                           "requests were")
                << " not shown: they came faster than they could be" << std::endl;
      return;
    }
    if (event.name != "request") return;
    last_id_ = IntMember(document->root(), "seq");
    ++shown_;
    if (command_.json) {
      std::cout << event.data << "\n" << std::flush;
    } else {
      std::cout << RenderTailLine(document->root(), colour_) << "\n" << std::flush;
    }
  }

  const TailCommand& command_;
  const Session& session_;
  Interrupt& interrupt_;
  const bool colour_;
  bool connected_ = false;  // once at least
  std::int64_t shown_ = 0;
  std::optional<std::int64_t> last_id_;
};

}  // namespace

void TailCommand::Declare(FlagTable& flags) {
  DeclareClient(flags, "print each request as a line of JSON");
  flags.Text("--model", "NAME", model, "this model's only");
  flags.Text("--route", "NAME", route, "this route's only: embeddings, chat, responses, ...");
  flags.Choice("--outcome", "NAME", outcome, {"hit", "miss", "bypass", "stale", "request"},
               "these only: hit, miss, bypass, stale or request");
  flags.Text("--partition", "HEX", partition, "this partition's only; its first 8 digits");
  flags.Integer("--recent", "N", recent, 0, 500, "requests that finished before, shown first");
  flags.Switch("--no-follow", no_follow, "show the recent ones and exit");
}

int RunCommand(const TailCommand& command) {
  const auto session = Session::Open(command);
  if (!session) return kBadUsage;
  if (command.no_follow && command.recent == 0) return 0;
  const auto interrupt = Interrupt::OnSignals();
  return Tail(command, *session, *interrupt).Run();
}

}  // namespace larder
