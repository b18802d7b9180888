// Bytes written to disk per single durable update of 300 bytes of JSON, by page size: what kPageBytes of the store is
// chosen by. Works on real files in the folder given (a real disk, no tmpfs); the kernel's count of the process's own
// writes is the measure (/proc/self/io, write_bytes), checkpoints included.
//
//   write_amplification FOLDER [UPDATES]
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "engine/core.h"

using namespace hearthgate;

namespace {

constexpr int kEntities = 1000;
constexpr int kBulkCommits = 20;

uint64_t bytesWritten() {
  std::ifstream in("/proc/self/io");
  std::string key;
  uint64_t value;
  while (in >> key >> value) {
    if (key == "write_bytes:") return value;
  }
  return 0;
}

model::Json payload(std::mt19937_64& random) {
  std::string token;
  for (int i = 0; i < 66; ++i) token += "0123456789abcdef"[random() % 16];
  std::string text = R"({"state":"on","attributes":{"friendly_name":"Kitchen ceiling light","brightness":)" +
                     std::to_string(random() % 255) + R"(,"color_mode":"brightness","supported_features":41,"token":")" +
                     token + R"(","last_seen":"2026-11-20T10:00:00.123Z","area":"kitchen","rssi":-61,"linkquality":112}})";
  return *model::parseJson(text, 32);
}

void measure(const std::string& folder, int page_bytes, int updates) {
  std::string path = folder + "/pages-" + std::to_string(page_bytes) + ".db";
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  auto store = store::Store::open(path, store::Durability::kFull, page_bytes);
  if (!store.ok()) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    std::exit(1);
  }
  engine::CoreSettings settings;
  settings.home = systemRandom().id<HomeId>();
  settings.ownerTag = [](const ContentHash&) { return model::OwnerTag{}; };
  engine::Core core(**store, systemClock(ClockTrust::kYes), systemRandom(), settings);
  std::mt19937_64 random(1);
  auto write = [&](int from, int count) {
    (*store)->begin();
    for (int i = from; i < from + count; ++i) {
      engine::WriteOrder order;
      order.address = {core.me(), "sensor.s" + std::to_string(i % kEntities)};
      order.fields = payload(random);
      core.beginChange(settings.home, "bench", "write");
      if (!core.write(order).ok()) std::exit(1);
      core.endChange();
    }
    core.flush();
    if (!(*store)->commit().ok()) std::exit(1);
  };
  (*store)->begin();
  core.load();
  if (!(*store)->commit().ok()) std::exit(1);
  write(0, kEntities);
  uint64_t before = bytesWritten();
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < updates; ++i) write(i, 1);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  uint64_t single = (bytesWritten() - before) / static_cast<uint64_t>(updates);
  start = std::chrono::steady_clock::now();
  for (int i = 0; i < kBulkCommits; ++i) write(i * kEntities, kEntities);
  double bulk_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("{\"page_bytes\":%d,\"bytes_per_update\":%llu,\"updates_per_s\":%.0f,\"in_bulk_per_s\":%.0f}\n", page_bytes,
              static_cast<unsigned long long>(single), updates / seconds, kBulkCommits * kEntities / bulk_seconds);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: write_amplification FOLDER [UPDATES]\n");
    return 2;
  }
  int updates = argc > 2 ? std::atoi(argv[2]) : 5000;
  for (int page_bytes : {1024, 2048, 4096, 8192}) measure(argv[1], page_bytes, updates);
  return 0;
}
