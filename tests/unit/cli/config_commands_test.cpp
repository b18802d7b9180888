#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "unit/cli/cli_fixture.h"

namespace hearthgate::cli {
namespace {

class ConfigCommands : public Cli {
 protected:
  ConfigCommands() {
    char name[] = "/tmp/hearthgate-cli-XXXXXX";
    folder = mkdtemp(name);
    file = folder + "/home.yaml";
  }
  ~ConfigCommands() override { std::filesystem::remove_all(folder); }
  void write(const std::string& text) { std::ofstream(file) << text; }
  std::string folder, file;
};

TEST_F(ConfigCommands, CheckNeedsNoGateway) {
  write("admin: {port: 1}\n");
  EXPECT_EQ(runBare({"config", "check", file}), 0);
  EXPECT_EQ(out, file + ": right\n");
  write("admin: {port: x}\nnmae: a\n");
  EXPECT_EQ(runBare({"config", "check", file}), 1);
  EXPECT_THAT(err, HasSubstr(file + ":1:15: admin.port: "));
  EXPECT_THAT(err, HasSubstr(file + ":2:1: nmae: "));
}

TEST_F(ConfigCommands, CheckGivesJson) {
  write("admin: {port: x}\n");
  EXPECT_EQ(runBare({"--json", "config", "check", file}), 1);
  auto body = boost::json::parse(out);
  EXPECT_FALSE(flagAt(body, "valid"));
  EXPECT_EQ(textAt(itemsAt(body, "problems").at(0), "key"), "admin.port");
}

TEST_F(ConfigCommands, CheckComparesPluginsWithTheGatewayIfAsked) {
  write("plugins: {lna: {}}\n");
  server.answer("GET /api/v1/plugins", 200, R"({"items":[{"name":"lan"}]})");
  EXPECT_EQ(runBare({"config", "check", file}), 0);
  EXPECT_THAT(out, HasSubstr("--plugins"));
  EXPECT_EQ(run({"config", "check", file, "--plugins"}), 1);
  EXPECT_THAT(err, HasSubstr("did you mean lan?"));
}

TEST_F(ConfigCommands, ExplainShowsAKeyInUse) {
  write("admin: {port: 1}\n");
  EXPECT_EQ(runBare({"config", "explain", "admin.port", "--config", file}), 0);
  EXPECT_THAT(out, HasSubstr("in use    1  (" + file + ":1:15)"));
  EXPECT_EQ(runBare({"--json", "config", "explain", "admin.port", "--config", file}), 0);
  EXPECT_EQ(numberAt(boost::json::parse(out), "value"), 1);
  EXPECT_EQ(runBare({"config", "explain", "admin.prot", "--config", file}), 1);
  EXPECT_THAT(err, HasSubstr("did you mean admin.port?"));
}

TEST_F(ConfigCommands, SchemaIsJson) {
  EXPECT_EQ(runBare({"config", "schema"}), 0);
  EXPECT_EQ(textAt(boost::json::parse(out), "type"), "object");
}

}  // namespace
}  // namespace hearthgate::cli
