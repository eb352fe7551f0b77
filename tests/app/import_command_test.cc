#include "app/import_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "app/npy.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/mutex.h"
#include "tests/support/captured_run.h"
#include "tests/support/fake_larder.h"
#include "tests/support/temp_dir.h"

namespace larder {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Keeps the lines that it is sent; says "line N: wrong" of one with "wrong" in it.
class ImportCommandTest : public testing::Test {
 protected:
  ImportCommandTest() {
    server_.AnswerBy("POST", "/admin/v1/import", [this](const LarderCall& call) {
      if (const int number = ++requests_; number == refuse_at_) {
        return LarderReply{.status = 503, .body = "{}", .headers = {{"retry-after-ms", "1"}}};
      }
      if (requests_ == interrupt_at_) std::raise(SIGINT);
      std::istringstream body(call.body);
      std::string line;
      int lines = 0;
      MutexLock lock(mutex_);
      while (std::getline(body, line)) {
        if (line.find("wrong") != std::string::npos) {
          return Answer("{\"error\":{\"message\":\"line " + std::to_string(lines + 1) +
                        ": wrong\"},\"lines\":" + std::to_string(lines) +
                        ",\"imported\":" + std::to_string(lines) + "}\n");
        }
        ++lines;
        lines_.push_back(line);
      }
      const std::string count = std::to_string(lines);
      return Answer("{\"lines\":1,\"imported\":1,\"skipped\":0}\n{\"finished\":true,\"lines\":" +
                    count + ",\"imported\":" + count + ",\"skipped\":0}\n");
    });
    command_.server = server_.url();
    command_.file = dir_.path() + "/in.jsonl";
  }
  static LarderReply Answer(const std::string& body) {
    return {.content_type = "application/x-ndjson", .body = body};
  }
  void Write(const std::string& text, const std::string& name = "in.jsonl") {
    std::ofstream(dir_.path() + "/" + name, std::ios::binary) << text;
  }
  std::vector<std::string> Lines() {
    MutexLock lock(mutex_);
    return lines_;
  }

  TempDir dir_;
  ImportCommand command_;
  std::atomic<int> requests_{0};
  int refuse_at_ = 0;
  std::atomic<int> interrupt_at_{0};
  Mutex mutex_;
  std::vector<std::string> lines_ LARDER_GUARDED_BY(mutex_);
  FakeLarder server_;  // last: its threads use the rest
};

TEST_F(ImportCommandTest, SendsEveryLineButTheLastOneOfTheExport) {
  Write("{\"layer\":1}\n\n{\"layer\":2}\r\n{\"finished\":true,\"entries\":2}\n");
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_THAT(Lines(), ElementsAre("{\"layer\":1}", "{\"layer\":2}"));
  EXPECT_THAT(run.out, HasSubstr("2 entries imported"));
  EXPECT_EQ(server_.calls().at(0).headers.Find("content-type"), "application/x-ndjson");
}

TEST_F(ImportCommandTest, ALargeFileGoesInPartsInOrder) {
  std::string text;
  std::vector<std::string> expected;
  for (int at = 0; at < 3000; ++at) {
    expected.push_back("{\"input\":\"" + std::to_string(at) + std::string(1000, 'x') + "\"}");
    text += expected.back() + "\n";
  }
  Write(text);
  refuse_at_ = 2;  // sent again
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(Lines(), expected);
  EXPECT_EQ(requests_, 4);
  EXPECT_THAT(run.out, HasSubstr("3,000 entries imported"));
}

TEST_F(ImportCommandTest, AWrongLineIsToldByItsNumberInTheFile) {
  Write("{\"a\":1}\n\n\n{\"a\":2}\n{\"wrong\":1}\n");
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("line 5: wrong"));
  EXPECT_THAT(run.err, HasSubstr("what came before is kept"));
  EXPECT_THAT(run.out, HasSubstr("2 entries imported"));
}

