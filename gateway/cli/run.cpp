#include "cli/run.h"

#include "base/utf8.h"
#include "cli/program.h"
#include "cli/usage.h"

namespace hearthgate::cli {
namespace {

ExitStatus runChosen(const Chosen& chosen, Terminal& terminal, const Options& options) {
  Context context(terminal, options);
  try {
    return chosen.body(context);
  } catch (const Stop& stop) {
    return stop.status;
  }
}

}  // namespace

int run(const std::vector<std::string>& arguments, Terminal& terminal) {
  for (const std::string& argument : arguments) {
    if (isUtf8(argument)) continue;
    terminal.err << "hearthgate: the argument '" << safe(argument) << "' holds bytes that are no UTF-8\n"
                 << "  set the terminal to UTF-8 and type it again\n";
    return kUsage;
  }
  Options options;
  Chosen chosen;
  CLI::App program{kProgramHelp, "hearthgate"};
  fillProgram(program, options, chosen, terminal.default_data);
  try {
    program.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return endParsing(program, error, arguments, terminal);
  }
  return runChosen(chosen, terminal, options);
}

}  // namespace hearthgate::cli
