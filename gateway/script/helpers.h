// The text of helpers.lua, compiled in. The worker's.
#pragma once

namespace hearthgate::script {

extern const char* const kHelpers;

}  // namespace hearthgate::script
