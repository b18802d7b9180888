// A configuration file and an environment that anybody may have written: every mistake is one readable line, and what
// is taken is taken again in the same way when it is written out.
#include <algorithm>
#include <string>

#include "base/assert.h"
#include "base/utf8.h"
#include "config/config.h"
#include "config/tuning.h"
#include "model/json.h"

using namespace hearthgate;

namespace {

// Lines `NAME=VALUE` up to an empty one are the environment, the rest is the file.
config::Sources sources(std::string_view input) {
  config::Sources out;
  out.file_name = "home.yaml";
  out.plugins = std::vector<std::string>{"lan", "poi"};
  while (true) {
    size_t end = std::min(input.find('\n'), input.size());
    std::string_view line = input.substr(0, end);
    size_t equals = line.find('=');
    if (!line.starts_with(std::string_view("HEARTHGATE_")) || equals == std::string_view::npos) break;
    // A process's environment holds no zero bytes.
    std::string value(line.substr(equals + 1));
    std::erase(value, '\0');
    out.environment[std::string(line.substr(0, equals))] = value;
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  out.text = std::string(input);
  return out;
}

void checkProblems(const config::Loaded& loaded) {
  HG_ASSERT(loaded.problems.size() <= config::kMaxProblems + 1);
  for (const config::Problem& problem : loaded.problems) {
    std::string text = problem.text();
    HG_ASSERT(!problem.what.empty() && isUtf8(text) && text.size() < 4096);
    HG_ASSERT(std::none_of(text.begin(), text.end(),
                           [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }));
  }
}

// The variables that say what `loaded` says.
config::Environment environmentOf(const config::Loaded& loaded) {
  config::Environment out;
  for (const config::Setting& setting : loaded.settings) {
    HG_ASSERT(isUtf8(setting.value));
    auto json = model::parseJson(setting.value, config::kMaxDepth + 1);
    HG_ASSERT(json.ok());
    if (json->isNull()) continue;
    // What no environment can hold.
    std::string text = json->isString() ? json->text : setting.value;
    if (text.find('\0') != std::string::npos) continue;
    out[config::variableOf(setting.key)] = text;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  config::Loaded loaded = config::load(sources({reinterpret_cast<const char*>(data), size}));
  checkProblems(loaded);
  if (!loaded.ok()) return 0;
  config::Loaded again = config::load({"", "", environmentOf(loaded), std::vector<std::string>{"lan", "poi"}});
  checkProblems(again);
  HG_ASSERT(again.ok() && again.settings.size() == loaded.settings.size());
  for (size_t i = 0; i < again.settings.size(); ++i) {
    HG_ASSERT(again.settings[i].key == loaded.settings[i].key);
    HG_ASSERT(again.settings[i].value == loaded.settings[i].value);
  }
  HG_ASSERT(again.config.plugins == loaded.config.plugins);
  return 0;
}
