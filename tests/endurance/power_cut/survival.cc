#include "tests/endurance/power_cut/survival.h"

#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <utility>

namespace larder::power_cut {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kSector = 512;
constexpr double kTorn = 0.1;  // of the pages that were written more than once, or in part

class Survival {
 public:
  Survival(Disk& disk, Model model, std::uint64_t seed, double chance)
      : disk_(disk), model_(model), random_(seed), chance_(chance) {}

  void Run() {
    ChooseNames();
    std::set<Node*> seen;
    Visit(disk_.root(), seen);
  }

 private:
  std::uint64_t Below(std::uint64_t count) {
    return std::uniform_int_distribution<std::uint64_t>(0, count - 1)(random_);
  }
  bool Happens(double chance) { return std::bernoulli_distribution(chance)(random_); }
  // From 0, none, to `count`, all.
  std::size_t HowMany(std::size_t count) {
    if (chance_ == 0) return 0;
    if (chance_ == 1) return count;
    return Below(count + 1);
  }

  void ChooseNames() {
    auto& changes = disk_.name_changes();
    std::vector<bool> stays(changes.size(), false);
    if (model_ == Model::kExt4) {
      const std::uint64_t open = disk_.end() - disk_.last_synced();
      const std::uint64_t until = disk_.last_synced() + HowMany(open);
      for (std::size_t i = 0; i < changes.size(); ++i) stays[i] = changes[i].when < until;
    } else {
      ChooseNamesStrictly(changes, stays);
    }
    for (std::size_t i = 0; i < changes.size(); ++i) {
      for (const Name& name : changes[i].names) {
        auto& entries = name.directory->old_entries;
        if (!stays[i]) continue;
        if (name.node == nullptr) {
          entries.erase(name.name);
        } else {
          entries[name.name] = name.node;
        }
        // ext4 writes the content out before it lets the name go over to it.
        if (name.node != nullptr && changes[i].replaces && model_ == Model::kExt4) {
          MakeDurable(*name.node, changes[i].when);
        }
      }
    }
  }

  // A name's changes stay in order: one stays only where those before it do.
  void ChooseNamesStrictly(const std::vector<NameChange>& changes, std::vector<bool>& stays) {
    using Key = std::pair<Node*, std::string>;
    const auto keys_of = [](const NameChange& change) {
      std::vector<Key> keys;
      for (const Name& name : change.names) keys.emplace_back(name.directory, name.name);
      return keys;
    };
    std::set<Key> needed;
    for (std::size_t i = changes.size(); i-- > 0;) {
      const auto keys = keys_of(changes[i]);
      const bool synced =
          std::all_of(changes[i].names.begin(), changes[i].names.end(),
                      [&](const Name& name) { return changes[i].when < name.directory->synced; });
      const bool is_needed = std::any_of(keys.begin(), keys.end(),
                                         [&](const Key& key) { return needed.contains(key); });
      if (!synced && !is_needed) continue;
      stays[i] = true;
      needed.insert(keys.begin(), keys.end());
    }
    std::set<Key> gone;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (stays[i]) continue;
      const auto keys = keys_of(changes[i]);
      const bool follows_one_gone =
          std::any_of(keys.begin(), keys.end(), [&](const Key& key) { return gone.contains(key); });
      if (!follows_one_gone && Happens(chance_)) {
        stays[i] = true;
      } else {
        gone.insert(keys.begin(), keys.end());
      }
    }
  }

  static void MakeDurable(Node& node, std::uint64_t until) {
    const auto rest = std::find_if(node.changes.begin(), node.changes.end(),
                                   [&](const Change& change) { return change.when > until; });
    std::for_each(node.changes.begin(), rest,
                  [&](const Change& change) { ApplyChange(change, node.content); });
    node.changes.erase(node.changes.begin(), rest);
  }

