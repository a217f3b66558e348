// SPDX-License-Identifier: Apache-2.0
// headrace-web with a full file system below its history.
#include <sys/resource.h>

#include <thread>

#include "web/test_web_process.hpp"

namespace headrace::web {
namespace {

// No file of this web can grow beyond what it is: a full disk.
class FullDiskWeb : public WebProcess {
 protected:
  FullDiskWeb() { prefix_ = {"env", "--ignore-signal=XFSZ"}; }  // an error instead of the signal
  void allow(rlim_t bytes) {
    const rlimit limit{bytes, RLIM_INFINITY};
    ASSERT_EQ(prlimit(web_->pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
  }
  void wait_health(int status, const std::string& words) {
    http::Reply reply;
    test::wait_for(
        "health " + std::to_string(status), 30s,
        [&] {
          reply = get("/healthz");
          return reply.status == status && reply.body.find(words) != std::string::npos;
        },
        [&] { return reply.body + web_->output(); });
  }
};

TEST_F(FullDiskWeb, AWebWhoseHistoryIsFullSaysSoAndGoesOnWhenThereIsRoom) {
  a_day();
  run_web();
  wait_until_level();
  const auto full = std::filesystem::file_size(data_ / "web/history.sqlite-wal");
  allow(full);
  for (int i = 0; i < 200 && get("/healthz").status == 200; ++i) {
    change();
    std::this_thread::sleep_for(20ms);
  }
  wait_health(503, "the history cannot be written");
  ASSERT_TRUE(web_->running()) << web_->output();
  EXPECT_EQ(total("builds"), 2) << "what is there is shown";
  change();
  allow(RLIM_INFINITY);
  wait_health(200, "");
  wait_until_level();
  const std::string gone_on = everything();
  web_->signal(SIGTERM);
  EXPECT_EQ(web_->wait(10s), 0) << web_->output();
  std::filesystem::remove_all(data_ / "web");
  run_web();
  wait_until_level();
  EXPECT_EQ(everything(), gone_on) << "no event was left out, none is there twice";
}

}  // namespace
}  // namespace headrace::web
