#include "proxy/openai/response_id.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

TEST(ResponseIdTest, IsTheTopmostOfAWholeAnswer) {
  EXPECT_EQ(ResponseIdOf(R"({"output":[{"id":"msg_1"}],"id":"resp_1"})", false), "resp_1");
}

TEST(ResponseIdTest, IsThatOfAStreamsCompletedResponse) {
  EXPECT_EQ(
      ResponseIdOf("event: response.created\n"
                   "data: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_0\"}}\n\n"
                   "data: {\"type\":\"response.output_text.delta\","
                   "\"delta\":\"response.completed\"}\n\n"
                   "data: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\"}}"
                   "\n\n",
                   true),
      "resp_1");
}

TEST(ResponseIdTest, IsEmptyWhereThereIsNone) {
  for (const char* body :
       {"", "{", "[]", "{}", R"({"id":7})", R"({"response":{"id":"resp_1"}})",
        "data: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\"}}\n\n",
        "data: {\"type\":\"response.completed\"}\n\n", "data: response.completed\n\n",
        "data: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\"}}\n"}) {
    EXPECT_EQ(ResponseIdOf(body, false), "") << body;
    EXPECT_EQ(ResponseIdOf(body, true), "") << body;
  }
}

}  // namespace
}  // namespace larder
