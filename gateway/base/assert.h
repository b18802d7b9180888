// HG_ASSERT stays on in release builds: it guards against bugs of ours, never against input from outside.
#pragma once

#include <cstdio>
#include <cstdlib>

#define HG_ASSERT(condition)                                                                         \
  do {                                                                                               \
    if (!(condition)) {                                                                              \
      std::fprintf(stderr, "hearthgate: assertion failed: %s (%s:%d)\n", #condition, __FILE__, __LINE__); \
      std::abort();                                                                                  \
    }                                                                                                \
  } while (false)
