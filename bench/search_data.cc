#include "bench/search_data.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace larder::bench {

void Fail(const std::string& message) {
  std::fprintf(stderr, "%s: %s\n", ::program_invocation_short_name, message.c_str());
  std::exit(1);
}

MappedFile::MappedFile(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status = {};
  if (file < 0 || ::fstat(file, &status) != 0) Fail(path + ": " + std::strerror(errno));
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ == 0) Fail(path + " is empty");
  data_ = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file, 0);
  if (data_ == MAP_FAILED) Fail(path + ": " + std::strerror(errno));
  ::close(file);
}

MappedFile::~MappedFile() {
  ::munmap(data_, size_);
}

void MappedFile::Touch() const {
  const auto* bytes = as<volatile unsigned char>();
  for (std::size_t at = 0; at < size_; at += 4096) (void)bytes[at];
}

SearchData::SearchData(const std::string& folder)
    : base_file_(folder + "/base.f32"),
      query_file_(folder + "/queries.f32"),
      truth_file_(folder + "/truth.u32") {
  queries_ = truth_file_.size() / sizeof(std::uint32_t) / kNeighbours;
  if (queries_ > 0) dim_ = query_file_.size() / sizeof(float) / queries_;
  if (dim_ > 0) count_ = base_file_.size() / sizeof(float) / dim_;
  if (count_ < kNeighbours || base_file_.size() != count_ * dim_ * sizeof(float) ||
      query_file_.size() != queries_ * dim_ * sizeof(float) ||
      truth_file_.size() != queries_ * kNeighbours * sizeof(std::uint32_t)) {
    Fail("the files in " + folder + " do not fit together: remove the folder");
  }
  base_file_.Touch();
  query_file_.Touch();
  truth_file_.Touch();
}

}  // namespace larder::bench
