// The command line as one tree: what run() parses with, and what --help, the manual page and the completions of shells
// are made from. Main thread.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/commands.h"

namespace hearthgate::cli {

inline constexpr const char* kProgramHelp = "Hearthgate keeps the things of a home in step with other homes.";

// Adds every option and command. `default_data` is what the help names as DIR.
void fillProgram(CLI::App& program, Options& options, Chosen& chosen, const std::string& default_data);

struct OptionEntry {
  std::vector<std::string> names;  // `--data`; of an argument its one name, as ENTITY
  std::string value;               // TEXT, FILE, …; empty for a flag
  std::string help;
  std::vector<std::string> choices;
  bool required = false;
  bool many = false;
};

struct CommandEntry {
  std::string words;  // `entity set`; empty for the program
  std::string help;
  std::string footer;  // its examples
  std::vector<OptionEntry> arguments;
  std::vector<OptionEntry> options;  // of this command alone; those of the program stand with the program
  std::vector<std::string> below;    // names of its commands
  bool runs = true;                  // false: one of those below has to be given
};

// The program first, then its commands, each before those below it.
std::vector<CommandEntry> commandTree(const CLI::App& program);

// `entity set ENTITY FIELDS... [OPTIONS]`.
std::string usageOf(const CommandEntry& command);

// hearthgate(1).
std::string manPage(const std::vector<CommandEntry>& tree);
// `shell` is bash, zsh or fish.
std::string completion(const std::vector<CommandEntry>& tree, const std::string& shell);

// Example lines of a command by its words; empty when there are none.
std::vector<std::string> examplesOf(const std::string& words);

}  // namespace hearthgate::cli
