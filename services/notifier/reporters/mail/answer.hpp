// SPDX-License-Identifier: Apache-2.0
// What a relay's answer to a mail means. A mail with several recipients counts as taken when the relay took
// it for one of them; the others are named.
#pragma once

#include "notifier/sender.hpp"

namespace headrace::notifier {

Delivery judge_mail(const http::Reply& reply);

}  // namespace headrace::notifier
