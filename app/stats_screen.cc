#include "app/stats_screen.h"

#include <algorithm>
#include <vector>

#include "app/human.h"
#include "app/json_text.h"
#include "app/terminal.h"

namespace larder {
namespace {

std::int64_t Count(JsonElement object, std::string_view name) {
  return IntMember(object, name).value_or(0);
}

class Screen {
 public:
  Screen(JsonElement root, bool colour) : root_(root), colour_(colour) {}

  void Heading() {
    const auto uptime = std::chrono::duration<double>(NumberMember(root_, "uptime_s").value_or(0));
    const std::int64_t window = Count(root_, "window_s");
    out_ += Coloured("larder " + TextOf(root_, "version"), Colour::kBold, colour_) + "  upstream " +
            TextOf(root_, "upstream");
    if (BoolMember(root_, "builtin").value_or(false)) {
      out_ += Coloured(" (a stand-in, no model)", Colour::kYellow, colour_);
    }
    out_ += "  up " + HumanDuration(uptime) + "  figures of ";
    out_ += window > 0 ? "the last " + HumanDuration(std::chrono::seconds(window))
                       : std::string("all the time since the start");
    out_ += "\n";
  }

  void Layers() {
    if (const auto layer = Member(root_, "embeddings")) {
      Line("embeddings", Rate(*layer, "inputs", "inputs", "input_hits"));
    }
    if (const auto layer = Member(root_, "responses")) {
      std::string text = Rate(*layer, "requests", "requests", "hits");
      for (const char* outcome : {"stale", "bypass"}) {
        if (const auto n = Count(*layer, outcome); n > 0) {
          text += ", " + HumanCount(n) + " " + outcome;
        }
      }
      Line("responses", text);
    }
    if (const auto all = Member(root_, "requests")) {
      std::string text = HumanCount(Count(*all, "total"));
      const std::int64_t collapsed = Count(*all, "collapsed");
      if (collapsed > 0) text += ", " + HumanCount(collapsed) + " collapsed";
      const std::int64_t failed = Count(*all, "errors_5xx");
      const std::string errors =
          HumanCount(Count(*all, "errors_4xx")) + " answered 4xx, " + HumanCount(failed) + " 5xx";
      Line("requests", text + ", " + Coloured(errors, Colour::kRed, colour_ && failed > 0));
    }
  }

  void Savings() {
    if (const auto tokens = Member(root_, "tokens")) {
      const std::int64_t billed = Count(*tokens, "billed");
      const std::int64_t saved = Count(*tokens, "saved");
      Line("tokens", HumanCount(billed) + " billed, " + HumanCount(saved) + " saved" +
                         Share(saved, billed + saved));
    }
    if (const auto money = Member(root_, "money")) {
      const std::string currency = TextOf(*money, "currency");
      const double spent = NumberMember(*money, "spent").value_or(0);
      const double saved = NumberMember(*money, "saved").value_or(0);
      std::string text =
          HumanMoney(spent, currency) + " spent, " +
          Coloured(HumanMoney(saved, currency) + " saved", Colour::kGreen, colour_ && saved > 0);
      if (const auto unpriced = Count(*money, "unpriced_tokens"); unpriced > 0) {
        text += "; " + Counted(unpriced, "token", "tokens") + " of models without a price";
        if (const std::string names = ListOf(*money, "unpriced_models"); !names.empty()) {
          text += " (" + names + ")";
        }
      }
      Line("money", text);
    }
    if (const auto saved = NumberMember(root_, "time_saved_s")) {
      Line("time saved", HumanDuration(std::chrono::duration<double>(*saved)));
    }
  }

  void Misses() {
    const auto reasons = Member(root_, "miss_reasons");
    if (!reasons) return;
    std::string text = Ranked(*reasons);
    if (const auto fields = Member(root_, "changed_fields")) {
      if (const std::string ranked = Ranked(*fields); !ranked.empty()) {
        text += "; what changed: " + ranked;
      }
    }
    if (const auto details = Member(root_, "bypass_details")) {
      if (const std::string ranked = Ranked(*details); !ranked.empty()) {
        text += "; bypass: " + ranked;
      }
    }
    Line("no hit", text.empty() ? "none" : text);
  }

  void Latency() {
    const auto latency = Member(root_, "latency_ms");
    if (!latency) return;
    bool first = true;
    for (const char* name : {"hit", "miss", "upstream", "overhead"}) {
      const auto of = Member(*latency, name);
      if (!of || Count(*of, "count") == 0) continue;
      const auto at = [&](const char* part) {
        return HumanMillis(NumberMember(*of, part).value_or(0));
      };
      std::string label(name);
      label.resize(9, ' ');
      Line(first ? "latency" : "", label + "p50 " + at("p50") + "  p95 " + at("p95") + "  p99 " +
                                       at("p99") + "  of " + HumanCount(Count(*of, "count")));
      first = false;
    }
  }

