// The descriptor: what a plugin says about itself as flat bytes in the ELF section `.hearthgate`. The gateway reads it
// from the file before any of the plugin's code runs, and refuses what does not fit. Written by HEARTHGATE_PLUGIN in
// exactly one source file of a plugin.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <type_traits>

namespace hearthgate::sdk {

// Raised when classes of these headers change in a way that needs plugins to be built again. New abilities do not raise
// it: they come as capability ids with a revision (host.h).
inline constexpr uint32_t kSdkVersion = 1;

inline constexpr std::string_view kDescriptorSection = ".hearthgate";
inline constexpr std::string_view kDescriptorMagic = "HGPLUGIN";

// What a plugin is for; a plugin may have several roles.
enum Role : uint32_t {
  kDiscovery = 1,  // finds and announces other homes and services
  kTransport = 2,  // opens and accepts links: provides sdk::Transport (transport.h)
  kBridge = 4,     // maps foreign devices and programs to entities
  kNetwork = 8,    // makes other homes reachable
};

// The binary interface that both sides must share, because classes of the standard library cross it.
#if defined(_GLIBCXX_DEBUG)
#define HEARTHGATE_BUILD_DEBUG "1"
#else
#define HEARTHGATE_BUILD_DEBUG "0"
#endif
#if defined(_GLIBCXX_USE_CXX11_ABI) && _GLIBCXX_USE_CXX11_ABI
#define HEARTHGATE_BUILD_STRING "cxx11"
#else
#define HEARTHGATE_BUILD_STRING "old"
#endif
inline constexpr std::string_view kBuildStamp =
    "libstdc++ string=" HEARTHGATE_BUILD_STRING " debug=" HEARTHGATE_BUILD_DEBUG;

// Integers are in the byte order of the machine that the file is for; texts end with at least one NUL.
struct Descriptor {
  char magic[8];         // kDescriptorMagic, no NUL
  uint32_t size_bytes;   // sizeof(Descriptor)
  uint32_t sdk_version;  // kSdkVersion
  uint32_t roles;        // Role bits
  uint32_t reserved;     // 0
  char build[64];        // kBuildStamp
  char id[32];           // [a-z][a-z0-9_]*, equal to the file's name without `.so`
  char version[32];      // for people
  char needs[256];       // capabilities: `log/1 timers/1`
  char kinds[256];       // entity kinds that it reads and writes: `state poi.settings`
};
static_assert(std::is_trivially_copyable_v<Descriptor> && sizeof(Descriptor) == 664);

namespace detail {
template <size_t kSize>
constexpr void fill(char (&out)[kSize], std::string_view text) {
  // Not a constant expression when it throws, so a text that is too long does not compile.
  if (text.size() >= kSize) throw std::length_error("a text of the plugin's descriptor is too long");
  for (size_t i = 0; i < text.size(); ++i) out[i] = text[i];
}
}  // namespace detail

constexpr Descriptor describe(std::string_view id, std::string_view version, uint32_t roles, std::string_view needs,
                              std::string_view kinds) {
  Descriptor made{};
  for (size_t i = 0; i < kDescriptorMagic.size(); ++i) made.magic[i] = kDescriptorMagic[i];
  made.size_bytes = sizeof(Descriptor);
  made.sdk_version = kSdkVersion;
  made.roles = roles;
  detail::fill(made.build, kBuildStamp);
  detail::fill(made.id, id);
  detail::fill(made.version, version);
  detail::fill(made.needs, needs);
  detail::fill(made.kinds, kinds);
  return made;
}

}  // namespace hearthgate::sdk
