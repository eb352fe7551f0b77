#include "proxy/access/rate_fields.h"

#include <algorithm>

#include "base/decimal.h"
#include "proxy/openai/errors.h"

namespace larder {
namespace {

using std::chrono::milliseconds;

// Calls `field` with name and value of each field, in order.
template <typename Field>
void ForEachField(const RateState& state, const Field& field) {
  std::string value;
  const auto number = [&](const char* name, const std::optional<RateState::Of>& of,
                          std::int64_t RateState::Of::*member) {
    if (!of) return;
    value.clear();
    AppendNumber((*of).*member, value);
    field(name, value);
  };
  const auto reset = [&](const char* name, const std::optional<RateState::Of>& of) {
    if (!of) return;
    value.clear();
    AppendReset(of->reset, value);
    field(name, value);
  };
  number("x-ratelimit-limit-requests", state.requests, &RateState::Of::limit);
  number("x-ratelimit-limit-tokens", state.tokens, &RateState::Of::limit);
  number("x-ratelimit-remaining-requests", state.requests, &RateState::Of::remaining);
  number("x-ratelimit-remaining-tokens", state.tokens, &RateState::Of::remaining);
  reset("x-ratelimit-reset-requests", state.requests);
  reset("x-ratelimit-reset-tokens", state.tokens);
}

bool IsRateField(std::string_view name) {
  constexpr std::string_view kPrefix = "x-ratelimit-";
  return EqualsIgnoreCase(name.substr(0, kPrefix.size()), kPrefix);
}

std::string_view UnitOf(LimitKind kind) {
  switch (kind) {
    case LimitKind::kRequestsMinute:
      return " requests in a minute";
    case LimitKind::kRequestsHour:
      return " requests in an hour";
    case LimitKind::kTokensMinute:
      return " tokens in a minute";
    case LimitKind::kTokensHour:
      return " tokens in an hour";
    case LimitKind::kBudget:
      break;
  }
  return "";
}

}  // namespace

void SetRateFields(const RateState& state, Headers& headers) {
  if (!state.requests && !state.tokens) return;
  headers.RemoveIf([](const Headers::Field& field) { return IsRateField(field.first); });
  ForEachField(state,
               [&](const char* name, const std::string& value) { headers.Add(name, value); });
}

void AppendRateFields(const RateState& state, std::string& head) {
  ForEachField(state, [&](const char* name, const std::string& value) {
    head += name;
    head += ": ";
    head += value;
    head += "\r\n";
  });
}

void AppendReset(milliseconds reset, std::string& out) {
  const std::int64_t all = std::max<std::int64_t>(reset.count(), 0);
  if (all > 0 && all < 1000) {
    AppendNumber(all, out);
    out += "ms";
    return;
  }
  const std::int64_t seconds = all / 1000;
  if (seconds >= 3600) {
    AppendNumber(seconds / 3600, out);
    out += 'h';
  }
  if (seconds >= 60) {
    AppendNumber(seconds % 3600 / 60, out);
    out += 'm';
  }
  AppendNumber(seconds % 60, out);
  if (std::int64_t part = all % 1000; part > 0) {
    out += '.';
    for (std::int64_t place = 100; part > 0; part %= place, place /= 10) {
      out += static_cast<char>('0' + part / place);
    }
  }
  out += 's';
}

std::string SentenceOf(const Admission& admission, std::string_view path) {
  std::string sentence;
  if (admission.refused_by == LimitKind::kBudget) {
    sentence = "the budget of this key is used up";
    if (admission.retry_after != milliseconds::max()) {
      sentence += "; there is a new one in ";
      AppendReset(std::chrono::ceil<std::chrono::seconds>(admission.retry_after), sentence);
    }
    return sentence + ": ask whoever runs this server for more";
  }
  sentence = "the limit of ";
  AppendNumber(admission.limit, sentence);
  sentence += UnitOf(admission.refused_by);
  sentence += " is reached for ";
  sentence += path;
  sentence += "; try again in ";
  AppendReset(admission.retry_after, sentence);
  return sentence;
}

Response RenderRefused(const Admission& admission, std::string_view path) {
  const bool budget = admission.refused_by == LimitKind::kBudget;
  Response response = RenderError(429, SentenceOf(admission, path),
                                  budget ? "insufficient_quota" : "rate_limit_error", {},
                                  budget ? "insufficient_quota" : "rate_limit_exceeded");
  const milliseconds wait = std::clamp(admission.retry_after, milliseconds(1), kLongestRetryAfter);
  response.headers.Set("retry-after", std::to_string((wait.count() + 999) / 1000));
  response.headers.Set("retry-after-ms", std::to_string(wait.count()));
  if (budget) response.headers.Set("x-should-retry", "false");
  return response;
}

}  // namespace larder
