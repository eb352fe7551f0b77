// power_cut: makes the directory that a power cut leaves.
//   power_cut BASE JOURNAL OUT strict|ext4 SEED [ignore-syncs]
// BASE: the directory before the recorded run; JOURNAL: what the recorder wrote; OUT: made by it.
// ignore-syncs: as if no sync had ever been carried out; for tests of the tests.
// Prints a line of JSON that says what the journal held.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "tests/endurance/power_cut/survival.h"

namespace larder::power_cut {
namespace {

namespace fs = std::filesystem;

void Write(const Node& directory, const fs::path& path) {
  fs::create_directory(path);
  fs::permissions(path, fs::perms::owner_all);
  for (const auto& [name, node] : directory.entries) {
    if (node->is_directory) {
      Write(*node, path / name);
      continue;
    }
    std::ofstream file(path / name, std::ios::binary);
    file.write(node->content.data(), static_cast<std::streamsize>(node->content.size()));
    file.close();
    if (!file) throw std::runtime_error("cannot write " + (path / name).string());
    fs::permissions(path / name, fs::perms::owner_read | fs::perms::owner_write);
  }
}

int Run(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: power_cut BASE JOURNAL OUT strict|ext4 SEED [ignore-syncs]\n");
    return 2;
  }
  const bool ignore_syncs = argc > 6 && std::string_view(argv[6]) == "ignore-syncs";
  const Model model = std::string_view(argv[4]) == "ext4" ? Model::kExt4 : Model::kStrict;
  Disk disk(argv[1]);
  std::ifstream file(argv[2], std::ios::binary);
  const std::string journal{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw std::runtime_error(std::string("cannot read ") + argv[2]);
  disk.Replay(journal, ignore_syncs);
  std::printf("{\"records\":%llu,\"bytes\":%zu,\"names\":%zu}\n",
              static_cast<unsigned long long>(disk.end()), journal.size(),
              disk.name_changes().size());
  CutPower(disk, model, std::strtoull(argv[5], nullptr, 10));
  Write(disk.root(), argv[3]);
  return 0;
}

}  // namespace
}  // namespace larder::power_cut

int main(int argc, char** argv) {
  try {
    return larder::power_cut::Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "power_cut: %s\n", error.what());
    return 1;
  }
}
