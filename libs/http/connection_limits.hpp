// SPDX-License-Identifier: Apache-2.0
// Which connection of a server ends when there are too many of them, or when they hold too much.
//
// Nobody is refused because others came first: whoever holds a server's places or its memory would then keep
// everybody else out. The one that has done nothing for the longest time, or that holds the most, ends.
#pragma once

#include <string>

#include "http/connection.hpp"

namespace headrace::http {

/// Before a connection of `remote` is taken: closes others until there is a place for it. An address that has
/// all the places it may have, or the most of any, loses one of its own.
/// @return false when every connection is busy with an answer: the new one has to go
bool make_room(Shared& shared, const std::string& remote);
/// The process has no descriptor left: closes one connection that waits, if there is one.
void make_room_anywhere(Shared& shared);

/// Ends connections until all of them together hold no more than they may.
void shed_the_largest(Shared& shared);

}  // namespace headrace::http
