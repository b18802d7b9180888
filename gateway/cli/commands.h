// The commands by subject. Each function adds its commands to the program; a command's body is kept in `Chosen` and run
// after the whole command line was understood.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "cli/context.h"

namespace hearthgate::cli {

using Body = std::function<ExitStatus(Context&)>;
struct Chosen {
  Body body;
};

// Adds the command `name` to `parent`; `body` runs when it was chosen.
inline CLI::App* addCommand(CLI::App& parent, Chosen& chosen, const std::string& name, const std::string& help,
                            Body body) {
  CLI::App* command = parent.add_subcommand(name, help);
  command->final_callback([&chosen, body = std::move(body)] { chosen.body = body; });
  return command;
}
// A group of commands, of which one has to be given.
inline CLI::App* addGroup(CLI::App& parent, const std::string& name, const std::string& help) {
  return parent.add_subcommand(name, help)->require_subcommand(1);
}

void addStatusCommands(CLI::App& program, Chosen& chosen);
void addEntityCommands(CLI::App& program, Chosen& chosen);
void addShareCommands(CLI::App& program, Chosen& chosen);
void addHomeCommands(CLI::App& program, Chosen& chosen);
void addPairingCommands(CLI::App& program, Chosen& chosen);
void addConflictCommands(CLI::App& program, Chosen& chosen);
void addStrategyCommands(CLI::App& program, Chosen& chosen);
void addPluginCommands(CLI::App& program, Chosen& chosen);
void addAuditCommands(CLI::App& program, Chosen& chosen);
void addConfigCommands(CLI::App& program, Chosen& chosen);
void addCircleCommands(CLI::App& program, Chosen& chosen);
// After addConfigCommands(), whose group it adds to.
void addKindCommands(CLI::App& program, Chosen& chosen);
void addKeyCommands(CLI::App& program, Chosen& chosen);
void addWordsCommands(CLI::App& program, Chosen& chosen);
void addWatchCommands(CLI::App& program, Chosen& chosen);
void addReportCommands(CLI::App& program, Chosen& chosen);
void addPageCommands(CLI::App& program, Chosen& chosen);

}  // namespace hearthgate::cli
