#include "app/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "app/human.h"
#include "app/terminal.h"

namespace larder {
namespace {

constexpr int kBarWidth = 24;
constexpr int kNarrow = 60;  // columns below which there is no bar

std::string Bar(double part) {
  const int filled = static_cast<int>(part * kBarWidth);
  std::string bar(static_cast<std::size_t>(kBarWidth), ' ');
  for (int at = 0; at < filled; ++at) bar[static_cast<std::size_t>(at)] = '=';
  if (filled < kBarWidth) bar[static_cast<std::size_t>(filled)] = '>';
  return "[" + bar + "]";
}

// The first `width` columns, UTF-8 characters kept whole.
std::string Cut(const std::string& line, int width) {
  int columns = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if ((static_cast<unsigned char>(line[at]) & 0xc0) == 0x80) continue;
    if (columns++ == width) return line.substr(0, at);
  }
  return line;
}

}  // namespace

std::string RenderProgress(const ProgressState& state, int width) {
  std::string line;
  const double seconds = state.elapsed.count();
  if (state.total) {
    const double part = *state.total > 0 ? std::clamp(state.done / *state.total, 0.0, 1.0) : 1;
    if (width >= kNarrow) line = Bar(part) + " ";
    char percent[8];
    std::snprintf(percent, sizeof(percent), "%3d %%", static_cast<int>(part * 100));
    line += std::string(percent) + "  ";
  }
  line += HumanCount(state.count) + " " + state.unit;
  const double rate =
      seconds > 0 ? static_cast<double>(state.count - state.count_before) / seconds : 0;
  if (rate > 0) {
    char text[32];
    std::snprintf(text, sizeof(text), rate < 10 ? "%.1f" : "%.0f", rate);
    line += "  " + (rate < 1000 ? std::string(text) : HumanCount(static_cast<long>(rate))) + "/s";
  }
  const double fresh = state.done - state.done_before;
  if (state.total && fresh > 0 && seconds > 0 && *state.total > state.done) {
    const double left = (*state.total - state.done) * seconds / fresh;
    line += "  " +
            (left < 60 ? std::to_string(static_cast<int>(std::ceil(left))) + " s"
                       : HumanDuration(std::chrono::duration<double>(left))) +
            " left";
  }
  if (!state.note.empty()) line += "  " + state.note;
  return Cut(line, width);
}

Progress::Options Progress::ForStderr() {
  Options options;
  options.terminal = IsTerminal(STDERR_FILENO);
  options.width = Columns(STDERR_FILENO);
  return options;
}

Progress::Progress(Options options, const Clock& clock)
    : options_(options),
      clock_(clock),
      begun_(clock.Monotonic()),
      next_(begun_ + (options.terminal ? options.redraw : options.between)) {}

void Progress::Update(ProgressState state) {
  const MonoTime now = clock_.Monotonic();
  if (now < next_) return;
  next_ = now + (options_.terminal ? options_.redraw : options_.between);
  state.elapsed = now - begun_;
  if (options_.terminal) {
    // The last column stays free: some terminals wrap there.
    std::fprintf(options_.out, "\r%s\x1b[K", RenderProgress(state, options_.width - 1).c_str());
    drawn_ = true;
  } else {
    std::fprintf(options_.out, "%s\n", RenderProgress(state, 200).c_str());
  }
  std::fflush(options_.out);
}

void Progress::Clear() {
  if (!drawn_) return;
  std::fprintf(options_.out, "\r\x1b[K");
  std::fflush(options_.out);
  drawn_ = false;
}

}  // namespace larder
