#include "app/npy.h"

#include <charconv>
#include <cstring>
#include <optional>

#include "base/bytes.h"

namespace larder {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

Error NotRead(const std::string& why) {
  return InvalidArgument("not a .npy file that can be read: " + why);
}

// What stands behind `'key':`, without white space before it.
std::optional<std::string_view> ValueOf(std::string_view text, std::string_view key) {
  const std::size_t at = text.find("'" + std::string(key) + "':");
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view value = text.substr(at + key.size() + 3);
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  return value;
}

// "(3, 4)", "(3,)". nullopt for anything else, 0 numbers or more than two.
std::optional<std::vector<std::uint64_t>> TupleOf(std::string_view text) {
  const std::size_t end = text.find(')');
  if (!text.starts_with('(') || end == std::string_view::npos) return std::nullopt;
  text = text.substr(1, end - 1);
  std::vector<std::uint64_t> numbers;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) break;
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || numbers.size() == 2) return std::nullopt;
    numbers.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    if (text.empty()) break;
    if (!text.starts_with(',')) return std::nullopt;
    text.remove_prefix(1);
  }
  if (numbers.empty()) return std::nullopt;
  return numbers;
}

}  // namespace

std::string RenderNpyHeader(std::uint64_t rows, std::uint64_t columns) {
  std::string header(kMagic);
  header += {1, 0};
  constexpr std::size_t kDictionary = kNpyHeaderBytes - 10;
  ByteWriter(header).Fixed(static_cast<std::uint16_t>(kDictionary));
  header += "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " +
            std::to_string(columns) + "), }";
  header.resize(kNpyHeaderBytes - 1, ' ');
  header.push_back('\n');
  return header;
}

Result<NpyShape> ParseNpyDictionary(std::string_view text) {
  const auto type = ValueOf(text, "descr");
  const auto order = ValueOf(text, "fortran_order");
  const auto shape = ValueOf(text, "shape");
  if (!type || !order || !shape) return NotRead("its header lacks descr, fortran_order or shape");
  NpyShape parsed;
  if (type->starts_with("'<f4'")) {
    parsed.element_bytes = 4;
  } else if (type->starts_with("'<f8'")) {
    parsed.element_bytes = 8;
  } else {
    return NotRead("its numbers are not float32 or float64; convert with array.astype('<f4')");
  }
  if (!order->starts_with("False")) {
    return NotRead("it is in Fortran order; convert with numpy.ascontiguousarray(array)");
  }
  const auto sizes = TupleOf(*shape);
  if (!sizes)
    return NotRead("it has not one row for each vector; its shape must be (n, dimensions)");
  parsed.rows = (*sizes)[0];
  parsed.columns = sizes->size() == 2 ? (*sizes)[1] : 1;
  if (parsed.columns == 0 || parsed.columns > NpyReader::kMaxColumns) {
    return NotRead("its rows must have 1 to 65536 numbers");
  }
  return parsed;
}

Result<std::unique_ptr<NpyReader>> NpyReader::Open(std::unique_ptr<ByteInput> input) {
  std::unique_ptr<NpyReader> reader(new NpyReader(std::move(input)));
  LARDER_RETURN_IF_ERROR(reader->ReadHeader());
  return reader;
}

Status NpyReader::ReadHeader() {
  LARDER_ASSIGN_OR_RETURN(const bool fixed, Need(12));
  if (!fixed || !buffer_.starts_with(kMagic)) return NotRead("it does not begin as one");
  const char version = buffer_[6];
  if (version != 1 && version != 2) return NotRead("its version is neither 1 nor 2");
  ByteReader sizes(std::string_view(buffer_).substr(8));
  const std::size_t size =
      version == 1 ? sizes.Fixed<std::uint16_t>() : sizes.Fixed<std::uint32_t>();
  constexpr std::size_t kMostDictionary = 64UL * 1024;
  if (size > kMostDictionary) return NotRead("its header is too long");
  position_ = version == 1 ? 10 : 12;
  LARDER_ASSIGN_OR_RETURN(const bool whole, Need(size));
  if (!whole) return NotRead("it ends inside its header");
  LARDER_ASSIGN_OR_RETURN(shape_,
                          ParseNpyDictionary(std::string_view(buffer_).substr(position_, size)));
  position_ += size;
  return {};
}

Result<bool> NpyReader::Need(std::size_t size) {
  if (buffer_.size() - position_ >= size) return true;
  buffer_.erase(0, position_);
  position_ = 0;
  while (buffer_.size() < size) {
    LARDER_ASSIGN_OR_RETURN(const bool more, input_->Read(buffer_));
    if (!more) return false;
  }
  return true;
}

Result<bool> NpyReader::Next(std::vector<float>& row) {
  if (next_ == shape_.rows) return false;
  const std::size_t size = shape_.columns * shape_.element_bytes;
  LARDER_ASSIGN_OR_RETURN(const bool whole, Need(size));
  if (!whole) {
    return InvalidArgument("the .npy file ends in row " + std::to_string(next_) + " of " +
                           std::to_string(shape_.rows));
  }
  row.resize(shape_.columns);
  if (shape_.element_bytes == 4) {
    std::memcpy(row.data(), buffer_.data() + position_, size);
  } else {
    for (std::size_t at = 0; at < shape_.columns; ++at) {
      double wide = 0;
      std::memcpy(&wide, buffer_.data() + position_ + at * sizeof(wide), sizeof(wide));
      row[at] = static_cast<float>(wide);
    }
  }
  position_ += size;
  ++next_;
  return true;
}

}  // namespace larder
