// Disk: what a file system holds in its cache and what of it is durable, replayed from a journal
// over the directory as it was before; and what is there after a power cut. Thread-safety: none.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/endurance/power_cut/journal.h"

namespace larder::power_cut {

// A change of a file's content that came after the last sync that is known to cover it.
struct Change {
  std::uint64_t when = 0;  // its place in the journal
  bool truncates = false;
  std::uint64_t offset = 0;  // of a truncation the new size
  std::string_view bytes;
};

struct Node {
  bool is_directory = false;
  // Of a file: what is durable, and what is not known to be.
  std::string content;
  std::vector<Change> changes;
  // Of a directory: what its names stand for now, and before every change of names. synced: changes
  // of its names before this place are durable.
  std::map<std::string, Node*> entries;
  std::map<std::string, Node*> old_entries;
  std::uint64_t synced = 0;
};

struct Name {
  Node* directory = nullptr;
  std::string name;
  Node* node = nullptr;  // what it stands for from now on; nullptr: nothing
};

// Names that change together.
struct NameChange {
  std::uint64_t when = 0;
  std::vector<Name> names;
  bool replaces = false;  // a rename over a file
};

class Disk {
 public:
  // Reads the directory `base`, all of it durable; one that is missing is empty.
  explicit Disk(const std::string& base);
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  // Carries out a journal, which must live on. A torn record at its end was not carried out. With
  // `ignore_syncs` nothing becomes durable.
  void Replay(std::string_view journal, bool ignore_syncs);

  Node& root() { return *root_; }
  std::vector<NameChange>& name_changes() { return name_changes_; }
  // Everything before this place was in the cache when the last sync of anything began that ended.
  std::uint64_t last_synced() const { return last_synced_; }
  std::uint64_t end() const { return end_; }

 private:
  Node* New(bool is_directory);
  void Read(const std::string& path, Node& into);
  void Carry(const Record& record, std::string_view first, std::string_view second,
             std::string_view bytes, bool ignore_syncs);
  void Open(const Record& record, std::string_view path);
  void EndSync(std::uint64_t number, Node& node);
  Node* Find(std::string_view path);
  // The directory of `path`, and the name in it.
  Name Place(std::string_view path);
  void Rename(std::string_view from, std::string_view to, bool keeps_old);
  void Change(std::vector<Name> names, bool replaces = false);

  std::vector<std::unique_ptr<Node>> nodes_;
  Node* root_;
  std::vector<NameChange> name_changes_;
  std::unordered_map<std::uint32_t, Node*> handles_;
  std::unordered_map<std::uint64_t, std::uint64_t> sync_begins_;
  std::uint64_t now_ = 0;
  std::uint64_t last_synced_ = 0;
  std::uint64_t end_ = 0;
};

// Applies the changes from `first` up to `last` to `content`.
void ApplyChange(const Change& change, std::string& content);

}  // namespace larder::power_cut
