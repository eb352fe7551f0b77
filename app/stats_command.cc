#include "app/stats_command.h"

#include <unistd.h>

#include <iostream>

#include "app/client.h"
#include "app/stats_screen.h"
#include "app/terminal.h"

namespace larder {
namespace {

constexpr std::chrono::seconds kWatchEvery{2};

Result<std::string> Ask(const StatsCommand& command, const Session& session, Interrupt* interrupt) {
  ClientRequest request =
      session.Request("GET", "stats" + QueryOf({{"window", command.window},
                                                {"model", command.model},
                                                {"partition", command.partition},
                                                {"route", command.route}}));
  request.interrupt = interrupt;
  LARDER_ASSIGN_OR_RETURN(const ClientReply reply, CallServer(session.server, request));
  if (reply.status != 200) return InvalidArgument(AdminProblem(reply));
  return reply.body;
}

Result<std::string> Screen(const std::string& body) {
  const auto document = JsonDocument::Parse(body);
  if (!document.ok() || !document->root().is_object()) {
    return InvalidArgument("the server's answer is not JSON: is it a larder?");
  }
  return RenderStatsScreen(document->root(), WantsColour(STDOUT_FILENO));
}

// A new screen every two seconds, JSON a line each, until Ctrl-C.
int Watch(const StatsCommand& command, const Session& session) {
  const auto interrupt = Interrupt::OnSignals();
  const bool terminal = IsTerminal(STDOUT_FILENO);
  while (true) {
    const auto body = Ask(command, session, interrupt.get());
    if (!body.ok()) {
      if (body.error().code == ErrorCode::kCancelled) return kInterruptedStatus;
      return Fail(body.error());
    }
    if (command.json) {
      std::cout << *body << std::endl;
    } else {
      const auto screen = Screen(*body);
      if (!screen.ok()) return Fail(screen.error());
      // Home, the screen, then whatever an earlier one left below.
      std::cout << (terminal ? "\x1b[H\x1b[2J" : "") << *screen << std::flush;
      if (!terminal) std::cout << std::endl;
    }
    if (!std::cout) return 1;  // the reader of a pipe went away
    if (interrupt->WaitUntil(std::chrono::steady_clock::now() + kWatchEvery)) {
      return kInterruptedStatus;
    }
  }
}

}  // namespace

void StatsCommand::Declare(FlagTable& flags) {
  DeclareClient(flags, "print the server's JSON");
  flags.Text("--window", "TIME", window,
             "the last 15m, 1h, 24h, 7d, ... (default: since the server's start)");
  flags.Text("--model", "NAME", model, "this model's only");
  flags.Text("--partition", "HEX", partition,
             "this partition's only; its first 8 digits are enough");
  flags.Text("--route", "NAME", route, "this route's only: embeddings, chat, responses, ...");
  flags.Switch("--watch", watch, "again every 2 seconds, until Ctrl-C");
}

int RunCommand(const StatsCommand& command) {
  const auto session = Session::Open(command);
  if (!session) return kBadUsage;
  if (command.watch) return Watch(command, *session);
  const auto body = Ask(command, *session, nullptr);
  if (!body.ok()) return Fail(body.error());
  if (command.json) {
    std::cout << *body << "\n";
    return 0;
  }
  const auto screen = Screen(*body);
  if (!screen.ok()) return Fail(screen.error());
  std::cout << *screen;
  return 0;
}

}  // namespace larder
