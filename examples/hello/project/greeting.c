// SPDX-License-Identifier: Apache-2.0
#include "greeting.h"

#include <stdio.h>

size_t greet(char *text, size_t size, const char *name) {
  const int length = snprintf(text, size, "Hello, %s!", name && *name ? name : "world");
  return length < 0 ? 0 : (size_t)length;
}
