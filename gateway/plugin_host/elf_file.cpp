// System V ABI, chapters 4 and 5 (ELF header, sections, symbol table); types from <elf.h>.
#include "plugin_host/elf_file.h"

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "plugin_host/tuning.h"

namespace hearthgate::plugin_host {
namespace {

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
constexpr const char* kMachineName = "amd64";
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
constexpr const char* kMachineName = "arm64";
#else
#error "name this machine's ELF number here"
#endif

Error truncated(const std::string& what) {
  return pluginError("plugin_truncated", "it is cut off or damaged: " + what + " lies outside of the file");
}

class Bytes {
 public:
  Bytes(int fd, uint64_t size) : fd_(fd), size_(size) {}

  bool holds(uint64_t offset, uint64_t bytes) const { return offset <= size_ && bytes <= size_ - offset; }

  Status read(uint64_t offset, void* out, uint64_t bytes, const char* what) const {
    if (!holds(offset, bytes)) return truncated(what);
    auto* to = static_cast<char*>(out);
    while (bytes > 0) {
      const ssize_t got = ::pread(fd_, to, bytes, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return pluginError("file_unreadable", std::string("reading it failed: ") + std::strerror(errno));
      if (got == 0) return truncated(what);  // It became shorter meanwhile.
      to += got;
      offset += static_cast<uint64_t>(got);
      bytes -= static_cast<uint64_t>(got);
    }
    return {};
  }

  // A whole table of the file; `limit` keeps a hostile size from becoming our memory.
  Result<std::string> table(const Elf64_Shdr& section, uint64_t limit, const char* what) const {
    if (section.sh_type == SHT_NOBITS || !holds(section.sh_offset, section.sh_size)) return truncated(what);
    if (section.sh_size > limit) {
      return pluginError("plugin_truncated", std::string("it is damaged: ") + what + " has an impossible size");
    }
    std::string out(section.sh_size, '\0');
    HG_CHECK(read(section.sh_offset, out.data(), out.size(), what));
    return out;
  }

 private:
  const int fd_;
  const uint64_t size_;
};

// Whether the NUL-ended text at `offset` of `table` is `wanted`.
bool nameIs(const std::string& table, uint64_t offset, std::string_view wanted) {
  return offset < table.size() && table.size() - offset > wanted.size() && table[offset + wanted.size()] == '\0' &&
         table.compare(offset, wanted.size(), wanted) == 0;
}

Status checkHeader(const Elf64_Ehdr& header) {
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return pluginError("plugin_not_elf", "it is no shared library (ELF)");
  }
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_machine != kMachine) {
    return pluginError("plugin_wrong_architecture",
                       std::string("it was built for another architecture; this gateway runs on ") + kMachineName);
  }
  if (header.e_type != ET_DYN)
    return pluginError("plugin_not_elf", "it is a program or object file, no shared library");
  if (header.e_shoff == 0 || header.e_shnum == 0) {
    return pluginError("plugin_no_descriptor",
                       "it has no section table, so no descriptor; was it stripped of sections?");
  }
  if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shnum > kMaxSections ||
      header.e_shstrndx >= header.e_shnum) {
    return truncated("the section table");
  }
  return {};
}

// What the loader would map has to be in the file: a page beyond its end ends the process at the first touch.
Status checkSegments(const Bytes& bytes, const Elf64_Ehdr& header) {
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > kMaxSegments) {
    return truncated("the segment table");
  }
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  HG_CHECK(bytes.read(header.e_phoff, segments.data(), segments.size() * sizeof(Elf64_Phdr), "the segment table"));
  for (const Elf64_Phdr& one : segments) {
    if (one.p_type != PT_LOAD && one.p_type != PT_DYNAMIC) continue;
    if (!bytes.holds(one.p_offset, one.p_filesz)) return truncated("a segment");
    if (one.p_filesz > one.p_memsz || one.p_memsz > kMaxSegmentBytes) {
      return pluginError("plugin_truncated", "it is damaged: a segment has an impossible size");
    }
  }
  return {};
}

Result<bool> exportsFunction(const Bytes& bytes, const std::vector<Elf64_Shdr>& sections, std::string_view symbol) {
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type != SHT_DYNSYM) continue;
    if (section.sh_link >= sections.size()) return truncated("the names of its symbols");
    HG_TRY(const std::string symbols, bytes.table(section, kMaxSymbolTableBytes, "the symbol table"));
    HG_TRY(const std::string names,
           bytes.table(sections[section.sh_link], kMaxSymbolTableBytes, "the names of its symbols"));
    for (size_t at = 0; symbols.size() - at >= sizeof(Elf64_Sym); at += sizeof(Elf64_Sym)) {
      Elf64_Sym one;
      std::memcpy(&one, symbols.data() + at, sizeof one);
      if (one.st_shndx != SHN_UNDEF && ELF64_ST_TYPE(one.st_info) == STT_FUNC && nameIs(names, one.st_name, symbol)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

Result<ElfFacts> readElf(int fd, std::string_view section, size_t section_bytes, std::string_view symbol) {
  struct stat about {};
  if (::fstat(fd, &about) != 0) {
    return pluginError("file_unreadable", std::string("asking for its size failed: ") + std::strerror(errno));
  }
  const Bytes bytes(fd, static_cast<uint64_t>(about.st_size));
  Elf64_Ehdr header;
  if (!bytes.holds(0, sizeof header))
    return pluginError("plugin_not_elf", "it is too short to be a shared library (ELF)");
  HG_CHECK(bytes.read(0, &header, sizeof header, "the ELF header"));
  HG_CHECK(checkHeader(header));
  HG_CHECK(checkSegments(bytes, header));

  std::vector<Elf64_Shdr> sections(header.e_shnum);
  HG_CHECK(bytes.read(header.e_shoff, sections.data(), sections.size() * sizeof(Elf64_Shdr), "the section table"));
  HG_TRY(const std::string names,
         bytes.table(sections[header.e_shstrndx], kMaxNameTableBytes, "the names of its sections"));

  ElfFacts facts;
  bool found = false;
  for (const Elf64_Shdr& one : sections) {
    if (!nameIs(names, one.sh_name, section)) continue;
    if (found)
      return pluginError("plugin_no_descriptor", "it has two sections " + std::string(section) + "; one is allowed");
    found = true;
    if (one.sh_type == SHT_NOBITS || !bytes.holds(one.sh_offset, one.sh_size)) return truncated("the descriptor");
    facts.section.resize(std::min<uint64_t>(one.sh_size, section_bytes));
    HG_CHECK(bytes.read(one.sh_offset, facts.section.data(), facts.section.size(), "the descriptor"));
  }
  if (!found) {
    return pluginError("plugin_no_descriptor",
                       "it has no section " + std::string(section) + ", so it is no plugin of Hearthgate");
  }
  HG_TRY(facts.has_symbol, exportsFunction(bytes, sections, symbol));
  return facts;
}

}  // namespace hearthgate::plugin_host
