#include "base/random.h"

#include <sys/random.h>

#include <cerrno>

#include "base/assert.h"

namespace hearthgate {
namespace {
class SystemRandom : public Random {
 public:
  void fill(std::span<uint8_t> out) override {
    size_t done = 0;
    while (done < out.size()) {
      ssize_t got = getrandom(out.data() + done, out.size() - done, 0);
      if (got < 0 && errno == EINTR) continue;
      HG_ASSERT(got > 0);  // getrandom without flags fails on bad arguments only.
      done += static_cast<size_t>(got);
    }
  }
};
}  // namespace

Random& systemRandom() {
  static SystemRandom random;
  return random;
}

}  // namespace hearthgate
