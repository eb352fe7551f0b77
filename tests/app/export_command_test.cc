#include "app/export_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "app/byte_input.h"
#include "app/npy.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "proxy/json/json_writer.h"
#include "tests/support/captured_run.h"
#include "tests/support/fake_larder.h"
#include "tests/support/temp_dir.h"

namespace larder {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

template <typename Number>
std::string Entry(const std::string& text, const std::vector<Number>& vector,
                  const std::string& model = "m") {
  std::string bytes;
  ByteWriter writer(bytes);
  for (const Number number : vector) writer.Fixed(number);
  std::string embedding;
  AppendBase64(bytes, embedding);
  JsonWriter line;
  line.BeginObject().Member("layer", "embeddings").Member("key", "key of " + text);
  line.Member("model", model).Member("input", text).Member("dim", vector.size());
  line.Member("embedding", embedding);
  line.Member("type", sizeof(Number) == 4 ? "float32" : "float64").EndObject();
  return line.Take() + "\n";
}

constexpr const char* kEnd = "{\"entries\":2,\"finished\":true}\n";

class ExportCommandTest : public testing::Test {
 protected:
  ExportCommandTest() { command_.server = server_.url(); }
  void Serve(std::vector<std::string> pieces, bool broken = false) {
    server_.Answer("GET", "/admin/v1/export",
                   {.content_type = "application/x-ndjson", .pieces = pieces, .broken = broken});
  }
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }
  std::string Content(const std::string& name) const {
    return ReadAll(dir_.path() + "/" + name, 1 << 20).value();
  }

  TempDir dir_;
  FakeLarder server_;
  ExportCommand command_;
};

TEST_F(ExportCommandTest, WritesTheServersLinesWithTheLastOne) {
  const std::string one = Entry<float>("one", {1, 2});
  const std::string two = Entry<float>("two", {3, 4});
  Serve({one.substr(0, 10), one.substr(10) + two, kEnd});
  command_.output = dir_.path() + "/out.jsonl";
  command_.model = "m";
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(Content("out.jsonl"), one + two + kEnd);
  EXPECT_THAT(run.out, HasSubstr("2 entries in"));
  EXPECT_EQ(server_.calls().at(0).query, "model=m");
  EXPECT_THAT(Files(), ElementsAre("out.jsonl"));
}

TEST_F(ExportCommandTest, StandardOutputHasTheEntriesAlone) {
  const std::string one = Entry<float>("one", {1});
  Serve({one, kEnd});
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 0);
  EXPECT_EQ(run.out, one + kEnd);
  EXPECT_THAT(run.err, HasSubstr("1 entry in"));
}

TEST_F(ExportCommandTest, WithoutTheLastLineItFailedAndThereIsNoFile) {
  for (const bool broken : {false, true}) {
    Serve({Entry<float>("one", {1})}, broken);
    command_.output = dir_.path() + "/out.jsonl";
    const auto run = RunCaptured(command_);
    EXPECT_EQ(run.status, 1);
    EXPECT_THAT(run.err, HasSubstr("no file was written: run it again"));
    EXPECT_THAT(Files(), ElementsAre());
  }
}

TEST_F(ExportCommandTest, AnErrorLineIsTold) {
  Serve({"{\"error\":{\"message\":\"the disk is gone\"}}\n"});
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("the disk is gone"));
}

TEST_F(ExportCommandTest, AnOlderFileStaysUntilTheNewOneIsWhole) {
  Serve({Entry<float>("one", {1})});
  command_.output = dir_.path() + "/out.jsonl";
  std::filesystem::copy(__FILE__, command_.output);
  const std::string before = Content("out.jsonl");
  EXPECT_EQ(RunCaptured(command_).status, 1);
  EXPECT_EQ(Content("out.jsonl"), before);
}

TEST_F(ExportCommandTest, ANumpyMatrixHasARowAnEntryAndAFileThatSaysWhatTheyAre) {
  Serve({Entry<float>("one", {1.5, -2}), Entry<double>("two", {3, 4}), kEnd});
  command_.format = "npy";
  command_.output = dir_.path() + "/v.npy";
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 0) << run.err;
  std::string expected = RenderNpyHeader(2, 2);
  ByteWriter writer(expected);
  for (const float number : {1.5F, -2.0F, 3.0F, 4.0F}) writer.Fixed(number);
  EXPECT_EQ(Content("v.npy"), expected);
  EXPECT_EQ(Content("v.ids.jsonl"),
            "{\"row\":0,\"key\":\"key of one\",\"model\":\"m\",\"text\":\"one\"}\n"
            "{\"row\":1,\"key\":\"key of two\",\"model\":\"m\",\"text\":\"two\"}\n");
  EXPECT_THAT(Files(), UnorderedElementsAre("v.npy", "v.ids.jsonl"));
}

TEST_F(ExportCommandTest, RowsOfDifferentLengthsAreRefusedUnlessOneIsChosen) {
  Serve({Entry<float>("one", {1, 2}), Entry<float>("two", {3}), kEnd});
  command_.format = "npy";
  command_.output = dir_.path() + "/v.npy";
  auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("vectors of 2 and of 1 dimensions"));
  EXPECT_THAT(run.err, HasSubstr("--model or --dimensions"));
  EXPECT_THAT(Files(), ElementsAre());

  command_.dimensions = 1;
  run = RunCaptured(command_);
  EXPECT_EQ(run.status, 0);
  EXPECT_THAT(run.out, HasSubstr("1 entry in"));
  EXPECT_THAT(run.out, HasSubstr("1 of other dimensions"));
}

TEST_F(ExportCommandTest, SeveralModelsInOneMatrixAreTold) {
  Serve({Entry<float>("one", {1}, "a"), Entry<float>("two", {3}, "b"), kEnd});
  command_.format = "npy";
  command_.output = dir_.path() + "/v.npy";
  EXPECT_THAT(RunCaptured(command_).out, HasSubstr("of several models"));
}

TEST_F(ExportCommandTest, AnInterruptLeavesNoFileAndTellsSo) {
  server_.AnswerBy("GET", "/admin/v1/export", [](const LarderCall&) {
    std::raise(SIGINT);
    return LarderReply{.pieces = {Entry<float>("one", {1})}, .open = true};
  });
  command_.output = dir_.path() + "/out.jsonl";
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 130);
  EXPECT_THAT(run.err, HasSubstr("interrupted"));
  EXPECT_THAT(Files(), ElementsAre());
}

TEST_F(ExportCommandTest, UsageThatCannotBeIsStatusTwo) {
  command_.format = "npy";
  EXPECT_EQ(RunCaptured(command_).status, 2);  // no -o
  command_.output = dir_.path() + "/v.npy";
  command_.layer = "responses";
  EXPECT_EQ(RunCaptured(command_).status, 2);
  EXPECT_TRUE(server_.calls().empty());
}

}  // namespace
}  // namespace larder
