// The command line as a function, so that tests can call it. Main thread.
#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace hearthgate::cli {

// Runs the command that `arguments` name (without the program's name) and gives the exit status.
int run(const std::vector<std::string>& arguments, Terminal& terminal);

}  // namespace hearthgate::cli
