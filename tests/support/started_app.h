// A test's own server: a whole App on a free port, with a data directory of its own.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "app/app.h"
#include "tests/support/temp_dir.h"

namespace larder {

class StartedAppTest : public testing::Test {
 protected:
  explicit StartedAppTest(LogFormat format, LogLevel level) : log_(format, level) {
    config_.data_dir = dir_.path() + "/data";
    config_.front.port = 0;
    config_.log_requests = false;
  }
  std::unique_ptr<App> Started() {
    auto app = App::Start(config_, log_);
    EXPECT_TRUE(app.ok()) << (app.ok() ? "" : app.error().message);
    return app.ok() ? std::move(app).value() : nullptr;
  }

  TempDir dir_;
  Config config_;
  Log log_;
};

}  // namespace larder
