// Which files below a directory hold some bytes: what is left of a text or a vector on the disk.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace larder {

// Files whose path or content has `bytes`; of the database's compressed blocks, whatever they are
// when they are unpacked. None of a directory that there is not.
std::vector<std::string> FilesWith(const std::string& directory, std::string_view bytes);

// The bytes of some components in the middle of a vector, as float32: enough to be no other's.
std::string_view BytesOfMiddle(const std::vector<float>& vector);

}  // namespace larder
