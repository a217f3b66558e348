// SPDX-License-Identifier: Apache-2.0
// What a server's answer to a push means.
#pragma once

#include "notifier/sender.hpp"

namespace headrace::notifier {

Delivery judge_http(const http::Reply& reply);

}  // namespace headrace::notifier
