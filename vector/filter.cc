#include "vector/filter.h"

#include <algorithm>

namespace larder {
namespace {

bool SatisfiesOne(const MetadataValue& value, Filter::Op op, const MetadataValue& operand) {
  if (value.index() != operand.index()) return false;
  switch (op) {
    case Filter::Op::kEq:
    case Filter::Op::kIn:
      return value == operand;
    case Filter::Op::kLt:
      return value < operand;
    case Filter::Op::kLte:
      return value <= operand;
    case Filter::Op::kGt:
      return value > operand;
    case Filter::Op::kGte:
      return value >= operand;
    default:
      return false;
  }
}

}  // namespace

bool Satisfies(const MetadataValue& value, Filter::Op op,
               const std::vector<MetadataValue>& operands) {
  return std::any_of(operands.begin(), operands.end(), [&](const MetadataValue& operand) {
    return SatisfiesOne(value, op, operand);
  });
}

Filter Filter::And(std::vector<Filter> parts) {
  Filter filter;
  filter.op_ = Op::kAnd;
  filter.parts_ = std::move(parts);
  return filter;
}

Filter Filter::Or(std::vector<Filter> parts) {
  Filter filter;
  filter.op_ = Op::kOr;
  filter.parts_ = std::move(parts);
  return filter;
}

Filter Filter::Compare(Op op, std::string path, std::vector<MetadataValue> operands) {
  Filter filter;
  filter.op_ = op;
  filter.path_ = std::move(path);
  filter.operands_ = std::move(operands);
  return filter;
}

bool Filter::Matches(const Metadata& metadata) const {
  const auto matches = [&](const Filter& part) { return part.Matches(metadata); };
  const auto any_value = [&](Op op) {
    const auto field =
        std::find_if(metadata.begin(), metadata.end(),
                     [this](const MetadataField& candidate) { return candidate.path == path_; });
    return field != metadata.end() &&
           std::any_of(field->values.begin(), field->values.end(),
                       [&](const MetadataValue& value) { return Satisfies(value, op, operands_); });
  };
  switch (op_) {
    case Op::kAnd:
      return std::all_of(parts_.begin(), parts_.end(), matches);
    case Op::kOr:
      return std::any_of(parts_.begin(), parts_.end(), matches);
    case Op::kNe:
      return !any_value(Op::kEq);
    case Op::kNin:
      return !any_value(Op::kIn);
    default:
      return any_value(op_);
  }
}

}  // namespace larder
