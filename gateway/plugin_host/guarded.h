// Runs code of a plugin behind a gate: what it throws stops here.
#pragma once

#include <exception>

#include "plugin_host/crash_watch.h"

namespace hearthgate::plugin_host {

// False when `code` threw, which `failed(what, message)` is told; `slot`: see crash_watch.h. Any thread.
template <typename Failed, typename Code>
bool guarded(int slot, const Failed& failed, const char* what, Code code) {
  const RunsPlugin mark(slot);
  try {
    code();
    return true;
  } catch (const std::exception& error) {
    failed(what, error.what());
  } catch (...) {
    failed(what, "an exception of an unknown type");
  }
  return false;
}

}  // namespace hearthgate::plugin_host
