// The private files of a home as a damaged card or another hand may have left them: identity and recovery seed, as they are
// and sealed, and admin token. With a right checksum too, so that more than the checksum is met. What is not wholly right is
// refused with a sentence, and what is loaded is what was written.
#include <sys/stat.h>

#include <fstream>

#include "base/assert.h"
#include "base/utf8.h"
#include "fuzz/input.h"
#include "trust/crypto.h"
#include "trust/framed_file.h"
#include "trust/identity.h"
#include "trust/token.h"
#include "trust/wire.h"
#include "trust/words.h"
#include "unit/trust/support.h"

using namespace hearthgate;
using namespace hearthgate::trust;

namespace {

constexpr size_t kChecksumBytes = 32;
constexpr const char* kPassphrase = "open sesame";
// More is allowed and takes seconds; what is not allowed is refused before.
constexpr uint32_t kMostMemoryKib = 1024;

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

// A folder whose identity is sealed, cheaply, and what its files hold; the third as while the passphrase changes.
struct SealedFolder {
  TemporaryFolder folder;
  std::string path = folder.path();
  std::string key, seed, next;
  std::string operating;
  HomeId home;

  static SealedFolder& get() {
    static SealedFolder folder;
    return folder;
  }

  SealedFolder() {
    SeededRandom random(3);
    IdentityFiles files(path);
    files.seal = Seal::make(kPassphrase, {64, 1, 1}).value();
    auto identity = Identity::create(files, random);
    HG_ASSERT(identity.ok());
    home = identity->home();
    operating = identity->operatingSpki();
    key = read(files.keyPath());
    seed = read(files.seedPath());
    auto another = identity->resealed(Seal::make("another", {64, 1, 1}).value());
    HG_ASSERT(another.ok());
    next = read(files.seedPath());
  }
};

bool takesSeconds(const std::string& bytes, size_t magic) {
  if (bytes.size() < magic + 2 || bytes[magic + 1] != 1) return false;
  uint32_t memory_kib = Reader(std::string_view(bytes).substr(magic + 2)).u32();
  return memory_kib > kMostMemoryKib && memory_kib <= kMaxSealMemoryKib;
}

void checkRefusal(const Error& error) { HG_ASSERT(!error.code.empty() && isUtf8(error.message)); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  Folder& folder = Folder::get();
  switch (input.below(4)) {
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
      if (!identity.ok()) {
        // Words that somebody sealed, and nothing else, keep a home from starting.
        HG_ASSERT(identity.error().code == "identity_sealed");
        checkRefusal(identity.error());
        break;
      }
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
    case 2: {
      // Whichever of the files is damaged: this very home, or a refusal.
      SealedFolder& sealed = SealedFolder::get();
      size_t which = input.below(4);
      bool other_seed = input.flag();
      std::string key = which == 0 ? damaged(sealed.key, true, &input) : sealed.key;
      std::string seed = which == 1 ? damaged(sealed.seed, true, &input) : other_seed ? sealed.next : sealed.seed;
      std::string next = which == 2 ? damaged(sealed.seed, true, &input) : sealed.seed;
      if (takesSeconds(key, kKeyMagic.size()) || takesSeconds(seed, kSeedMagic.size()) || takesSeconds(next, kSeedMagic.size())) break;
      write(sealed.path + "/sharing_key", key);
      write(sealed.path + "/recovery.seed", seed);
      write(sealed.path + "/recovery.seed.next", next);
      auto identity = Identity::load(sealed.path, which == 3 ? input.rest() : kPassphrase);
      if (!identity.ok()) {
        checkRefusal(identity.error());
        HG_ASSERT(read(sealed.path + "/sharing_key") == key && read(sealed.path + "/recovery.seed") == seed);
        break;
      }
      HG_ASSERT(which != 3 || input.rest() == kPassphrase);
      HG_ASSERT(identity->sealed() && identity->home() == sealed.home && identity->operatingSpki() == sealed.operating);
      auto words = identity->recoveryWords();
      if (!words.ok()) checkRefusal(words.error());
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
