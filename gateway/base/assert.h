// HG_ASSERT stays on in release builds: it guards against bugs of ours, never against input from outside.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace hearthgate {

[[noreturn]] inline void assertionFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "hearthgate: assertion failed: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace hearthgate

// An expression and no loop around a block: with the thread sanitizer, GCC 12 does not see that `HG_ASSERT(false)` in
// such a loop never returns, and refuses the function that ends with it.
#define HG_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::hearthgate::assertionFailed(#condition, __FILE__, __LINE__))
