// A plugin: the class that it derives, the macro that describes and exports it.
//
// The life of a plugin; each step happens on the plugin's own thread, one after the other:
//   0. The gateway reads the descriptor from the file. No code of the plugin has run.
//   1. create     the factory makes the object. No side effects: no thread, socket or file.
//   2. configure  the plugin's section of the configuration; it says what is wrong with it, by key.
//   3. start      threads, sockets and timers begin. Up to here everything is undone by going to step 5.
//   4. stop       everything that start began has ended when it returns: threads joined, sockets closed, each callback
//                 that the gateway was owed has been called, none comes later. Called after a failed start too.
//   5. destroy    the destructor. No object of the plugin exists afterwards, exceptions included.
//   6. unload     the file leaves the process. Reload begins again at 0 with the file that is there then.
// An exception that leaves the plugin at any step, or from a callback, goes to 4 and disables the plugin; the gateway
// lives on. A step that does not return within 10 s is left behind with its thread, and the plugin is shown as failed;
// if it returns later, 4 to 6 follow. Code that ends the process three times is left out at the next start.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "hearthgate/descriptor.h"
#include "hearthgate/host.h"
#include "hearthgate/outcome.h"

namespace hearthgate::sdk {

class Plugin {
 public:
  virtual ~Plugin() = default;
  // `section_json` is the plugin's section of the configuration as one JSON object, `{}` when there is none. An unknown
  // key is an error: `bad_configuration` with key, what is wrong and what is allowed.
  virtual Outcome configure(std::string_view section_json) = 0;
  virtual Outcome start() = 0;
  virtual void stop() = 0;
  // What the plugin gives for its roles, by id and revision: `transport/2` for kTransport. Asked after start; valid
  // until destroy. Null: not given.
  virtual void* provide(std::string_view /*id*/, uint32_t /*revision*/) { return nullptr; }
};

template <typename T>
T* provided(Plugin& plugin) {
  return static_cast<T*>(plugin.provide(T::kId, T::kRevision));
}

// The one exported function. `host` outlives the plugin.
using CreatePlugin = Plugin*(Host& host);
inline constexpr std::string_view kEntryPoint = "hearthgate_create_plugin";

}  // namespace hearthgate::sdk

// Describes and exports a plugin; once, outside any namespace, in plugin.cpp:
//   HEARTHGATE_PLUGIN(lan::Plugin, "lan", "0.1.0", hearthgate::sdk::kTransport, "log/1 request_filter/1", "")
// The class needs a constructor that takes a Host&.
#define HEARTHGATE_PLUGIN(Class, id, version, roles, needs, kinds)                                                   \
  extern "C" __attribute__((used, visibility("default"),                                                             \
                            section(".hearthgate"))) constexpr ::hearthgate::sdk::Descriptor hearthgate_descriptor = \
      ::hearthgate::sdk::describe(id, version, roles, needs, kinds);                                                 \
  extern "C" __attribute__((used, visibility("default"))) ::hearthgate::sdk::Plugin* hearthgate_create_plugin(       \
      ::hearthgate::sdk::Host& host) {                                                                               \
    return std::make_unique<Class>(host).release();                                                                  \
  }                                                                                                                  \
  static_assert(true)
