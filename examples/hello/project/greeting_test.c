// SPDX-License-Identifier: Apache-2.0
#include "greeting.h"

#include <stdio.h>
#include <string.h>

static int failures = 0;

static void expect(const char *what, const char *name, size_t size, const char *text, size_t length) {
  char got[100] = "untouched";
  const size_t got_length = greet(got, size, name);
  const int ok = strcmp(got, text) == 0 && got_length == length;
  printf("%s %s: \"%s\"\n", ok ? "ok    " : "not ok", what, got);
  if (!ok) ++failures;
}

int main(void) {
  expect("greets by name", "Ann", 100, "Hello, Ann!", 11);
  expect("greets the world without a name", NULL, 100, "Hello, world!", 13);
  expect("greets the world for an empty name", "", 100, "Hello, world!", 13);
  expect("cuts what does not fit", "Ann", 6, "Hello", 11);
  printf("%d failures\n", failures);
  return failures != 0;
}
