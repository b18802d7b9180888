#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "unit/config/loading.h"

namespace hearthgate::config {
namespace {

using testing::HasSubstr;

// The schema's node of a dotted path.
boost::json::object nodeOf(const std::string& path) {
  boost::json::object node = boost::json::parse(schema()).as_object();
  for (size_t at = 0; at <= path.size();) {
    size_t dot = std::min(path.find('.', at), path.size());
    node = boost::json::object(node.at("properties").at(path.substr(at, dot - at)).as_object());
    at = dot + 1;
  }
  return node;
}

TEST(Schema, DescribesEveryKeyWithItsDefault) {
  for (const auto& setting : loadText("").settings) {
    auto node = nodeOf(setting.key);
    EXPECT_NE(node.at("description").as_string(), "") << setting.key;
    EXPECT_EQ(std::string(node.at("x-environment").as_string()), variableOf(setting.key));
    if (setting.value == "null") {
      EXPECT_FALSE(node.contains("default"));
    } else {
      EXPECT_EQ(boost::json::serialize(node.at("default")), setting.value) << setting.key;
    }
  }
}

TEST(Schema, StatesTypesAndRanges) {
  auto port = nodeOf("sharing.sync.port");
  EXPECT_EQ(port.at("type").as_string(), "integer");
  EXPECT_EQ(port.at("minimum").as_int64(), 0);
  EXPECT_EQ(port.at("maximum").as_int64(), 65535);
  EXPECT_EQ(nodeOf("storage.durability").at("enum").as_array().size(), 2u);
  EXPECT_TRUE(nodeOf("sharing.sync.encryption.enabled").at("const").as_bool());
  EXPECT_FALSE(nodeOf("sharing").at("additionalProperties").as_bool());
  EXPECT_TRUE(nodeOf("plugins").at("additionalProperties").is_object());
}

TEST(Explain, TellsAKeysMeaningRangeVariableAndOrigin) {
  Loaded loaded = loadText("sharing: {sync: {port: 4000}}");
  std::string text = explain("sharing.sync.port", &loaded).value();
  EXPECT_THAT(text, HasSubstr("sharing.sync.port: Port on which other homes connect"));
  EXPECT_THAT(text, HasSubstr("allowed   a whole number from 0 to 65535\n"));
  EXPECT_THAT(text, HasSubstr("default   8765\n"));
  EXPECT_THAT(text, HasSubstr("variable  HEARTHGATE_SHARING_SYNC_PORT\n"));
  EXPECT_THAT(text, HasSubstr("in use    4000  (home.yaml:1:24)\n"));
}

TEST(Explain, ListsASection) {
  std::string text = explain("storage", nullptr).value();
  EXPECT_THAT(text, HasSubstr("storage.retention.days"));
  EXPECT_EQ(text.find("admin.port"), std::string::npos);
  EXPECT_THAT(explain("", nullptr).value(), HasSubstr("admin.port"));
  EXPECT_TRUE(explain("plugins", nullptr).has_value());
}

TEST(Explain, KnowsNothingOfOtherKeysButSuggestsOne) {
  EXPECT_FALSE(explain("sharing.sync.prot", nullptr).has_value());
  EXPECT_EQ(suggestKey("sharing.sync.prot"), "sharing.sync.port");
  EXPECT_EQ(suggestKey("durability"), "storage.durability");
  EXPECT_EQ(suggestKey("sharing.syncc.port"), "sharing.discovery.port");
  EXPECT_EQ(suggestKey("qqqqqqqqq"), std::nullopt);
}

}  // namespace
}  // namespace hearthgate::config
