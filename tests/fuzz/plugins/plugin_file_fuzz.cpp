// A file in the plugin folder that is none, or was damaged or made to harm: it is judged from its bytes alone, and only
// a whole shared library with a right descriptor is taken. The bytes of the input may be laid over a real plugin.
#include <sys/stat.h>

#include <fstream>

#include "base/assert.h"
#include "base/utf8.h"
#include "fuzz/input.h"
#include "hearthgate/descriptor.h"
#include "plugin_host/plugin_file.h"
#include "unit/trust/support.h"

using namespace hearthgate;

namespace {

// A small plugin that was built with the fuzzer.
std::string realPlugin() {
  std::ifstream in(HEARTHGATE_FUZZ_PLUGIN, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  HG_ASSERT(!bytes.empty());
  return bytes;
}

// Real plugins with edits at places of the input; an edit that names no place goes to the headers or the descriptor.
std::string edited(const std::string& real, fuzz::Input* input) {
  std::string bytes = real;
  size_t descriptor = bytes.find(sdk::kDescriptorMagic);
  HG_ASSERT(descriptor != std::string::npos);
  for (size_t edits = input->below(8); edits > 0; --edits) {
    size_t at = 0;
    switch (input->below(4)) {
      case 0:
        at = input->byte() % 64u;
        break;  // the ELF header
      case 1:
        at = descriptor + (input->byte() * 256u + input->byte()) % sizeof(sdk::Descriptor);
        break;
      case 2:
        at = bytes.size() - 1 - (input->byte() * 256u + input->byte()) % 4096;
        break;  // the section table
      default:
        at = input->byte() * 65536u + input->byte() * 256u + input->byte();
    }
    bytes[at % bytes.size()] = static_cast<char>(input->byte());
  }
  if (input->below(4) == 0) bytes.resize((input->byte() * 256u + input->byte()) % bytes.size());
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static trust::TemporaryFolder folder;
  static const std::string real = realPlugin();
  static const std::string path = folder.file("seed.so");
  fuzz::Input input(data, size);
  std::string bytes = input.flag() ? edited(real, &input) : std::string(input.rest());
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  ::chmod(path.c_str(), 0644);
  auto file = plugin_host::openPluginFile(path);
  if (!file.ok()) {
    HG_ASSERT(isUtf8(file.error().message) && file.error().message.size() < 2000);
    HG_ASSERT(file.error().code.starts_with("plugin_") || file.error().code == "file_unreadable");
    return 0;
  }
  const plugin_host::PluginFacts& facts = file->facts;
  HG_ASSERT(facts.name == "seed" && plugin_host::isPluginName(facts.name));
  HG_ASSERT(facts.roles != 0 && !plugin_host::roleNames(facts.roles).empty());
  for (const plugin_host::Need& need : facts.needs) HG_ASSERT(!need.capability.empty() && need.revision > 0);
  return 0;
}