  void Visit(Node& node, std::set<Node*>& seen) {
    if (!seen.insert(&node).second) return;
    if (!node.is_directory) {
      ChooseContent(node);
      return;
    }
    node.entries = node.old_entries;
    for (const auto& [name, below] : node.entries) Visit(*below, seen);
  }

  // Truncations stay in order, and writes stay between those around them.
  void ChooseContent(Node& node) {
    std::vector<const Change*> writes;
    for (const Change& change : node.changes) {
      if (!change.truncates) {
        writes.push_back(&change);
        continue;
      }
      ChooseWrites(writes, node.content);
      writes.clear();
      if (!Happens(chance_)) break;
      ApplyChange(change, node.content);
    }
    ChooseWrites(writes, node.content);
    node.changes.clear();
  }

  void ChooseWrites(const std::vector<const Change*>& writes, std::string& content) {
    if (writes.empty()) return;
    const std::uint64_t old_size = content.size();
    // The size is that after some of them.
    const std::size_t sized = HowMany(writes.size());
    std::uint64_t size = old_size;
    for (std::size_t i = 0; i < sized; ++i) {
      size = std::max<std::uint64_t>(size, writes[i]->offset + writes[i]->bytes.size());
    }
    std::map<std::uint64_t, std::vector<std::size_t>> pages;  // those that wrote to each
    for (std::size_t i = 0; i < writes.size(); ++i) {
      const std::uint64_t end = writes[i]->offset + writes[i]->bytes.size();
      for (std::uint64_t page = writes[i]->offset / kPage; page * kPage < end; ++page) {
        pages[page].push_back(i);
      }
    }
    std::string whole = content;
    whole.resize(size);
    for (const auto& [page, writers] : pages) {
      if (page * kPage >= size) continue;
      std::size_t count = HowMany(writers.size());
      if (model_ == Model::kExt4 && (page + 1) * kPage > old_size) {
        const auto sizing = std::lower_bound(writers.begin(), writers.end(), sized);
        count = std::max(count, static_cast<std::size_t>(sizing - writers.begin()));
      }
      std::string text = PageAfter(content, writes, writers, page, count);
      if (model_ == Model::kStrict && chance_ > 0 && chance_ < 1 && Happens(kTorn)) {
        const std::string other =
            PageAfter(content, writes, writers, page, HowMany(writers.size()));
        for (std::uint64_t at = 0; at < kPage; at += kSector) {
          if (Happens(0.5)) text.replace(at, kSector, other, at, kSector);
        }
      }
      const std::uint64_t fits = std::min(kPage, size - page * kPage);
      whole.replace(page * kPage, fits, text, 0, fits);
    }
    content = std::move(whole);
  }

  // A whole page after the first `count` of its `writers`.
  static std::string PageAfter(const std::string& content, const std::vector<const Change*>& writes,
                               const std::vector<std::size_t>& writers, std::uint64_t page,
                               std::size_t count) {
    const std::uint64_t begin = page * kPage;
    std::string text = begin < content.size() ? content.substr(begin, kPage) : "";
    text.resize(kPage);
    for (std::size_t i = 0; i < count; ++i) {
      const Change& write = *writes[writers[i]];
      const std::uint64_t from = std::max(begin, write.offset);
      const std::uint64_t to = std::min(begin + kPage, write.offset + write.bytes.size());
      text.replace(from - begin, to - from, write.bytes, from - write.offset, to - from);
    }
    return text;
  }

  Disk& disk_;
  const Model model_;
  std::mt19937_64 random_;
  const double chance_;
};

}  // namespace

void CutPower(Disk& disk, Model model, std::uint64_t seed, double chance) {
  Survival(disk, model, seed, chance).Run();
}

void CutPower(Disk& disk, Model model, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const double some = std::uniform_real_distribution<double>(0.05, 0.95)(random);
  const std::array chances = {0.0, 1.0, some, some};
  CutPower(disk, model, seed, chances[random() % chances.size()]);
}

}  // namespace larder::power_cut
