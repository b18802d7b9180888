// The whole tree of commands: each has help that fits a terminal, examples that parse, and keeps to the exit statuses
// and the form of --json of CONTRACT.md; pages and completions name every one of them.
#include "cli/program.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "base/man_page.h"
#include "unit/cli/cli_fixture.h"

namespace hearthgate::cli {
namespace {

class Program : public Cli {
 protected:
  Program() {
    CLI::App program{kProgramHelp, "hearthgate"};
    fillProgram(program, options_, chosen_, "DIR");
    tree_ = commandTree(program);
  }
  std::vector<std::string> split(const std::string& words) {
    std::istringstream in(words);
    return {std::istream_iterator<std::string>(in), {}};
  }
  // A command line that parses: something for each argument that is required.
  std::vector<std::string> fit(const CommandEntry& command) {
    std::vector<std::string> arguments = split(command.words);
    for (const OptionEntry& argument : command.arguments) {
      if (!argument.required) continue;
      std::string name = argument.names.front();
      std::string value = !argument.choices.empty() ? argument.choices.front()
                          : name == "FIELDS"        ? "state=on"
                          : name == "HOME"          ? kBeachId
                          : name == "N"             ? "1"
                          : name == "KEY"           ? "log.level"
                          : name == "TIME"          ? "2030-01-31T18:00:00Z"
                                                    : "light.a";
      arguments.push_back(value);
    }
    // What has to be chosen beside the arguments.
    if (command.words == "home set") arguments.insert(arguments.end(), {"--name", "x"});
    if (command.words == "strategy use" || command.words == "strategy drop") arguments.insert(arguments.end(), {"--kind", "x"});
    if (command.words == "conflict resolve") arguments.insert(arguments.end(), {"--fields", "{}"});
    return arguments;
  }
  // Those that need no gateway.
  bool local(const CommandEntry& command) {
    bool of_file = command.words == "config check" || command.words == "config explain" || command.words == "config schema";
    return of_file || command.words == "man" || command.words == "completion";
  }
  Options options_;
  Chosen chosen_;
  std::vector<CommandEntry> tree_;
};

TEST_F(Program, HasHelpOfEveryCommandWithinEightyColumnsAndTwentyFourLines) {
  EXPECT_GT(tree_.size(), 40u);
  for (const CommandEntry& command : tree_) {
    std::vector<std::string> arguments = split(command.words);
    arguments.push_back("--help");
    EXPECT_EQ(runBare(arguments), 0) << command.words;
    EXPECT_EQ(err, "") << command.words;
    EXPECT_FALSE(command.help.empty()) << command.words;
    EXPECT_THAT(out, HasSubstr("Usage: hearthgate" + (command.words.empty() ? "" : " " + command.words)));
    EXPECT_EQ(out.find('\x1b'), std::string::npos);
    std::istringstream lines(out);
    size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) EXPECT_LE(line.size(), 80u) << line;
    if (command.runs) {
      EXPECT_LE(count, 24u) << command.words;
    }
  }
}

TEST_F(Program, HasExamplesThatParse) {
  for (const CommandEntry& command : tree_) {
    std::vector<std::string> examples = examplesOf(command.words);
    for (const std::string& example : examples) {
      EXPECT_LE(example.size(), 76u) << example;
      EXPECT_TRUE(example.starts_with("hearthgate "));
      EXPECT_THAT(command.footer, HasSubstr(example));
      // Words as a shell would give them; examples use single quotes only.
      std::vector<std::string> arguments(1);
      bool quoted = false;
      for (char c : example.substr(std::string("hearthgate ").size())) {
        if (c == '\'')
          quoted = !quoted;
        else if (c == ' ' && !quoted)
          arguments.emplace_back();
        else
          arguments.back() += c;
      }
      CLI::App program{kProgramHelp, "hearthgate"};
      Options options;
      Chosen chosen;
      fillProgram(program, options, chosen, "DIR");
      std::reverse(arguments.begin(), arguments.end());
      EXPECT_NO_THROW(program.parse(arguments)) << example;
      EXPECT_TRUE(chosen.body) << example;
    }
  }
}

TEST_F(Program, EndsEveryCommandWithTwoAndAProblemForWhatItDoesNotKnow) {
  for (const CommandEntry& command : tree_) {
    std::vector<std::string> arguments = fit(command);
    arguments.insert(arguments.end(), {"--json", "--no-such-option"});
    EXPECT_EQ(run(arguments), 2) << command.words;
    EXPECT_EQ(out, "") << command.words;
    EXPECT_EQ(textAt(boost::json::parse(err), "code"), "usage") << command.words;
  }
  EXPECT_TRUE(server.asked().empty());
}

TEST_F(Program, EndsEveryCommandWithThreeWhenThereIsNoGateway) {
  for (const CommandEntry& command : tree_) {
    if (!command.runs || local(command)) continue;
    std::vector<std::string> arguments = fit(command);
    arguments.insert(arguments.end(), {"--json", "--yes"});
    EXPECT_EQ(runBare(arguments), 3) << command.words << ": " << err;
    EXPECT_EQ(out, "") << command.words;
    EXPECT_EQ(textAt(boost::json::parse(err), "code"), "not_reachable") << command.words;
  }
}

TEST_F(Program, EndsEveryCommandWithOneAndTheGatewaysProblemAsItIs) {
  for (const CommandEntry& command : tree_) {
    // The fixture's server answers these two, because names of homes are looked up there.
    if (!command.runs || local(command) || command.words == "status" || command.words == "home list") continue;
    std::vector<std::string> arguments = fit(command);
    arguments.insert(arguments.end(), {"--json", "--yes"});
    answers = {"y", "y"};
    // The server knows no answer to anything but names: it gives the problem `not_scripted`.
    EXPECT_EQ(run(arguments), 1) << command.words << ": " << err;
    EXPECT_EQ(out, "") << command.words;
    boost::json::error_code error;
    Json problem = boost::json::parse(err, error);
    EXPECT_FALSE(error) << command.words << ": " << err;
    EXPECT_NE(textAt(problem, "code"), "") << command.words;
  }
}

TEST_F(Program, PrintsOneJsonDocumentFromCommandsThatNeedNoGateway) {
  for (const CommandEntry& command : tree_) {
    if (!command.runs || !local(command)) continue;
    std::vector<std::string> arguments = fit(command);
    arguments.push_back("--json");
    EXPECT_EQ(runBare(arguments), 0) << command.words << ": " << err;
    boost::json::error_code error;
    EXPECT_TRUE(boost::json::parse(out, error).is_object()) << command.words;
    EXPECT_EQ(err, "");
  }
}

TEST_F(Program, NamesEveryCommandAndOptionInTheManualPageAndEveryCompletion) {
  ASSERT_EQ(runBare({"man"}), 0);
  std::string page = out;
  std::vector<std::string> completions;
  for (const char* shell : {"bash", "zsh", "fish"}) {
    ASSERT_EQ(runBare({"completion", shell}), 0);
    completions.push_back(out);
  }
  for (const CommandEntry& command : tree_) {
    if (command.runs) {
      EXPECT_THAT(page, HasSubstr(".SS \"" + roffText(usageOf(command)) + "\"")) << command.words;
    }
    for (const std::string& text : completions) EXPECT_THAT(text, HasSubstr(command.words));
    for (const OptionEntry& option : command.options) {
      EXPECT_THAT(page, HasSubstr(roffText(option.names.back())));
      EXPECT_THAT(completions[0], HasSubstr(option.names.back()));
      EXPECT_THAT(completions[1], HasSubstr("'" + option.names.back() + ":"));
      EXPECT_THAT(completions[2], HasSubstr("-l " + option.names.back().substr(2)));
    }
  }
  EXPECT_EQ(page.find(default_data), std::string::npos) << "a page is the same wherever it is made";
}

TEST_F(Program, WritesTheReportIntoANewFileOfItsOwner) {
  char name[] = "/tmp/hearthgate-cli-XXXXXX";
  std::string file = std::string(mkdtemp(name)) + "/report.json";
  server.answer("GET /api/v1/report", 200, R"({"report":1,"log":["a","b"]})");
  EXPECT_EQ(run({"report", "--json"}), 0);
  EXPECT_EQ(out, "{\"report\":1,\"log\":[\"a\",\"b\"]}\n");
  EXPECT_EQ(run({"report"}), 0);
  EXPECT_EQ(out, "{\n\"report\": 1,\n\"log\": [\n  \"a\",\n  \"b\"]\n}\n");
  size_t out_of_report = out.size();
  EXPECT_EQ(run({"report", "--output", file}), 0);
  EXPECT_THAT(out, HasSubstr("wrote " + file));
  struct stat about {};
  ASSERT_EQ(::stat(file.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  EXPECT_EQ(about.st_size, static_cast<off_t>(out_of_report));
  EXPECT_EQ(run({"report", "--output", file}), 1) << "nothing is written over";
  EXPECT_THAT(err, HasSubstr("cannot make " + file));
  std::filesystem::remove_all(name);
}

}  // namespace
}  // namespace hearthgate::cli
