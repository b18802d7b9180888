#include "plugin_host/plugin_file.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "hearthgate/plugin.h"
#include "unit/plugin_host/sample_files.h"

namespace hearthgate::plugin_host {
namespace {

class PluginFileTest : public ::testing::Test {
 protected:
  static std::string codeOf(const std::string& path) {
    const auto opened = openPluginFile(path);
    if (opened.ok()) return "";
    EXPECT_NE(opened.error().message.find(path), std::string::npos) << opened.error().message;
    EXPECT_EQ(opened.error().message.find('\n'), std::string::npos) << opened.error().message;
    return opened.error().code;
  }
  std::string codeOfBytes(const std::string& bytes) { return codeOf(folder_.write("good", bytes)); }

  // The bytes of the good plugin with its descriptor changed.
  template <typename Change>
  static std::string withDescriptor(Change change) {
    std::string bytes = SampleFolder::bytesOf("good");
    const size_t at = bytes.find("HGPLUGIN");
    sdk::Descriptor descriptor;
    std::memcpy(&descriptor, bytes.data() + at, sizeof descriptor);
    change(descriptor);
    std::memcpy(bytes.data() + at, &descriptor, sizeof descriptor);
    return bytes;
  }
  static std::string withHeader(void (*change)(Elf64_Ehdr&)) {
    std::string bytes = SampleFolder::bytesOf("good");
    Elf64_Ehdr header;
    std::memcpy(&header, bytes.data(), sizeof header);
    change(header);
    std::memcpy(bytes.data(), &header, sizeof header);
    return bytes;
  }

