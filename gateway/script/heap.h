// The memory of one Lua state: small blocks from pages by size, large ones from the C library, all given back at once at the end. It has a
// limit, beyond which Lua gets nothing. The worker's only thread.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

namespace hearthgate::script {

class Heap {
 public:
  // At `seed_place` of its first block, if there is one, it writes kSeed when the second one is asked for (seed.h).
  Heap(size_t limit, std::optional<size_t> seed_place) : limit_(limit), seed_place_(seed_place) {}
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  // Lua's allocator (lua_Alloc) over the heap that `self` is.
  static void* allocate(void* self, void* block, size_t old_size, size_t new_size);

  size_t used() const { return used_; }
  size_t mostUsed() const { return most_used_; }
  // How often it refused memory since forgetRefused().
  size_t refused() const { return refused_; }
  void forgetRefused() { refused_ = 0; }

 private:
  static constexpr size_t kStep = 16;
  static constexpr size_t kSmall = 512;  // larger blocks are the C library's
  struct Free {
    Free* next;
  };
  struct alignas(kStep) Large {
    Large* before;
    Large* after;
  };

  void* take(size_t size);
  void give(void* block, size_t size);
  void* takeSmall(size_t size);
  void link(Large* large);
  void unlink(Large* large);

  void writeSeed(void* made);

  const size_t limit_;
  std::optional<size_t> seed_place_;  // until it was written
  char* first_ = nullptr;
  size_t used_ = 0, most_used_ = 0, refused_ = 0;
  std::array<Free*, kSmall / kStep + 1> free_{};
  std::array<void*, 1024> pages_{};  // enough for the limit
  size_t page_count_ = 0;
  char* at_ = nullptr;  // the rest of the newest page
  size_t left_ = 0;
  Large* large_ = nullptr;
};

}  // namespace hearthgate::script
