// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/log_connection.hpp"

namespace headrace::dispatcher {

void LogConnection::connect(std::function<void()> up, std::function<void(std::string)> lost) {
  clear();
  client_.connect(std::move(up), [this, lost = std::move(lost)](std::string reason) {
    clear();
    lost(std::move(reason));
  });
}

void LogConnection::commit(store::Call call, std::function<void(store::Reply)> done) {
  batch_.add(std::move(call), std::move(done));
  flush();
}

void LogConnection::clear() {
  generation_.renew();
  batch_.clear();
}

void LogConnection::flush() {
  if (!client_.connected()) return;
  auto calls = batch_.begin();
  if (calls.empty()) return;
  client_.commit(std::move(calls), generation_.guard([this](std::vector<store::Reply> replies) {
    const auto mark = generation_.mark();
    batch_.answer(std::move(replies));
    if (mark.current()) flush();
  }));
}

}  // namespace headrace::dispatcher
