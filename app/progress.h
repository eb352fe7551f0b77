// Progress: how far long work has come, on stderr. A terminal gets one line that is drawn anew,
// with a bar where the end is known; anything else gets a plain line every few seconds.
// Thread-safety: RenderProgress is pure; a Progress is one thread's at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "base/clock.h"

namespace larder {

struct ProgressState {
  double done = 0;
  std::optional<double> total;  // absent: the end is not known
  std::int64_t count = 0;       // of `unit`, also what the rate is of
  std::string unit;             // "texts"
  std::string note;             // shown last: "12 from the cache"
  std::chrono::duration<double> elapsed{0};
  // Of what was done before this run, so that it counts for neither rate nor time left.
  double done_before = 0;
  std::int64_t count_before = 0;
};

// One line without a line end, at most `width` columns: "[=====>    ]  42 %  4,200 texts  840/s
// 7 s left  12 from the cache". Without a total there is neither bar nor time left; a narrow
// terminal loses the bar first, then the end of the line.
std::string RenderProgress(const ProgressState& state, int width);

class Progress {
 public:
  struct Options {
    std::FILE* out = stderr;
    bool terminal = false;
    int width = 80;
    std::chrono::milliseconds redraw{100};     // at most so often on a terminal
    std::chrono::milliseconds between{5'000};  // plain lines
  };
  // For stderr as it is.
  static Options ForStderr();

  // `clock` outlives it.
  Progress(Options options, const Clock& clock);
  ~Progress() { Clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Shows `state` if it is time to; `elapsed` is filled in here.
  void Update(ProgressState state);
  // Takes the line off the terminal, so that something else can be printed.
  void Clear();
  std::chrono::duration<double> elapsed() const { return clock_.Monotonic() - begun_; }

 private:
  const Options options_;
  const Clock& clock_;
  const MonoTime begun_;
  MonoTime next_;
  bool drawn_ = false;
};

}  // namespace larder
