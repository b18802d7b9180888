// Copies of the sample plugins in a folder of the test's own, to be damaged at will.
#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace hearthgate::plugin_host {

class SampleFolder {
 public:
  SampleFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "hearthgate-plugins-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~SampleFolder() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name + ".so"; }

  static std::string bytesOf(const std::string& sample) {
    std::ifstream in(std::string(HEARTHGATE_SAMPLES) + "/" + sample + ".so", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string write(const std::string& name, const std::string& bytes) const {
    const std::string path = file(name);
    std::filesystem::remove(path);
    std::ofstream(path, std::ios::binary) << bytes;
    ::chmod(path.c_str(), 0644);
    return path;
  }
  std::string copy(const std::string& sample) const { return write(sample, bytesOf(sample)); }

 private:
  std::string path_;
};

}  // namespace hearthgate::plugin_host
