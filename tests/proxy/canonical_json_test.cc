#include "proxy/json/canonical_json.h"

#include <gtest/gtest.h>

#include <array>

#include "proxy/json/json_writer.h"
#include "tests/support/vector_samples.h"

namespace larder {
namespace {

std::string Canonical(std::string_view json) {
  const auto document = JsonDocument::Parse(json);
  EXPECT_TRUE(document.ok()) << json;
  return document.ok() ? CanonicalJson(document->root()) : "";
}

struct Case {
  const char* name;
  const char* json;
  const char* canonical;
};

TEST(CanonicalJsonTest, WritesOneFormForAllSpellingsOfAValue) {
  const Case kCases[] = {
      {"white space", " { \"a\" : [ 1 , 2 ] }\n", R"({"a":[1,2]})"},
      {"member order", R"({"b":1,"a":2,"B":3})", R"({"B":3,"a":2,"b":1})"},
      {"nested member order", R"({"x":{"b":1,"a":[{"d":1,"c":2}]}})",
       R"({"x":{"a":[{"c":2,"d":1}],"b":1}})"},
      {"escapes", R"("\u0041\/\"\\\u00e9\n")", "\"A/\\\"\\\\\xC3\xA9\\n\""},
      {"control characters", R"("\u0000\b\u001F")", R"("\u0000\u0008\u001f")"},
      {"surrogates", R"("\ud83c\udf6e")", "\"\xF0\x9F\x8D\xAE\""},
      {"whole double", "1.0", "1"},
      {"exponent", "1e2", "100"},
      {"capital exponent", "1E+2", "100"},
      {"small exponent", "100e-2", "1"},
      {"negative zero", "-0.0", "0"},
      {"negative whole zero", "-0", "0"},
      {"fraction", "0.50", "0.5"},
      {"tenth", "1e-1", "0.1"},
      {"largest int64", "9223372036854775807", "9223372036854775807"},
      {"smallest int64", "-9223372036854775808", "-9223372036854775808"},
      {"largest uint64", "18446744073709551615", "18446744073709551615"},
      {"whole beyond 2^53", "9007199254740993", "9007199254740993"},
      {"ten to the 16 as a double", "1e16", "10000000000000000"},
      {"two to the 63 as a double", "9223372036854775808.0", "9223372036854775808"},
      {"negative 1e18", "-1e18", "-1000000000000000000"},
      {"beyond uint64", "1e20", "1e+20"},
      {"beyond int64, negative", "-1e19", "-1e+19"},
      {"smallest", "5e-324", "5e-324"},
      {"literals", "[true,false,null]", "[true,false,null]"},
      {"empty", "[{},[],\"\"]", "[{},[],\"\"]"},
  };
  for (const Case& c : kCases) EXPECT_EQ(Canonical(c.json), c.canonical) << c.name;
}

TEST(CanonicalJsonTest, KeepsDifferentValuesApart) {
  const std::pair<const char*, const char*> kPairs[] = {
      {"1", "\"1\""},
      {"null", "{}"},
      {"[]", "{}"},
      {"false", "0"},
      {R"({"a":null})", "{}"},
      {"[1,2]", "[2,1]"},
      {R"(["ab","c"])", R"(["a","bc"])"},
      {R"({"a":"b,c"})", R"({"a":"b","c":""})"},
      {R"("\u00e9")", R"("e\u0301")"},
      {R"("a")", R"("A")"},
      {R"("a ")", R"("a")"},
      {"9007199254740992", "9007199254740993"},
      {"18446744073709551615", "18446744073709551614"},
      {"0.1", "0.10000000000000002"},
      {R"({"a":1,"a":2})", R"({"a":2,"a":1})"},
      {R"("\u0000")", R"("\\u0000")"},
  };
  for (const auto& [one, other] : kPairs) {
    EXPECT_NE(Canonical(one), Canonical(other)) << one << " and " << other;
  }
}

TEST(CanonicalJsonTest, LeavesOutTheMembersToSkipAtTheOutermostLevelOnly) {
  constexpr std::array<std::string_view, 2> kSkip = {"user", "b"};
  const auto document =
      JsonDocument::Parse(R"({"user":"u","a":{"user":"v","b":1},"\u0062":2,"c":[{"b":3}]})");
  EXPECT_EQ(CanonicalJson(document->root(), kSkip), R"({"a":{"b":1,"user":"v"},"c":[{"b":3}]})");
  EXPECT_EQ(CanonicalJson(JsonDocument::Parse(R"({"b":1})")->root(), kSkip), "{}");
}

// A random value, written with random member order, white space and spelling. The same seed of
// values gives the same value, whatever the seed of spelling.
class RandomJson {
 public:
  RandomJson(std::uint64_t value_seed, std::uint64_t spelling_seed)
      : value_(value_seed), spelling_(spelling_seed) {}