  SampleFolder folder_;
};

TEST_F(PluginFileTest, ReadsWhatAPluginSaysAboutItself) {
  const auto opened = openPluginFile(folder_.copy("good"));
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(opened->facts.name, "good");
  EXPECT_EQ(opened->facts.version, "1.2.3");
  EXPECT_EQ(roleNames(opened->facts.roles), std::vector<std::string>{"bridge"});
  ASSERT_EQ(opened->facts.needs.size(), 5u);
  EXPECT_EQ(opened->facts.needs[4].capability, "request_filter");
  EXPECT_EQ(opened->facts.needs[4].revision, 1u);
  EXPECT_EQ(opened->facts.kinds, std::vector<std::string>{"state"});
}

TEST_F(PluginFileTest, RunsNoCodeOfIt) {
  ::unsetenv("HEARTHGATE_SAMPLE_LOADED_fails_start");  // A test before this one may have loaded it.
  ASSERT_TRUE(openPluginFile(folder_.copy("fails_start")).ok());
  EXPECT_EQ(::getenv("HEARTHGATE_SAMPLE_LOADED_fails_start"), nullptr);
}

TEST_F(PluginFileTest, ReadsTheLanPlugin) {
  const auto opened = openPluginFile(std::string(HEARTHGATE_PLUGINS) + "/lan.so");
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(roleNames(opened->facts.roles), (std::vector<std::string>{"discovery", "transport"}));
}

TEST_F(PluginFileTest, RefusesWhatIsNoLibrary) {
  EXPECT_EQ(codeOf(folder_.file("missing")), "plugin_not_found");
  EXPECT_EQ(codeOfBytes(""), "plugin_not_elf");
  EXPECT_EQ(codeOfBytes("#!/bin/sh\necho no plugin at all, but longer than the header of one is in bytes\n"),
            "plugin_not_elf");
  EXPECT_EQ(codeOfBytes(withHeader([](Elf64_Ehdr& header) { header.e_type = ET_REL; })), "plugin_not_elf");
  std::filesystem::create_directory(folder_.file("folder"));
  EXPECT_EQ(codeOf(folder_.file("folder")), "plugin_not_elf");
  ASSERT_EQ(::mkfifo(folder_.file("pipe").c_str(), 0644), 0);
  EXPECT_EQ(codeOf(folder_.file("pipe")), "plugin_not_elf");
}

TEST_F(PluginFileTest, RefusesAnotherArchitecture) {
  EXPECT_EQ(codeOfBytes(withHeader([](Elf64_Ehdr& header) { header.e_machine = EM_RISCV; })),
            "plugin_wrong_architecture");
  EXPECT_EQ(codeOfBytes(withHeader([](Elf64_Ehdr& header) { header.e_ident[EI_CLASS] = ELFCLASS32; })),
            "plugin_wrong_architecture");
  EXPECT_EQ(codeOfBytes(withHeader([](Elf64_Ehdr& header) { header.e_ident[EI_DATA] = ELFDATA2MSB; })),
            "plugin_wrong_architecture");
}

TEST_F(PluginFileTest, RefusesAFileWithoutDescriptorOrEntryPoint) {
  std::string bytes = SampleFolder::bytesOf("good");
  const size_t at = bytes.find(std::string(".hearthgate") + '\0');
  ASSERT_NE(at, std::string::npos);
  bytes[at + 1] = 'X';
  EXPECT_EQ(codeOfBytes(bytes), "plugin_no_descriptor");
  EXPECT_EQ(codeOfBytes(withHeader([](Elf64_Ehdr& header) { header.e_shoff = header.e_shnum = 0; })),
            "plugin_no_descriptor");
  EXPECT_EQ(codeOf(folder_.copy("no_entry")), "plugin_no_entry_point");
}

TEST_F(PluginFileTest, RefusesADescriptorThatDoesNotFit) {
  using sdk::Descriptor;
  const auto code = [&](auto change) { return codeOfBytes(withDescriptor(change)); };
  EXPECT_EQ(code([](Descriptor&) {}), "");
  EXPECT_EQ(code([](Descriptor& d) { d.magic[0] = 'h'; }), "plugin_bad_descriptor");
  EXPECT_EQ(code([](Descriptor& d) { d.sdk_version = 2; }), "plugin_wrong_sdk");
  EXPECT_EQ(code([](Descriptor& d) { d.build[0] = 'm'; }), "plugin_wrong_sdk");
  EXPECT_EQ(code([](Descriptor& d) { d.size_bytes = 8; }), "plugin_bad_descriptor");
  EXPECT_EQ(code([](Descriptor& d) { d.roles = 0; }), "plugin_bad_descriptor");
  EXPECT_EQ(code([](Descriptor& d) { d.roles = 1u << 31; }), "plugin_bad_descriptor");
  EXPECT_EQ(code([](Descriptor& d) { std::memset(d.id, 'x', sizeof d.id); }), "plugin_bad_descriptor");
  EXPECT_EQ(code([](Descriptor& d) { std::memset(d.needs, 'x', sizeof d.needs); }), "plugin_bad_descriptor");
  EXPECT_EQ(code([](Descriptor& d) { d.version[0] = '\x1b'; }), "plugin_bad_descriptor");
  EXPECT_EQ(code([](Descriptor& d) { std::strcpy(d.id, "other"); }), "plugin_bad_descriptor");
  EXPECT_EQ(code([](Descriptor& d) { std::strcpy(d.id, "../good"); }), "plugin_bad_descriptor");
  EXPECT_EQ(code([](Descriptor& d) { std::strcpy(d.needs, "log"); }), "plugin_bad_descriptor");
  EXPECT_EQ(code([](Descriptor& d) { std::strcpy(d.needs, "log/0"); }), "plugin_bad_descriptor");
  EXPECT_EQ(code([](Descriptor& d) { std::strcpy(d.needs, "log/99999999999"); }), "plugin_bad_descriptor");
  EXPECT_EQ(code([](Descriptor& d) { std::strcpy(d.kinds, "State"); }), "plugin_bad_descriptor");
}

TEST_F(PluginFileTest, RefusesAFileThatIsCutOffAnywhere) {
  const std::string bytes = SampleFolder::bytesOf("good");
  // The section table is at the end, so that every shorter file lacks something.
  for (size_t length = 0; length < bytes.size(); length += 1 + bytes.size() / 97) {
    const std::string code = codeOfBytes(bytes.substr(0, length));
    EXPECT_TRUE(code == "plugin_truncated" || code == "plugin_not_elf") << length << ": " << code;
  }
  EXPECT_EQ(codeOfBytes(bytes.substr(0, bytes.size() - 1)), "plugin_truncated");
}

TEST_F(PluginFileTest, SurvivesEveryDamagedByteOfTheTables) {
  const std::string bytes = SampleFolder::bytesOf("good");
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof header);
  int refused = 0;
  const auto damage = [&](size_t at, char with) {
    std::string damaged = bytes;
    damaged[at] = with;
    const auto opened = openPluginFile(folder_.write("good", damaged));
    if (!opened.ok()) ++refused;
  };
  for (size_t at = 0; at < sizeof header; ++at) {
    damage(at, '\xff');
    damage(at, '\x01');
  }
  for (size_t at = header.e_shoff; at < bytes.size(); at += 3) damage(at, '\xff');
  EXPECT_GT(refused, 20);
}

TEST_F(PluginFileTest, RefusesAFileThatOthersCouldHaveWritten) {
  const std::string path = folder_.copy("good");
  for (const mode_t mode : {0664, 0646, 0666, 0777}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    EXPECT_EQ(codeOf(path), "plugin_unsafe_file") << std::oct << mode;
  }
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  EXPECT_EQ(codeOf(path), "");
}

TEST_F(PluginFileTest, RefusesAFolderThatOthersCouldWriteTo) {
  const std::string path = folder_.copy("good");
  for (const mode_t mode : {0775, 0757, 01777}) {
    ASSERT_EQ(::chmod(folder_.path().c_str(), mode), 0);
    EXPECT_EQ(codeOf(path), "plugin_unsafe_file") << std::oct << mode;
  }
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
  const std::string inner = folder_.path() + "/inner";
  std::filesystem::create_directory(inner);
  std::filesystem::copy(path, inner + "/good.so");
  EXPECT_EQ(codeOf(inner + "/good.so"), "");
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0777), 0);
  EXPECT_EQ(codeOf(inner + "/good.so"), "plugin_unsafe_file") << "folders further up count too";
  ASSERT_EQ(::chmod(folder_.path().c_str(), 01777), 0);
  EXPECT_EQ(codeOf(inner + "/good.so"), "") << "with the sticky bit nobody else can replace the folder";
}

