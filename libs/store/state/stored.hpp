// SPDX-License-Identifier: Apache-2.0
// From the fields of one hash, or a function's answer, to the thing that it holds; inside libs/store only.
#pragma once

#include <optional>

#include "store/fields.hpp"
#include "store/state/build.hpp"
#include "store/state/request.hpp"

namespace headrace::store {

/// The call of the function that tells how much of each log of a build there is, and its answer.
Words log_state_words(const KeyNames& keys, BuildId build);
LogExtents log_extents_in(const RedisReply& answer);

// Nothing when the hash is empty: there is no such thing, or it has ended.
Result<std::optional<Request>> request_in(RequestId id, const Fields& fields);
Result<std::optional<StoredBuildset>> buildset_in(BuildsetId id, const Fields& fields);
Result<std::optional<RunningBuild>> running_build_in(BuildId id, const Fields& fields);

}  // namespace headrace::store
