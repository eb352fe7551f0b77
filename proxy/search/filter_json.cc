#include "proxy/search/filter_json.h"

#include <optional>

#include "proxy/search/metadata_json.h"

namespace larder {
namespace {

using Op = Filter::Op;

// Both forms' names are OpenAI's with or without a dollar sign.
std::optional<Op> OpFromName(std::string_view name) {
  constexpr std::pair<std::string_view, Op> kNames[] = {
      {"eq", Op::kEq},   {"ne", Op::kNe}, {"in", Op::kIn},   {"nin", Op::kNin}, {"lt", Op::kLt},
      {"lte", Op::kLte}, {"gt", Op::kGt}, {"gte", Op::kGte}, {"and", Op::kAnd}, {"or", Op::kOr}};
  for (const auto& [known, op] : kNames) {
    if (name == known) return op;
  }
  return std::nullopt;
}

std::string Item(const std::string& place, std::size_t i) {
  return place + "[" + std::to_string(i) + "]";
}

// One filter, from its root down; counts what is bounded.
class Parser {
 public:
  Result<Filter> ParseOwn(JsonElement element, const std::string& place, std::size_t depth) {
    JsonObject members;
    LARDER_RETURN_IF_ERROR(CheckDepth(depth, place));
    if (element.get(members) != simdjson::SUCCESS) {
      return InvalidArgument("a filter must be an object", place);
    }
    std::vector<Filter> parts;
    LARDER_RETURN_IF_ERROR(AddMembers(members, "", place, depth, parts));
    return Joined(std::move(parts));
  }

  Result<Filter> ParseOpenAi(JsonElement element, const std::string& place, std::size_t depth) {
    LARDER_RETURN_IF_ERROR(CheckDepth(depth, place));
    if (!element.is_object()) return InvalidArgument("a filter must be an object", place);
    const auto op = OpFromName(StringMember(element, "type").value_or(""));
    if (!op) {
      return InvalidArgument("type must be eq, ne, gt, gte, lt, lte, in, nin, and or or",
                             place + ".type");
    }
    if (*op == Op::kAnd || *op == Op::kOr) {
      const auto filters = Member(element, "filters");
      return Compound(*op, filters, place + ".filters", [&](JsonElement part, const auto& where) {
        return ParseOpenAi(part, where, depth + 1);
      });
    }
    const auto key = StringMember(element, "key");
    if (!key || key->empty()) {
      return InvalidArgument("key must name the attribute to compare", place + ".key");
    }
    const auto value = Member(element, "value");
    if (!value) return InvalidArgument("value must be given", place + ".value");
    return Compare(*op, std::string(*key), *value, place + ".value");
  }

 private:
  static Filter Joined(std::vector<Filter> parts) {
    return parts.size() == 1 ? std::move(parts.front()) : Filter::And(std::move(parts));
  }

  static Status CheckDepth(std::size_t depth, const std::string& place) {
    if (depth <= kMaxFilterDepth) return {};
    return InvalidArgument(
        "a filter must have at most " + std::to_string(kMaxFilterDepth) + " levels", place);
  }

  // The members of an object at `path` of the metadata, each a condition.
  Status AddMembers(JsonObject members, const std::string& path, const std::string& place,
                    std::size_t depth, std::vector<Filter>& parts) {
    bool any_operator = false;
    bool any_key = false;
    for (const auto member : members) {
      const std::string key(member.key);
      const std::string where = place + "." + key;
      if (key.empty()) return InvalidArgument("a key must not be empty", place);
      (key.front() == '$' ? any_operator : any_key) = true;
      if (!path.empty() && any_operator && any_key) {
        return InvalidArgument("an object must hold operators or keys, not both", place);
      }
      if (key.front() == '$') {
        LARDER_ASSIGN_OR_RETURN(Filter part, Operator(key, path, member.value, where, depth));
        parts.push_back(std::move(part));
        continue;
      }
      const std::string below = path.empty() ? key : path + "." + key;
      JsonObject inner;
      if (member.value.get(inner) == simdjson::SUCCESS) {
        if (inner.begin() == inner.end()) {
          return InvalidArgument("an object of operators must not be empty", where);
        }
        LARDER_RETURN_IF_ERROR(CheckDepth(depth + 1, where));
        LARDER_RETURN_IF_ERROR(AddMembers(inner, below, where, depth + 1, parts));
      } else if (member.value.is_array()) {
        return InvalidArgument("a list must be compared with by $in or $nin", where);
      } else {
        LARDER_ASSIGN_OR_RETURN(Filter part, Compare(Op::kEq, below, member.value, where));
        parts.push_back(std::move(part));
      }
    }
    return {};
  }

