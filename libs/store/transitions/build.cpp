// SPDX-License-Identifier: Apache-2.0
#include "store/transitions/build.hpp"

#include <stdexcept>

#include "store/arguments.hpp"

namespace headrace::store {
namespace {

Results results_of(const json::Value& number) { return results_from_int(number.as_int()).value(); }

Arguments& operator<<(Arguments& a, const Progress::Step& item) {
  return a << "step" << item.record.number << (item.record.results ? 1 : 0) << wire::encode(item.record);
}

Arguments& operator<<(Arguments& a, const Progress::Properties& item) {
  wire::Build only;
  only.properties = item.all;
  return a << "properties" << wire::encode(only);
}

Arguments& operator<<(Arguments& a, const Progress::Finish& item) {
  return a << "finish" << static_cast<int>(item.build.results.value()) << wire::encode(item.build);
}

}  // namespace

Call Offer::call() const {
  Arguments a;
  a << version << expiry.count() << nonce << pairs.size();
  for (const auto& pair : pairs)
    a << pair.request << pair.worker << pair.session << pair.slots << pair.max_per_worker;
  return make_call<Offer>(std::move(a));
}

Outcome<Offer::Answer> Offer::read(const Reply& reply) {
  return read_value<Answer>(kFunction, reply, [](const json::Value& v) {
    const auto& parts = v.as_array();
    return Answer{static_cast<std::size_t>(parts.at(0).as_int() - 1), parts.at(1).as_string()};
  });
}

Call Accept::call() const {
  Arguments a;
  a << claim << worker << session << wire::encode(build);
  return make_call<Accept>(std::move(a));
}

Outcome<Accept::Answer> Accept::read(const Reply& reply) {
  return read_value<Answer>(kFunction, reply, [](const json::Value& v) {
    const auto& parts = v.as_array();
    return Answer{{parts.at(0).as_int()},
                  parts.at(1).as_int(),
                  parts.at(2).as_int(),
                  static_cast<int>(parts.at(3).as_int())};
  });
}

Call Release::call() const {
  Arguments a;
  a << claim << (why == Why::refused ? "refused" : why == Why::expired ? "expired" : "orphan");
  return make_call<Release>(std::move(a));
}

Outcome<Done> Release::read(const Reply& reply) { return read_done(reply); }

Call Progress::call() const {
  Arguments a;
  a << claim << sequence << items.size();
  for (const auto& item : items) std::visit([&](const auto& kind) { a << kind; }, item);
  return make_call<Progress>(std::move(a));
}

Outcome<Progress::Answer> Progress::read(const Reply& reply) {
  return read_value<Answer>(kFunction, reply, [](const json::Value& v) {
    const auto& parts = v.as_array();
    return Answer{parts.at(0).as_int(), parts.at(1).as_int() == 1};
  });
}

Call BuildLost::call() const {
  Arguments a;
  a << claim << max_attempts << static_cast<int>(build.results.value()) << wire::encode(build);
  return make_call<BuildLost>(std::move(a));
}

Outcome<Results> BuildLost::read(const Reply& reply) {
  return read_value<Answer>(kFunction, reply,
                            [](const json::Value& v) { return results_of(v.as_array().at(0)); });
}

Call StoreAnswer::call() const {
  Arguments a;
  a << claim << question << wire::encode_value(answer);
  return make_call<StoreAnswer>(std::move(a));
}

Outcome<json::Value> StoreAnswer::read(const Reply& reply) {
  return read_value<json::Value>(kFunction, reply, [](const json::Value& v) { return v; });
}

}  // namespace headrace::store
