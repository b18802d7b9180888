#include "trust/framed_file.h"

#include "trust/crypto.h"
#include "trust/wire.h"

namespace hearthgate::trust {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint8_t kNotSealed = 0;
constexpr uint8_t kPassphrase = 1;
constexpr size_t kChecksumBytes = 32;

}  // namespace

std::string framed(std::string_view magic, std::string_view content, const Seal* seal) {
  Writer writer;
  writer.raw(magic).u8(kVersion).u8(seal ? kPassphrase : kNotSealed);
  std::string file = writer.take();
  // In one piece, because growing would leave copies of the content behind.
  std::string sealed = seal ? seal->close(file, content) : std::string();
  std::string_view inside = seal ? std::string_view(sealed) : content;
  file.reserve(file.size() + inside.size() + kChecksumBytes);
  file += inside;
  file += sha256Bytes(file);
  return file;
}

Result<OpenedFile> openFramed(const std::string& path, std::string_view magic, std::string_view bytes,
                              const std::shared_ptr<const Seal>& known, std::string_view passphrase) {
  size_t head = magic.size() + 2;
  if (bytes.size() < head + kChecksumBytes || !bytes.starts_with(magic)) {
    return corruptFile(magic, path, "it is no file of this kind");
  }
  if (static_cast<uint8_t>(bytes[magic.size()]) != kVersion) return corruptFile(magic, path, "a newer version wrote it");
  std::string_view checked = bytes.substr(0, bytes.size() - kChecksumBytes);
  if (sha256Bytes(checked) != bytes.substr(checked.size())) return corruptFile(magic, path, "its checksum is wrong");
  std::string_view before = checked.substr(0, head), inside = checked.substr(head);
  auto seal_byte = static_cast<uint8_t>(bytes[magic.size() + 1]);
  if (seal_byte == kNotSealed) return OpenedFile{std::string(inside), nullptr};
  if (seal_byte != kPassphrase) return corruptFile(magic, path, "it is sealed in a way that this version does not know");
  std::shared_ptr<const Seal> seal = known;
  if (!seal || !seal->fits(inside)) {
    if (passphrase.empty()) {
      return trustError("identity_sealed", path + " is sealed with a passphrase, and none was given (name a file that has it "
                                                  "in sharing.sync.encryption.passphrase_file)");
    }
    auto made = Seal::of(inside, passphrase);
    if (!made.ok() && made.error().code == "seal_malformed") return corruptFile(magic, path, made.error().message);
    if (!made.ok()) return std::move(made).error();
    seal = std::move(*made);
  }
  std::optional<std::string> content = seal->open(before, inside);
  if (content) return OpenedFile{std::move(*content), std::move(seal)};
  if (seal == known) return corruptFile(magic, path, "it was changed after it had been sealed");
  return trustError("passphrase_wrong", "it does not open " + path +
                                            " (give the one that this was sealed with; when that is lost, rebuild the home "
                                            "from its recovery words)");
}

Error corruptFile(std::string_view magic, const std::string& path, const std::string& what) {
  const char* next = magic == kSeedMagic ? "restore it from a backup, or remove it: then nothing but paper has the recovery words"
                                         : "restore it from a backup, or rebuild the home from its recovery words";
  return storageError("identity_corrupt", path + " cannot be used: " + what + " (" + next + ")");
}

}  // namespace hearthgate::trust
