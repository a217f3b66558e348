// SPDX-License-Identifier: Apache-2.0
// What a worker says of itself at /healthz and /metrics.
#pragma once

#include <functional>

#include "process/status_page.hpp"
#include "worker/core/core.hpp"

namespace headrace::worker {

process::Health health(const CoreStatus& status);

/// @param status  called whenever somebody looks
void add_metrics(process::Metrics& metrics, const std::function<CoreStatus()>& status);

}  // namespace headrace::worker