  void Room() {
    const auto disk = Member(root_, "disk");
    // A server that has not looked yet tells zeros.
    if (disk && NumberMember(*disk, "free_bytes").value_or(0) > 0) {
      const auto bytes = [&](const char* name) { return NumberMember(*disk, name).value_or(0); };
      std::string text = HumanBytes(bytes("used_bytes"));
      if (bytes("limit_bytes") > 0) text += " of " + HumanBytes(bytes("limit_bytes"));
      text += ", " + HumanBytes(bytes("free_bytes")) + " free";
      if (const auto evicted = Count(*disk, "evicted_entries"); evicted > 0) {
        text += ", " + Counted(evicted, "entry", "entries") + " evicted";
      }
      const std::string state = TextOf(*disk, "state");
      if (!state.empty() && state != "ok") {
        const std::string message = TextOf(*disk, "message");
        text += "  " + Coloured(state + (message.empty() ? "" : ": " + message),
                                state == "full" ? Colour::kRed : Colour::kYellow, colour_);
      }
      Line("disk", text);
    }
    if (const auto memory = Member(root_, "memory")) {
      std::string text;
      for (const char* name : {"embeddings", "responses"}) {
        const auto tier = Member(*memory, name);
        if (!tier) continue;
        text += text.empty() ? "" : ", ";
        text += HumanCount(Count(*tier, "entries")) + " " + name + " in " +
                HumanBytes(NumberMember(*tier, "bytes").value_or(0));
        if (const double limit = NumberMember(*tier, "limit_bytes").value_or(0); limit > 0) {
          text += " of " + HumanBytes(limit);
        }
      }
      if (!text.empty()) Line("memory", text);
    }
    if (const auto index = Member(root_, "index")) {
      Line("search", Counted(Count(*index, "vectors"), "vector", "vectors") + " in " +
                         HumanBytes(NumberMember(*index, "bytes").value_or(0)) +
                         (BoolMember(*index, "ready").value_or(true) ? "" : ", still loading"));
    }
  }

  void Models(int most) {
    const auto rows = Member(root_, "by_model");
    JsonArray models;
    if (!rows || rows->get(models) != simdjson::SUCCESS || models.size() == 0) return;
    const auto money = Member(root_, "money");
    const std::string currency = money ? TextOf(*money, "currency") : "USD";
    char line[200];
    std::snprintf(line, sizeof(line), "\n%-32s %12s %9s %14s %14s %12s\n", "model", "requests",
                  "hits", "billed", "saved", "money saved");
    out_ += Coloured(line, Colour::kBold, colour_);
    for (const JsonElement model : models) {
      if (most-- == 0) break;
      std::string name = TextOf(model, "name");
      if (name.empty()) name = "(no model)";
      const std::int64_t requests = Count(model, "requests");
      const bool priced = BoolMember(model, "priced").value_or(false);
      std::snprintf(
          line, sizeof(line), "%-32.60s %12s %9s %14s %14s %12s\n", name.c_str(),
          HumanCount(requests).c_str(),
          HumanPercent(static_cast<double>(Count(model, "hits")), static_cast<double>(requests))
              .c_str(),
          HumanCount(Count(model, "tokens_billed")).c_str(),
          HumanCount(Count(model, "tokens_saved")).c_str(),
          priced ? HumanMoney(NumberMember(model, "saved").value_or(0), currency).c_str() : "-");
      out_ += line;
    }
  }

  std::string Take() { return std::move(out_); }

 private:
  void Line(std::string label, const std::string& text) {
    label.resize(12, ' ');
    out_ += Coloured(label, Colour::kDim, colour_) + " " + text + "\n";
  }

  static std::string Share(std::int64_t part, std::int64_t whole) {
    if (whole <= 0) return {};
    return " (" + HumanPercent(static_cast<double>(part), static_cast<double>(whole)) + ")";
  }

  std::string Rate(JsonElement layer, const char* unit, const char* total, const char* hits) {
    const std::int64_t all = Count(layer, total);
    const std::int64_t found = Count(layer, hits);
    std::string share = all > 0 ? Share(found, all) : "";
    return HumanCount(all) + " " + unit + ", " + HumanCount(found) + " from the cache" +
           Coloured(share, Colour::kGreen, colour_ && found > 0);
  }

  // "cold 12, changed 4": those above 0, the largest first.
  static std::string Ranked(JsonElement counts) {
    JsonObject members;
    if (counts.get(members) != simdjson::SUCCESS) return {};
    std::vector<std::pair<std::int64_t, std::string>> ranked;
    for (const auto [name, value] : members) {
      std::int64_t count = 0;
      if (value.get(count) == simdjson::SUCCESS && count > 0) {
        ranked.emplace_back(count, Printable(name));
      }
    }
    std::stable_sort(ranked.begin(), ranked.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::string text;
    for (const auto& [count, name] : ranked) {
      text += (text.empty() ? "" : ", ") + name + " " + HumanCount(count);
    }
    return text;
  }

  const JsonElement root_;
  const bool colour_;
  std::string out_;
};

}  // namespace

std::string RenderStatsScreen(JsonElement stats, bool colour, int models) {
  Screen screen(stats, colour);
  screen.Heading();
  screen.Layers();
  screen.Savings();
  screen.Misses();
  screen.Latency();
  screen.Room();
  screen.Models(models);
  return screen.Take();
}

}  // namespace larder
