// The format of versions is what it was decided to be. When this fails, the code is wrong and not the file: other homes
// and the databases on disk have the old form.
#include "unit/model/golden.h"

#include <gtest/gtest.h>

#include "base/sha256.h"

namespace hearthgate::model {
namespace {

TEST(GoldenVersions, HaveTheHashAndIdOfTheFile) {
  Golden golden;
  ASSERT_GE(golden.root.find("versions")->items.size(), 6u);
  for (const Json& item : golden.root.find("versions")->items) {
    SCOPED_TRACE(item.find("name")->text);
    Version version = Golden::version(item);
    auto status = checkVersion(version);
    ASSERT_TRUE(status.ok()) << status.error().message;
    EXPECT_EQ(hex(version.hash.view()), item.find("hash")->text);
    EXPECT_EQ(version.id(), item.find("version")->text);
    // The file's own canonical form has that hash, and is canonical JSON.
    const std::string& canonical = item.find("canonical")->text;
    auto digest = sha256(canonical);
    EXPECT_EQ(hex({reinterpret_cast<const char*>(digest.data()), digest.size()}), item.find("hash")->text);
    auto json = parseJson(canonical, kMaxDepth + 1);
    ASSERT_TRUE(json.ok());
    EXPECT_EQ(canonicalJson(*json), canonical);
  }
}

TEST(GoldenVersions, HaveTheBytesOfTheFile) {
  Golden golden;
  for (const Json& item : golden.root.find("versions")->items) {
    SCOPED_TRACE(item.find("name")->text);
    Version version = Golden::version(item);
    std::string bytes;
    encodeVersion(version, "state", golden.table, &bytes);
    EXPECT_EQ(hex(bytes), item.find("encoded")->text);
    auto read = decodeVersion(*parseHex(item.find("encoded")->text), Golden::addressOf(item), "state", golden.table);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(hex(read->hash.view()), item.find("hash")->text);
    EXPECT_EQ(read->tag, version.tag);
  }
}

TEST(GoldenVersions, MakeTheSiblingSetOfTheFile) {
  Golden golden;
  const Json& set = *golden.root.find("siblings");
  Siblings siblings;
  for (const Json& which : set.find("of")->items) {
    join(Golden::version(golden.root.find("versions")->items[Golden::number(which)]), &siblings);
  }
  EXPECT_EQ(hex(encodeSiblings(siblings, "state", golden.table)), set.find("encoded")->text);
}

TEST(GoldenDocuments, HaveTheCanonicalTextOfTheFile) {
  Golden golden;
  for (const Json& pair : golden.root.find("documents")->items) {
    auto leaves = parseLeaves(pair.items[0].text);
    ASSERT_TRUE(leaves.ok()) << pair.items[0].text;
    EXPECT_EQ(canonicalFields(*leaves), pair.items[1].text);
  }
}

}  // namespace
}  // namespace hearthgate::model
