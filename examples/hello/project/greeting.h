// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>

// Writes a greeting for `name` (the world, if it is null or empty) to `text`, cut to `size` bytes with
// the final NUL. Returns the length that the whole greeting has.
size_t greet(char *text, size_t size, const char *name);
