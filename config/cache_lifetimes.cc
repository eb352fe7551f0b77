#include "config/route_checks.h"
#include "config/setting_rows.h"

namespace larder {
namespace {

constexpr Setting kRows[] = {
    PlainRow<LARDER_IN(lifetimes, models)>(
        "cache.lifetimes.models",
        "Models as clients ask for them, as patterns in which * is any text; none = every model.")
        .Normalised(&NormaliseModelPattern)
        .Example(R"(["gpt-4o*"])"),
    PlainRow<LARDER_IN(lifetimes, paths)>("cache.lifetimes.paths",
                                          "Paths below /v1, as such patterns; none = every path.")
        .Normalised(&NormalisePathPattern)
        .Example(R"(["/chat/completions"])"),
    SecondsRow<LARDER_IN(lifetimes, lifetime)>("cache.lifetimes.lifetime_s", 0, kTenYears,
                                               "Freshness lifetime; 0 = never cached.")
        .Required()
        .Example("600"),
};

}  // namespace

std::span<const Setting> LifetimeRows() {
  return kRows;
}

}  // namespace larder