TEST_F(PluginFileTest, ChecksWhereALinkLeadsTo) {
  const std::string path = folder_.copy("good");
  SampleFolder other;
  std::filesystem::create_symlink(path, other.file("good"));
  EXPECT_EQ(codeOf(other.file("good")), "");
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0777), 0);
  EXPECT_EQ(codeOf(other.file("good")), "plugin_unsafe_file");
}

TEST_F(PluginFileTest, ChecksWhereALinkIsToo) {
  const std::string path = folder_.copy("good");
  SampleFolder other;
  std::filesystem::create_symlink(path, other.file("good"));
  ASSERT_EQ(::chmod(other.path().c_str(), 0777), 0);
  EXPECT_EQ(codeOf(other.file("good")), "plugin_unsafe_file") << "anybody could let it lead elsewhere";
  SampleFolder third;
  std::filesystem::create_directory_symlink(folder_.path(), third.path() + "/folder");
  EXPECT_EQ(codeOf(third.path() + "/folder/good.so"), "");
  std::filesystem::create_symlink(folder_.file("nothing"), folder_.file("dangling"));
  EXPECT_EQ(codeOf(folder_.file("dangling")), "plugin_not_found");
  std::filesystem::create_symlink(folder_.file("round"), folder_.file("round"));
  EXPECT_EQ(codeOf(folder_.file("round")), "file_unreadable");
}

TEST_F(PluginFileTest, JudgesAHardLinkByTheFileItself) {
  SampleFolder open;
  const std::string path = open.copy("good");
  ASSERT_EQ(::link(path.c_str(), folder_.file("good").c_str()), 0);
  EXPECT_EQ(codeOf(folder_.file("good")), "");
  ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
  EXPECT_EQ(codeOf(folder_.file("good")), "plugin_unsafe_file") << "the other name has the same bytes";
}

TEST_F(PluginFileTest, RefusesWhatReallyLiesInTheDataDirectory) {
  SampleFolder data;
  const std::string inside = data.copy("good");
  EXPECT_EQ(openPluginFile(inside, data.path()).error().code, "plugin_unsafe_file");
  std::filesystem::create_symlink(inside, folder_.file("good"));
  EXPECT_EQ(openPluginFile(folder_.file("good"), data.path()).error().code, "plugin_unsafe_file");
  EXPECT_TRUE(openPluginFile(folder_.file("good"), data.path() + "x").ok()) << "a name that only begins alike";
}

TEST_F(PluginFileTest, KeepsWhatItCheckedWhenTheFileIsExchanged) {
  const std::string path = folder_.copy("good");
  auto opened = openPluginFile(path);
  ASSERT_TRUE(opened.ok());
  folder_.write("good", SampleFolder::bytesOf("throws_start"));
  char begin[4096];
  ASSERT_EQ(::pread(opened->file.get(), begin, sizeof begin, 0), static_cast<ssize_t>(sizeof begin));
  EXPECT_EQ(std::string(begin, sizeof begin), SampleFolder::bytesOf("good").substr(0, sizeof begin));
}

