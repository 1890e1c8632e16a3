/* What the tests of the C interface share. */
#ifndef METAMORI_TESTS_C_CHECK_H
#define METAMORI_TESTS_C_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include "metamori/metamori.h"

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

static inline void check_ok(metamori_kind kind, const metamori_error* error, const char* what) {
  if (kind == METAMORI_OK) return;
  fprintf(stderr, "%s: %s: %s\n", what, metamori_kind_name(kind), error->message);
  exit(1);
}

#endif
