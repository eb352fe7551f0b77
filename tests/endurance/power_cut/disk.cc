#include "tests/endurance/power_cut/disk.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace larder::power_cut {

namespace fs = std::filesystem;

void ApplyChange(const Change& change, std::string& content) {
  if (change.truncates) {
    content.resize(change.offset);
    return;
  }
  if (content.size() < change.offset + change.bytes.size()) {
    content.resize(change.offset + change.bytes.size());
  }
  content.replace(change.offset, change.bytes.size(), change.bytes);
}

Disk::Disk(const std::string& base) : root_(New(true)) {
  if (fs::exists(base)) Read(base, *root_);
}

Node* Disk::New(bool is_directory) {
  nodes_.push_back(std::make_unique<Node>());
  nodes_.back()->is_directory = is_directory;
  return nodes_.back().get();
}

void Disk::Read(const std::string& path, Node& into) {
  for (const auto& entry : fs::directory_iterator(path)) {
    Node* const node = New(entry.is_directory());
    into.entries[entry.path().filename()] = node;
    if (node->is_directory) {
      Read(entry.path(), *node);
      continue;
    }
    std::ifstream file(entry.path(), std::ios::binary);
    node->content.assign(std::istreambuf_iterator<char>(file), {});
    if (!file) throw std::runtime_error("cannot read " + entry.path().string());
  }
  into.old_entries = into.entries;
}

void Disk::Replay(std::string_view journal, bool ignore_syncs) {
  while (journal.size() >= sizeof(Record)) {
    Record record;
    std::memcpy(&record, journal.data(), sizeof(record));
    journal.remove_prefix(sizeof(record));
    if (journal.size() < record.first + record.second + record.size) break;
    const auto take = [&](std::uint64_t size) {
      const std::string_view taken = journal.substr(0, size);
      journal.remove_prefix(size);
      return taken;
    };
    const auto first = take(record.first);
    const auto second = take(record.second);
    ++now_;
    Carry(record, first, second, take(record.size), ignore_syncs);
  }
  end_ = now_ + 1;
}

void Disk::Carry(const Record& record, std::string_view first, std::string_view second,
                 std::string_view bytes, bool ignore_syncs) {
  switch (record.kind) {
    case Kind::kOpen:
      return Open(record, first);
    case Kind::kWrite:
      handles_.at(record.handle)->changes.push_back({now_, false, record.offset, bytes});
      return;
    case Kind::kTruncate: {
      Node* const node = record.handle == 0 ? Find(first) : handles_.at(record.handle);
      node->changes.push_back({now_, true, record.offset, {}});
      return;
    }
    case Kind::kSyncBegin:
      sync_begins_[record.offset] = now_;
      return;
    case Kind::kSyncEnd:
      if (!ignore_syncs) EndSync(record.offset, *handles_.at(record.handle));
      return;
    case Kind::kMkdir: {
      Name name = Place(first);
      name.node = New(true);
      return Change({name});
    }
    case Kind::kRename:
      return Rename(first, second, false);
    case Kind::kLink:
      return Rename(first, second, true);
    case Kind::kUnlink:
    case Kind::kRmdir:
      return Change({Place(first)});
  }
  throw std::runtime_error("the journal has a record of no kind");
}

void Disk::Open(const Record& record, std::string_view path) {
  if ((record.offset & kCreated) != 0) {
    Name name = Place(path);
    name.node = New(false);
    Change({name});
  }
  Node* const node = Find(path);
  if ((record.offset & kTruncated) != 0) node->changes.push_back({now_, true, 0, {}});
  handles_[record.handle] = node;
}

void Disk::EndSync(std::uint64_t number, Node& node) {
  const std::uint64_t begun = sync_begins_.at(number);
  last_synced_ = std::max(last_synced_, begun);
  node.synced = std::max(node.synced, begun);
  const auto durable = std::find_if(node.changes.begin(), node.changes.end(),
                                    [&](const auto& change) { return change.when > begun; });
  std::for_each(node.changes.begin(), durable,
                [&](const auto& change) { ApplyChange(change, node.content); });
  node.changes.erase(node.changes.begin(), durable);
}

Node* Disk::Find(std::string_view path) {
  Node* node = root_;
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    const auto found = node->entries.find(std::string(name));
    if (found == node->entries.end()) {
      throw std::runtime_error("the journal names a file that is not there: " + std::string(name));
    }
    node = found->second;
  }
  return node;
}

Name Disk::Place(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return {root_, std::string(path), nullptr};
  return {Find(path.substr(0, slash)), std::string(path.substr(slash + 1)), nullptr};
}

void Disk::Rename(std::string_view from, std::string_view to, bool keeps_old) {
  Name target = Place(to);
  target.node = Find(from);
  const bool replaces = target.directory->entries.contains(target.name);
  std::vector<Name> names = {target};
  if (!keeps_old) names.push_back(Place(from));
  Change(std::move(names), replaces && !keeps_old);
}

void Disk::Change(std::vector<Name> names, bool replaces) {
  for (const Name& name : names) {
    if (name.node == nullptr) {
      name.directory->entries.erase(name.name);
    } else {
      name.directory->entries[name.name] = name.node;
    }
  }
  name_changes_.push_back({now_, std::move(names), replaces});
}

}  // namespace larder::power_cut