TEST_F(PluginFileTest, RefusesTwoDescriptors) {
  std::string bytes = SampleFolder::bytesOf("good");
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof header);
  // The section before the names of sections takes the descriptor's name.
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  std::memcpy(sections.data(), bytes.data() + header.e_shoff, sections.size() * sizeof(Elf64_Shdr));
  const Elf64_Shdr& names = sections[header.e_shstrndx];
  const size_t name = bytes.find(std::string(".hearthgate") + '\0', names.sh_offset) - names.sh_offset;
  sections[1].sh_name = static_cast<Elf64_Word>(name);
  std::memcpy(bytes.data() + header.e_shoff, sections.data(), sections.size() * sizeof(Elf64_Shdr));
  EXPECT_EQ(codeOfBytes(bytes), "plugin_no_descriptor");
}

// Sizes that are in the file, because it is full of holes, but in no plugin.
TEST_F(PluginFileTest, RefusesAHugeFileWithoutReadingIt) {
  const auto huge = [this](auto change) {
    std::string bytes = SampleFolder::bytesOf("good");
    Elf64_Ehdr header;
    std::memcpy(&header, bytes.data(), sizeof header);
    change(bytes, header);
    const std::string path = folder_.write("good", bytes);
    EXPECT_EQ(::truncate(path.c_str(), off_t{1} << 40), 0);
    return codeOf(path);
  };
  const auto section = [](std::string& bytes, const Elf64_Ehdr& header, uint32_t type, size_t index) {
    for (size_t i = 0; i < header.e_shnum; ++i) {
      Elf64_Shdr one;
      char* const at = bytes.data() + header.e_shoff + i * sizeof one;
      std::memcpy(&one, at, sizeof one);
      if (index != 0 ? i != index : one.sh_type != type) continue;
      one.sh_size = uint64_t{1} << 39;
      std::memcpy(at, &one, sizeof one);
    }
  };
  EXPECT_EQ(huge([](std::string&, const Elf64_Ehdr&) {}), "") << "bytes after the end do no harm";
  EXPECT_EQ(huge([&](std::string& bytes, const Elf64_Ehdr& header) { section(bytes, header, SHT_DYNSYM, 0); }),
            "plugin_truncated");
  EXPECT_EQ(huge([&](std::string& bytes, const Elf64_Ehdr& header) { section(bytes, header, 0, header.e_shstrndx); }),
            "plugin_truncated");
}

TEST_F(PluginFileTest, RefusesSegmentsThatTheFileDoesNotHave) {
  const auto code = [this](auto change) {
    std::string bytes = SampleFolder::bytesOf("good");
    Elf64_Ehdr header;
    std::memcpy(&header, bytes.data(), sizeof header);
    for (size_t i = 0; i < header.e_phnum; ++i) {
      Elf64_Phdr one;
      char* const at = bytes.data() + header.e_phoff + i * sizeof one;
      std::memcpy(&one, at, sizeof one);
      if (one.p_type == PT_LOAD) change(one);
      std::memcpy(at, &one, sizeof one);
    }
    return codeOfBytes(bytes);
  };
  EXPECT_EQ(code([](Elf64_Phdr&) {}), "");
  EXPECT_EQ(code([](Elf64_Phdr& one) { one.p_offset = uint64_t{1} << 40; }), "plugin_truncated");
  EXPECT_EQ(code([](Elf64_Phdr& one) { one.p_filesz = one.p_memsz = uint64_t{1} << 62; }), "plugin_truncated");
  EXPECT_EQ(code([](Elf64_Phdr& one) { one.p_memsz = uint64_t{1} << 40; }), "plugin_truncated");
  EXPECT_EQ(code([](Elf64_Phdr& one) { one.p_memsz = 0; }), "plugin_truncated");
}

TEST_F(PluginFileTest, RefusesAnotherUsersFile) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const std::string path = folder_.copy("good");
  ASSERT_EQ(::chown(path.c_str(), 65534, 65534), 0);
  EXPECT_EQ(codeOf(path), "plugin_unsafe_file");
  ASSERT_EQ(::chown(path.c_str(), 0, 0), 0);
  ASSERT_EQ(::chown(folder_.path().c_str(), 65534, 65534), 0);
  EXPECT_EQ(codeOf(path), "plugin_unsafe_file");
}

TEST_F(PluginFileTest, FindsPluginsByNameAndTheFirstOfTwo) {
  SampleFolder second;
  folder_.copy("good");
  second.copy("good");
  second.copy("rude");
  second.write("Not-a-name", "x");
  std::ofstream(second.path() + "/notes.txt") << "x";
  const auto found = findPlugins({folder_.path(), "/nowhere", second.path()});
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].path, folder_.file("good"));
  EXPECT_EQ((*found)[1].name, "rude");
}

}  // namespace
}  // namespace hearthgate::plugin_host
