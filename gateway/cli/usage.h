// Help and misuse as a person reads them: within the terminal's width, naming the command that was meant. Used by run().
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/context.h"

namespace hearthgate::cli {

// `text` with lines of at most kColumns; what is carried over stands below the text of its line's last column.
std::string folded(const std::string& text);

// Prints help, version, or what is wrong with the command line, and gives the exit status.
ExitStatus endParsing(const CLI::App& program, const CLI::ParseError& error, const std::vector<std::string>& arguments,
                      Terminal& terminal);

// For `check()`: a whole number from 1 on, as those that lists and answers show.
CLI::Validator wholeNumber();

}  // namespace hearthgate::cli