  std::string Value(int depth) {
    switch (value_.Below(depth > 0 ? 6 : 4)) {
      case 0:
        return Number();
      case 1:
        return Text("s" + std::to_string(value_.Below(1000)));
      case 2:
        return value_.Below(2) == 0 ? "true" : "false";
      case 3:
        return "null";
      case 4: {
        std::string out = "[";
        const std::size_t count = value_.Below(4);
        for (std::size_t i = 0; i < count; ++i)
          out += (i > 0 ? "," : "") + Space() + Value(depth - 1);
        return out + Space() + "]";
      }
      default: {
        std::vector<std::string> members;
        const std::size_t count = value_.Below(5);
        for (std::size_t i = 0; i < count; ++i) {
          members.push_back(Text("k" + std::to_string(i)) + Space() + ":" + Space() +
                            Value(depth - 1));
        }
        for (std::size_t i = members.size(); i > 1; --i) {
          std::swap(members[i - 1], members[spelling_.Below(i)]);
        }
        std::string out = "{";
        for (std::size_t i = 0; i < members.size(); ++i) {
          out += (i > 0 ? "," : "") + Space() + members[i];
        }
        return out + Space() + "}";
      }
    }
  }

 private:
  std::string Space() {
    static constexpr const char* kSpaces[] = {"", " ", "\n", "\t", "\r\n  "};
    return kSpaces[spelling_.Below(5)];
  }
  std::string Number() {
    const std::string digits = std::to_string(1 + value_.Below(999));
    switch (spelling_.Below(4)) {
      case 0:
        return digits;
      case 1:
        return digits + ".0";
      case 2:
        return digits + "0e-1";
      default:
        return digits + "e0";
    }
  }
  std::string Text(const std::string& text) {
    if (spelling_.Below(2) == 0) return "\"" + text + "\"";
    static constexpr char kHex[] = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
      out += std::string("\\u00") + kHex[(c >> 4) & 15] + kHex[c & 15];
    }
    return out + "\"";
  }

  VectorSamples value_;
  VectorSamples spelling_;
};

TEST(CanonicalJsonTest, IsTheSameForEverySpellingOfARandomValue) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const std::string one = RandomJson(seed, 7 * seed).Value(4);
    const std::string other = RandomJson(seed, 7 * seed + 1).Value(4);
    EXPECT_EQ(Canonical(one), Canonical(other)) << one << "\n" << other;
  }
}

TEST(CanonicalJsonTest, ANumberBeyondTheIntegersReadsBackAsItself) {
  for (const char* number : {"18446744073709551615.0", "1e20", "-1e19", "1e22", "123456789e15"}) {
    const std::string canonical = Canonical(number);
    EXPECT_EQ(Canonical(canonical), canonical) << number;
  }
}

TEST(CanonicalJsonTest, IsItsOwnCanonicalForm) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const std::string canonical = Canonical(RandomJson(seed, seed).Value(4));
    EXPECT_EQ(Canonical(canonical), canonical);
  }
}

}  // namespace
}  // namespace larder