TEST_F(ImportCommandTest, AnExportThatIsCutShortIsImportedAndTold) {
  Write("{\"layer\":\"embeddings\",\"key\":\"1\"}\n");
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("not a whole export"));
  EXPECT_EQ(Lines().size(), 1U);
}

TEST_F(ImportCommandTest, VectorsOfOnesOwnAreForTheProvidersKeyAndTheNamespace) {
  ::setenv("OPENAI_API_KEY", "sk-mine", 1);
  Write("{\"input\":\"a\",\"embedding\":[1],\"model\":\"m\"}\n");
  command_.ns = "tests";
  EXPECT_EQ(RunCaptured(command_).status, 0);
  ::unsetenv("OPENAI_API_KEY");
  const Headers headers = server_.calls().at(0).headers;
  EXPECT_EQ(headers.Find("x-larder-authorization"), "Bearer sk-mine");
  EXPECT_EQ(headers.Find("x-larder-namespace"), "tests");
}

TEST_F(ImportCommandTest, RowsOfAMatrixBecomeVectorsOfTheirTexts) {
  std::string matrix = RenderNpyHeader(2, 1);
  ByteWriter writer(matrix);
  writer.Fixed(1.5F);
  writer.Fixed(2.5F);
  Write(matrix, "v.npy");
  Write("one\ntwo\n", "texts.txt");
  command_.file = dir_.path() + "/v.npy";
  command_.texts = dir_.path() + "/texts.txt";
  command_.model = "m";
  EXPECT_EQ(RunCaptured(command_).status, 0);
  EXPECT_THAT(Lines(),
              ElementsAre("{\"input\":\"one\",\"embedding\":\"AADAPw==\",\"model\":\"m\"}",
                          "{\"input\":\"two\",\"embedding\":\"AAAgQA==\",\"model\":\"m\"}"));
}

TEST_F(ImportCommandTest, TheIdsOfAnExportSayTextAndModelAndTokensArePassedOver) {
  std::string matrix = RenderNpyHeader(2, 1);
  ByteWriter(matrix).Fixed(1.5F);
  ByteWriter(matrix).Fixed(2.5F);
  Write(matrix, "v.npy");
  Write("{\"row\":0,\"model\":\"a\",\"tokens\":[1]}\n{\"row\":1,\"model\":\"a\",\"text\":\"x\"}\n",
        "v.ids.jsonl");
  command_.file = dir_.path() + "/v.npy";
  command_.ids = dir_.path() + "/v.ids.jsonl";
  EXPECT_EQ(RunCaptured(command_).status, 0);
  EXPECT_THAT(Lines(), ElementsAre("{\"input\":\"x\",\"embedding\":\"AAAgQA==\",\"model\":\"a\"}"));
}

TEST_F(ImportCommandTest, TextsAndRowsMustBeAsMany) {
  std::string matrix = RenderNpyHeader(1, 1);
  ByteWriter(matrix).Fixed(1.5F);
  Write(matrix, "v.npy");
  Write("one\ntwo\n", "texts.txt");
  command_.file = dir_.path() + "/v.npy";
  command_.texts = dir_.path() + "/texts.txt";
  command_.model = "m";
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("more texts than rows (1)"));
}

TEST_F(ImportCommandTest, AnInterruptEndsItInOrder) {
  Write("{\"a\":1}\n");
  interrupt_at_ = 1;
  const auto run = RunCaptured(command_);
  // The answer may have come before the signal was seen.
  EXPECT_THAT(run.status, testing::AnyOf(130, 0));
  EXPECT_THAT(run.out, HasSubstr("imported in"));
}

TEST_F(ImportCommandTest, UsageThatCannotBeIsStatusTwo) {
  command_.file = "v.npy";
  EXPECT_EQ(RunCaptured(command_).status, 2);  // neither --ids nor --texts
  command_.file = "v.jsonl";
  command_.model = "m";
  EXPECT_EQ(RunCaptured(command_).status, 2);
}

}  // namespace
}  // namespace larder
