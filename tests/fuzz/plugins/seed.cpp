// The smallest plugin there is, whose file the fuzzer damages; it is never loaded.
#include "hearthgate/descriptor.h"

extern "C" {
__attribute__((section(".hearthgate"), used,
               visibility("default"))) constexpr hearthgate::sdk::Descriptor seed_descriptor =
    hearthgate::sdk::describe("seed", "1.0", hearthgate::sdk::kBridge, "log/1 timers/1", "state poi.settings");
__attribute__((visibility("default"))) void hearthgate_create_plugin() {}
}
