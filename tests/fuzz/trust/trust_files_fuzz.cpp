// The private files of a home as a damaged card or another hand may have left them: identity, recovery seed and admin
// token. With a right checksum too, so that more than the checksum is met. What is not wholly right is refused with a
// sentence, and what is loaded is what was written.
#include <sys/stat.h>

#include <fstream>

#include "base/assert.h"
#include "base/utf8.h"
#include "fuzz/input.h"
#include "trust/crypto.h"
#include "trust/identity.h"
#include "trust/token.h"
#include "trust/words.h"
#include "unit/trust/support.h"

using namespace hearthgate;
using namespace hearthgate::trust;

namespace {

constexpr size_t kChecksumBytes = 32;

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  ::chmod(path.c_str(), 0600);
}

// A folder of this process with a whole identity and token, and what they hold.
struct Folder {
  TemporaryFolder folder;
  std::string path = folder.path();
  std::string key, seed, token;
  HomeId home;

  static Folder& get() {
    static Folder folder;
    return folder;
  }

  Folder() {
    SeededRandom random(1);
    auto identity = Identity::create(path, random);
    HG_ASSERT(identity.ok() && AdminToken::loadOrCreate(path + "/token", random).ok());
    home = identity->home();
    key = read(path + "/sharing_key");
    seed = read(path + "/recovery.seed");
    token = read(path + "/token");
    HG_ASSERT(!key.empty() && !seed.empty() && !token.empty());
  }
};

// The whole file with edits, or other bytes; its checksum made right when asked for.
std::string damaged(const std::string& whole, bool has_checksum, fuzz::Input* input) {
  uint8_t how = input->byte();
  std::string bytes = whole;
  if (how & 1) {
    for (size_t edits = 1 + input->below(4); edits > 0; --edits) {
      bytes[(input->byte() * 256u + input->byte()) % bytes.size()] = static_cast<char>(input->byte());
    }
    if (how & 2) bytes.resize(input->byte() * 8u % (bytes.size() + 1));
  } else if (how & 2) {
    // What follows the magic is free.
    size_t head = input->below(16);
    bytes = whole.substr(0, head) + std::string(input->rest());
    if (has_checksum) bytes.append(kChecksumBytes, '\0');
  } else {
    bytes = std::string(input->rest());
  }
  if (has_checksum && (how & 4) && bytes.size() >= kChecksumBytes) {
    bytes.resize(bytes.size() - kChecksumBytes);
    bytes += sha256Bytes(bytes);
  }
  return bytes;
}

void checkRefusal(const Error& error) { HG_ASSERT(!error.code.empty() && isUtf8(error.message)); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  Folder& folder = Folder::get();
  switch (input.below(3)) {
    case 0: {
      std::string bytes = damaged(folder.key, true, &input);
      write(folder.path + "/sharing_key", bytes);
      auto identity = Identity::load(folder.path);
      if (!identity.ok()) {
        checkRefusal(identity.error());
        break;
      }
      // Keys of ours that were signed for, or another whole identity; never a mixture.
      HG_ASSERT(identity->home() == identity->chain().front().home);
      HG_ASSERT(verifyChain(identity->home(), identity->chain()).ok());
      HG_ASSERT(identity->operatingKey().spki() == identity->operatingSpki());
      break;
    }
    case 1: {
      write(folder.path + "/sharing_key", folder.key);
      write(folder.path + "/recovery.seed", damaged(folder.seed, true, &input));
      auto identity = Identity::load(folder.path);
      HG_ASSERT(identity.ok());
      auto words = identity->recoveryWords();
      if (!words.ok()) {
        checkRefusal(words.error());
        break;
      }
      // None where the file says that they were written down: it was overwritten, and not yet removed.
      if (!words->has_value()) break;
      // Only the seed of this very home is shown.
      std::string text;
      for (const std::string& word : **words) text += word + " ";
      auto seed = parseRecoveryWords(text);
      HG_ASSERT(seed.ok() && homeIdOf(rootKeyOf(*seed).spki()) == folder.home);
      break;
    }
    default: {
      write(folder.path + "/token", damaged(folder.token, false, &input));
      SeededRandom random(2);
      auto token = AdminToken::loadOrCreate(folder.path + "/token", random);
      if (!token.ok()) {
        checkRefusal(token.error());
        break;
      }
      HG_ASSERT(token->text().size() == 52 && token->matches(token->text()));
      HG_ASSERT(!token->matches("") && !token->matches(std::string_view(token->text()).substr(1)));
      std::string_view presented = input.rest();
      HG_ASSERT(token->matches(presented) == (presented == token->text()));
    }
  }
  return 0;
}
