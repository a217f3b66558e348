// SPDX-License-Identifier: Apache-2.0
#include "store/transitions/log.hpp"

#include "store/arguments.hpp"
#include "store/names.hpp"

namespace headrace::store {

std::string name_of(LogName log) { return std::to_string(log.step) + "." + std::to_string(log.log); }

Call LogAppend::call() const {
  Arguments a;
  a << nonce << name_of(log) << offset_bytes << size_bytes << lines << crc_after << chunk;
  auto call = make_call<LogAppend>(std::move(a));
  call.log_of = build;
  return call;
}

Outcome<LogExtent> LogAppend::read(const Reply& reply) {
  return read_value<Answer>(kFunction, reply, [](const json::Value& v) {
    const auto& parts = v.as_array();
    return LogExtent{parts.at(0).as_int(), parts.at(1).as_int(),
                     static_cast<std::uint32_t>(parts.at(2).as_int())};
  });
}

Call LogDrop::call() const {
  auto call = make_call<LogDrop>({});
  call.log_of = build;
  return call;
}

Outcome<Done> LogDrop::read(const Reply& reply) { return read_done(reply); }

}  // namespace headrace::store
