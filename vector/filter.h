// Filter: a condition on metadata. A tree of comparisons; how it is written in JSON is the caller's
// matter. Thread-safety: a value; const methods may run beside each other.
//
// A field with a list matches a comparison when one of its items does; $ne and $nin are the
// negations of $eq and $in, so they match where the field is absent. Values of different kinds
// (number, string, boolean) are never equal and never ordered; strings are ordered by their bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vector/metadata.h"

namespace larder {

class Filter {
 public:
  enum class Op : std::uint8_t { kAnd, kOr, kEq, kNe, kIn, kNin, kLt, kLte, kGt, kGte };

  // An empty kAnd matches everything, an empty kOr nothing.
  static Filter And(std::vector<Filter> parts);
  static Filter Or(std::vector<Filter> parts);
  // `op` is none of kAnd, kOr. All but kIn and kNin take exactly one operand.
  static Filter Compare(Op op, std::string path, std::vector<MetadataValue> operands);

  Op op() const { return op_; }
  const std::string& path() const { return path_; }                         // of a comparison
  const std::vector<MetadataValue>& operands() const { return operands_; }  // of a comparison
  const std::vector<Filter>& parts() const { return parts_; }               // of kAnd and kOr

  // What an index computes faster: the meaning, one point at a time.
  bool Matches(const Metadata& metadata) const;

 private:
  Op op_ = Op::kAnd;
  std::string path_;
  std::vector<MetadataValue> operands_;
  std::vector<Filter> parts_;
};

// Whether one value satisfies a comparison that is not negated: kEq, kIn, kLt, kLte, kGt, kGte.
bool Satisfies(const MetadataValue& value, Filter::Op op,
               const std::vector<MetadataValue>& operands);

}  // namespace larder
