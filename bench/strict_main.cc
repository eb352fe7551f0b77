// bench_strict: puts each row of the table of requests to nginx and to Larder, both in front of the
// same stand-in, and prints what each did as Markdown. Exits with 1 when Larder misses the goal.

#include <cstdio>

#include "bench/arguments.h"
#include "bench/strict_probe.h"

namespace {

using larder::RequestRow;
using larder::bench::StrictProbe;
using larder::bench::Verdict;

struct Tally {
  std::size_t rows = 0;
  std::size_t right = 0;
  std::size_t wrong_at_high_risk = 0;
  std::size_t smuggled = 0;

  void Add(const RequestRow& row, const Verdict& verdict) {
    ++rows;
    right += verdict.right;
    wrong_at_high_risk += row.high_risk && !verdict.right;
    smuggled += verdict.smuggled;
  }
  void Print(const char* name) const {
    std::printf("| %s | %zu of %zu (%.1f %%) | %zu | %zu |\n", name, right, rows,
                100.0 * static_cast<double>(right) / static_cast<double>(rows), wrong_at_high_risk,
                smuggled);
  }
};

std::string Right(const RequestRow& row) {
  std::string text;
  for (const int status : row.right) {
    text += (text.empty() ? "" : ", ") +
            (status == larder::kServed ? std::string("served") : std::to_string(status));
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  auto arguments = larder::bench::ReadArguments(
      argc, argv, {{"--nginx", 0}, {"--larder", 0}, {"--provider", 0}});
  const auto port = [&](const char* name) { return static_cast<std::uint16_t>(arguments[name]); };
  StrictProbe nginx(port("--nginx"), port("--provider"));
  StrictProbe larder(port("--larder"), port("--provider"));
  Tally of_nginx;
  Tally of_larder;
  std::printf("| request | right | high risk | nginx | Larder |\n|---|---|---|---|---|\n");
  for (const RequestRow& row : larder::RequestRows()) {
    const Verdict theirs = nginx.Judge(row);
    const Verdict ours = larder.Judge(row);
    of_nginx.Add(row, theirs);
    of_larder.Add(row, ours);
    std::printf("| %s | %s | %s | %s | %s |\n", row.name.c_str(), Right(row).c_str(),
                row.high_risk ? "yes" : "", theirs.what.c_str(), ours.what.c_str());
    std::fflush(stdout);
  }
  std::printf(
      "\n| server | right | wrong at high risk | smuggled |\n"
      "|---|---|---|---|\n");
  of_nginx.Print("nginx");
  of_larder.Print("Larder");
  const bool reached = of_larder.right * 100 >= of_larder.rows * 98 &&
                       of_larder.wrong_at_high_risk == 0 && of_larder.smuggled == 0;
  return reached ? 0 : 1;
}
