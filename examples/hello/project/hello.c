// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "greeting.h"

int main(int argc, char **argv) {
  char text[100];
  greet(text, sizeof text, argc > 1 ? argv[1] : NULL);
  puts(text);
  return 0;
}
