// Completions of bash, zsh and fish, from the tree of commands. Each walks over the words that were typed to know the
// command, passing over the values of options, and offers what may follow.
#include <set>

#include "cli/program.h"

namespace hearthgate::cli {
namespace {

bool isPath(const std::string& value) { return value == "FILE" || value == "DIR"; }

std::string joined(const std::vector<std::string>& words, const std::string& between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// Options whose value is `wanted`, of all commands.
std::vector<std::string> optionsWith(const std::vector<CommandEntry>& tree,
                                     const std::function<bool(const OptionEntry&)>& wanted) {
  std::set<std::string> found;
  for (const CommandEntry& command : tree) {
    for (const OptionEntry& option : command.options) {
      if (wanted(option)) found.insert(option.names.begin(), option.names.end());
    }
  }
  return {found.begin(), found.end()};
}

std::vector<std::string> withValue(const std::vector<CommandEntry>& tree) {
  return optionsWith(tree, [](const OptionEntry& option) { return !option.value.empty(); });
}

// What may follow a command: its commands, the values that its arguments may have, its options.
struct Offer {
  std::vector<std::pair<std::string, std::string>> words;  // with what they are
  bool paths = false;                                      // an argument is a file
};

Offer offerOf(const std::vector<CommandEntry>& tree, const CommandEntry& command) {
  Offer offer;
  for (const CommandEntry& below : tree) {
    size_t space = below.words.rfind(' ');
    std::string parent = space == std::string::npos ? "" : below.words.substr(0, space);
    if (!below.words.empty() && parent == command.words)
      offer.words.emplace_back(below.words.substr(space + 1), below.help);
  }
  for (const OptionEntry& argument : command.arguments) {
    for (const std::string& choice : argument.choices) offer.words.emplace_back(choice, argument.help);
    offer.paths = offer.paths || isPath(argument.names.front());
  }
  auto add = [&](const std::vector<OptionEntry>& options) {
    for (const OptionEntry& option : options) {
      for (const std::string& name : option.names) offer.words.emplace_back(name, option.help);
    }
  };
  add(command.options);
  if (!command.words.empty()) add(tree.front().options);
  return offer;
}

// How bash and zsh walk over the words that were typed, from `first` to before `end`: `command` is what was understood.
std::string walk(const std::vector<CommandEntry>& tree, const std::string& words, const std::string& first,
                 const std::string& end) {
  std::vector<std::string> known;
  for (const CommandEntry& command : tree) {
    if (!command.words.empty()) known.push_back(quoted(" " + command.words));
  }
  return "  for ((place = " + first + "; place < " + end + "; place++)); do\n    word=\"${" + words +
         "[place]}\"\n    case \"$word\" in\n      " + joined(withValue(tree), "|") +
         ") ((place++)); continue ;;\n      -*) continue ;;\n    esac\n    case \"$command $word\" in\n      " +
         joined(known, "|") + ") command=\"$command $word\" ;;\n    esac\n  done\n";
}

std::string bash(const std::vector<CommandEntry>& tree) {
  std::string out =
      "# bash completion of hearthgate; `hearthgate completion bash` prints it.\n"
      "_hearthgate() {\n"
      "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD - 1]}\" command='' word place\n"
      "  COMPREPLY=()\n" +
      walk(tree, "COMP_WORDS", "1", "COMP_CWORD") +
      "  case \"$command $previous\" in\n";
  for (const CommandEntry& command : tree) {
    for (const OptionEntry& option : command.options) {
      if (option.choices.empty()) continue;
      std::string at = command.words.empty() ? "" : " " + command.words;
      out += "    " + quoted(at + " " + option.names.back()) + ")\n      COMPREPLY=($(compgen -W " +
             quoted(joined(option.choices, " ")) + " -- \"$current\"))\n      return ;;\n";
    }
  }
  out += "  esac\n  case \"$previous\" in\n";
  auto paths = optionsWith(tree, [](const OptionEntry& option) { return isPath(option.value); });
  if (!paths.empty()) {
    out += "    " + joined(paths, "|") + ")\n      COMPREPLY=($(compgen -f -- \"$current\"))\n      return ;;\n";
  }
  out += "    " + joined(withValue(tree), "|") + ") return ;;\n  esac\n  case \"$command\" in\n";
  for (const CommandEntry& command : tree) {
    Offer offer = offerOf(tree, command);
    std::vector<std::string> words;
    for (const auto& [word, about] : offer.words) words.push_back(word);
    out += "    " + quoted(command.words.empty() ? "" : " " + command.words) + ") COMPREPLY=($(compgen " +
           (offer.paths ? "-f " : "") + "-W " + quoted(joined(words, " ")) + " -- \"$current\")) ;;\n";
  }
  return out + "  esac\n}\ncomplete -F _hearthgate hearthgate\n";
}

// `word:about` for _describe.
std::string described(const std::pair<std::string, std::string>& word) {
  std::string text = word.first;
  for (size_t at = text.find(':'); at != std::string::npos; at = text.find(':', at + 2)) text.insert(at, "\\");
  return quoted(text + ":" + word.second);
}

std::string zsh(const std::vector<CommandEntry>& tree) {
  std::string out =
      "#compdef hearthgate\n"
      "# zsh completion of hearthgate; `hearthgate completion zsh` prints it.\n"
      "_hearthgate() {\n"
      "  local command='' word place\n"
      "  local -a offered\n" +
      walk(tree, "words", "2", "CURRENT") +
      "  case \"${words[CURRENT - 1]}\" in\n";
  auto paths = optionsWith(tree, [](const OptionEntry& option) { return isPath(option.value); });
  if (!paths.empty()) out += "    " + joined(paths, "|") + ") _files; return ;;\n";
  for (const CommandEntry& command : tree) {
    for (const OptionEntry& option : command.options) {
      if (!option.choices.empty()) {
        out += "    " + option.names.back() + ") compadd -- " + joined(option.choices, " ") + "; return ;;\n";
      }
    }
  }
  out += "    " + joined(withValue(tree), "|") + ") return ;;\n  esac\n  case \"$command\" in\n";
  for (const CommandEntry& command : tree) {
    Offer offer = offerOf(tree, command);
    out += "    " + quoted(command.words.empty() ? "" : " " + command.words) + ")\n      offered=(\n";
    for (const auto& word : offer.words) out += "        " + described(word) + "\n";
    out += std::string("      )\n") + (offer.paths ? "      _files\n" : "") + "      ;;\n";
  }
  return out + "  esac\n  _describe 'hearthgate' offered\n}\n_hearthgate \"$@\"\n";
}

std::string fish(const std::vector<CommandEntry>& tree) {
  std::vector<std::string> known;
  for (const CommandEntry& command : tree) {
    if (!command.words.empty()) known.push_back(quoted(command.words));
  }
  std::string out =
      "# fish completion of hearthgate; `hearthgate completion fish` prints it.\n"
      "function __hearthgate_at\n"
      "  set -l command\n"
      "  set -l skip 0\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    if test $skip = 1\n"
      "      set skip 0\n"
      "      continue\n"
      "    end\n"
      "    switch $word\n"
      "      case " +
      joined(withValue(tree), " ") +
      "\n"
      "        set skip 1\n"
      "      case '-*'\n"
      "      case '*'\n"
      "        set -l longer (string join ' ' $command $word)\n"
      "        if contains -- $longer " +
      joined(known, " ") +
      "\n"
      "          set command $command $word\n"
      "        end\n"
      "    end\n"
      "  end\n"
      "  test (string join ' ' $command) = \"$argv\"\n"
      "end\n"
      "complete -c hearthgate -f\n";
  for (const CommandEntry& command : tree) {
    std::string at = "complete -c hearthgate -n " + quoted("__hearthgate_at " + command.words) + " ";
    Offer offer = offerOf(tree, command);
    for (const auto& [word, about] : offer.words) {
      if (!word.starts_with('-')) out += at + "-a " + quoted(word) + " -d " + quoted(about) + "\n";
    }
    if (offer.paths) out += at + "-F\n";
    for (const OptionEntry& option : command.options) {
      // The program's own are offered everywhere.
      std::string line = command.words.empty() ? "complete -c hearthgate " : at;
      for (const std::string& name : option.names)
        line += name.starts_with("--") ? "-l " + name.substr(2) + " " : "-s " + name.substr(1) + " ";
      if (!option.value.empty()) line += "-r ";
      if (isPath(option.value)) line += "-F ";
      if (!option.choices.empty()) line += "-a " + quoted(joined(option.choices, " ")) + " ";
      out += line + "-d " + quoted(option.help) + "\n";
    }
  }
  return out;
}

}  // namespace

std::string completion(const std::vector<CommandEntry>& tree, const std::string& shell) {
  return shell == "zsh" ? zsh(tree) : shell == "fish" ? fish(tree) : bash(tree);
}

}  // namespace hearthgate::cli