  Result<Filter> Operator(const std::string& name, const std::string& path, JsonElement value,
                          const std::string& place, std::size_t depth) {
    const auto op = OpFromName(std::string_view(name).substr(1));
    if (!op) {
      return InvalidArgument(
          "there is no such operator; there are $eq, $ne, $in, $nin, $lt, $lte, $gt, $gte, $and "
          "and $or",
          place);
    }
    const bool joins = *op == Op::kAnd || *op == Op::kOr;
    if (joins != path.empty()) {
      return InvalidArgument(joins ? "$and and $or must stand beside keys, not below one"
                                   : "an operator must stand below a key",
                             place);
    }
    if (!joins) return Compare(*op, path, value, place);
    return Compound(*op, value, place, [&](JsonElement part, const auto& where) -> Result<Filter> {
      JsonObject members;
      if (part.get(members) == simdjson::SUCCESS && members.begin() == members.end()) {
        return InvalidArgument("a filter within a filter must not be empty", where);
      }
      return ParseOwn(part, where, depth + 1);
    });
  }

  template <typename ParsePart>
  Result<Filter> Compound(Op op, std::optional<JsonElement> list, const std::string& place,
                          const ParsePart& parse_part) {
    JsonArray items;
    if (!list || list->get(items) != simdjson::SUCCESS || items.begin() == items.end()) {
      return InvalidArgument("there must be a list of at least one filter", place);
    }
    std::vector<Filter> parts;
    for (const JsonElement item : items) {
      LARDER_ASSIGN_OR_RETURN(Filter part, parse_part(item, Item(place, parts.size())));
      parts.push_back(std::move(part));
    }
    return op == Op::kAnd ? Filter::And(std::move(parts)) : Filter::Or(std::move(parts));
  }

  Result<Filter> Compare(Op op, std::string path, JsonElement value, const std::string& place) {
    std::vector<MetadataValue> operands;
    JsonArray items;
    if (op == Op::kIn || op == Op::kNin) {
      if (value.get(items) != simdjson::SUCCESS) {
        return InvalidArgument("there must be a list of values", place);
      }
      for (const JsonElement item : items) {
        LARDER_ASSIGN_OR_RETURN(auto operand, Operand(op, item, Item(place, operands.size())));
        operands.push_back(std::move(operand));
      }
      if (operands.empty()) LARDER_RETURN_IF_ERROR(Count(place));
    } else {
      LARDER_ASSIGN_OR_RETURN(auto operand, Operand(op, value, place));
      operands.push_back(std::move(operand));
    }
    return Filter::Compare(op, std::move(path), std::move(operands));
  }

  Result<MetadataValue> Operand(Op op, JsonElement element, const std::string& place) {
    LARDER_RETURN_IF_ERROR(Count(place));
    auto value = ScalarOf(element);
    const bool is_range = op == Op::kLt || op == Op::kLte || op == Op::kGt || op == Op::kGte;
    if (is_range && (!value || std::holds_alternative<bool>(*value))) {
      return InvalidArgument("a range must be bounded by a number or a string", place);
    }
    if (!value) return InvalidArgument("a value must be a string, a number, true or false", place);
    return std::move(*value);
  }

  Status Count(const std::string& place) {
    if (++operands_ <= kMaxFilterOperands) return {};
    return InvalidArgument(
        "a filter must compare with at most " + std::to_string(kMaxFilterOperands) + " values",
        place);
  }

  std::size_t operands_ = 0;
};

Status CheckSize(JsonElement filter, std::size_t most, const char* param) {
  if (simdjson::minify(filter).size() <= most) return {};
  return InvalidArgument(
      "a filter must have at most " + std::to_string(most) + " bytes as compact JSON", param);
}

}  // namespace

Result<Filter> ParseFilter(JsonElement filter) {
  LARDER_RETURN_IF_ERROR(CheckSize(filter, kMaxFilterBytes, "filter"));
  return Parser().ParseOwn(filter, "filter", 1);
}

Result<Filter> ParseVectorizeFilter(JsonElement filter) {
  LARDER_RETURN_IF_ERROR(CheckSize(filter, kMaxVectorizeFilterBytes - 1, "filter"));
  LARDER_ASSIGN_OR_RETURN(Filter parsed, Parser().ParseOwn(filter, "filter", 1));
  if (parsed.op() == Op::kAnd && parsed.parts().empty()) {
    return InvalidArgument("a filter must not be empty", "filter");
  }
  return parsed;
}

Result<Filter> ParseOpenAiFilter(JsonElement filter) {
  LARDER_RETURN_IF_ERROR(CheckSize(filter, kMaxFilterBytes, "filters"));
  return Parser().ParseOpenAi(filter, "filters", 1);
}

}  // namespace larder
