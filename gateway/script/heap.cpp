#include "script/heap.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "script/seed.h"

namespace hearthgate::script {
namespace {

constexpr size_t kPageBytes = size_t{64} << 10;  // below the C library's threshold for a mapping of its own, so that pages are used again

}  // namespace

Heap::~Heap() {
  for (size_t i = 0; i < page_count_; ++i) std::free(pages_[i]);
  while (large_ != nullptr) {
    Large* const after = large_->after;
    std::free(large_);
    large_ = after;
  }
}

void* Heap::allocate(void* self, void* block, size_t old_size, size_t new_size) {
  auto& heap = *static_cast<Heap*>(self);
  if (block == nullptr) old_size = 0;  // Then it says what the block is for.
  if (new_size == 0) {
    if (block != nullptr) heap.give(block, old_size);
    heap.used_ -= old_size;
    return nullptr;
  }
  // A block that shrinks must not fail, and stays where it is when it would have to move for that.
  const bool grows = new_size > old_size;
  void* made = nullptr;
  if (!grows || heap.used_ + (new_size - old_size) <= heap.limit_) {
    if (block != nullptr && old_size > kSmall && new_size > kSmall) {
      auto* large = reinterpret_cast<Large*>(block) - 1;
      heap.unlink(large);
      auto* moved = static_cast<Large*>(std::realloc(large, sizeof(Large) + new_size));
      heap.link(moved == nullptr ? large : moved);
      made = moved == nullptr ? nullptr : moved + 1;
    } else {
      made = heap.take(new_size);
      if (made != nullptr && block != nullptr) {
        std::memcpy(made, block, std::min(old_size, new_size));
        heap.give(block, old_size);
      }
    }
  }
  if (made == nullptr) {
    ++heap.refused_;
    return nullptr;
  }
  heap.used_ += new_size - old_size;
  if (heap.used_ > heap.most_used_) heap.most_used_ = heap.used_;
  if (heap.seed_place_) heap.writeSeed(made);
  return made;
}

void Heap::writeSeed(void* made) {
  if (first_ == nullptr) {
    first_ = static_cast<char*>(made);
    return;
  }
  std::memcpy(first_ + *seed_place_, &kSeed, sizeof kSeed);
  seed_place_.reset();
}

void* Heap::take(size_t size) {
  if (size <= kSmall) return takeSmall(size);
  auto* large = static_cast<Large*>(std::malloc(sizeof(Large) + size));
  if (large == nullptr) return nullptr;
  link(large);
  return large + 1;
}

void Heap::give(void* block, size_t size) {
  if (size > kSmall) {
    auto* large = reinterpret_cast<Large*>(block) - 1;
    unlink(large);
    std::free(large);
    return;
  }
  auto* const freed = static_cast<Free*>(block);
  Free*& list = free_[(size + kStep - 1) / kStep];
  freed->next = list;
  list = freed;
}

void* Heap::takeSmall(size_t size) {
  const size_t steps = (size + kStep - 1) / kStep;
  if (Free* const freed = free_[steps]) {
    free_[steps] = freed->next;
    return freed;
  }
  if (left_ < steps * kStep) {
    if (page_count_ == pages_.size()) return nullptr;
    auto* const page = static_cast<char*>(std::malloc(kPageBytes));
    if (page == nullptr) return nullptr;
    pages_[page_count_++] = page;
    at_ = page;
    left_ = kPageBytes;
  }
  void* const made = at_;
  at_ += steps * kStep;
  left_ -= steps * kStep;
  return made;
}

void Heap::link(Large* large) {
  large->before = nullptr;
  large->after = large_;
  if (large_ != nullptr) large_->before = large;
  large_ = large;
}

void Heap::unlink(Large* large) {
  (large->before != nullptr ? large->before->after : large_) = large->after;
  if (large->after != nullptr) large->after->before = large->before;
}

}  // namespace hearthgate::script
