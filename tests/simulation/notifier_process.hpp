// SPDX-License-Identifier: Apache-2.0
// The notifier service in a simulated process, and a receiver of its reports that is sometimes away and whose
// answers sometimes do not arrive.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "notifier/service.hpp"
#include "simulation/process.hpp"

namespace headrace::simulation {

/// What the receiver has got of one report, and how often it may have got it again: the answer was lost, or
/// its sender died or was cut off before it was stored.
struct Told {
  int times = 0;
  int excused = 0;
  MonoTime last{};
};

class NotifierProcess : public Process, public notifier::Transport {
 public:
  /// @param told  by the key of the report; outlives the process
  NotifierProcess(Environment& environment, std::map<std::string, Told>& told, std::size_t index)
      : Process(environment, "notifier" + std::to_string(index), {}), told_(told) {}

 private:
  static constexpr seconds kStored{5};  // a delivery that is older is stored

  void on_crash() override { excuse(); }
  void on_cut_off() override { excuse(); }
  void excuse() {
    for (auto& [key, told] : told_)
      if (env_.timeline.now() - told.last < kStored) ++told.excused;
  }
  std::unique_ptr<service::Service> make_service() override {
    return std::make_unique<notifier::NotifierService>(*this, *this, env_.evaluate);
  }
  void send(http::Mail, std::function<void(http::Reply)>) override {}
  void send(http::Call call, std::function<void(http::Reply)> done) override {
    std::string key;
    for (const auto& [name, value] : call.headers)
      if (name == "Idempotency-Key") key = value;
    env_.timeline.after(env_.dice.wait(1, 200), life().guard([this, key, done] {
      const bool away = env_.misfortune(0.05);
      const bool forgotten =
          env_.mutation == Mutation::report_forgotten && !std::exchange(env_.mutated, true);
      const bool answer_lost = env_.misfortune(0.03);
      if (!away && !forgotten) {
        ++told_[key].times;
        told_[key].last = env_.timeline.now();
      }
      if (answer_lost || !is_loaded()) ++told_[key].excused;
      http::Reply reply;
      if (away || answer_lost)
        reply.error = "receiver: cut off";
      else
        reply.status = 200;
      done(std::move(reply));
    }));
  }

  std::map<std::string, Told>& told_;
};

}  // namespace headrace::simulation
