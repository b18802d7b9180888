// A Lua state for one script and one batch of conflicts (TRUST.md T21): its memory has a limit, and each conflict runs the
// whole text anew, so that none sees what another one left. The worker's only thread.
#pragma once

#include <memory>
#include <string_view>
#include <variant>

#include "script/frames.h"

namespace hearthgate::script {

class ScriptState {
 public:
  ScriptState();
  ~ScriptState();
  ScriptState(const ScriptState&) = delete;
  ScriptState& operator=(const ScriptState&) = delete;

  // Compiles `text`, which errors call `name`; once.
  void load(std::string_view name, std::string_view text);
  // Reads one case out of a frame and decides it. Every outcome is a value; a script that does not come to an end does not return.
  Outcome run(FrameReader* reader);
  // What the script says of itself; resolve() does not run.
  std::variant<Description, Failed> describe();
  // Bytes that were in use at most.
  size_t mostUsed() const;

 private:
  struct Inner;
  std::unique_ptr<Inner> inner_;
};


}  // namespace hearthgate::script
