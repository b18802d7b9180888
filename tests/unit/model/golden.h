// Reads tests/data/golden/versions.json, which holds the format fast.
#pragma once

#include <gtest/gtest.h>

#include <charconv>
#include <fstream>
#include <sstream>

#include "unit/model/histories.h"

namespace hearthgate::model {

struct Golden {
  Json root;
  Table table;

  Golden() {
    std::ifstream file(HEARTHGATE_TEST_DATA "/golden/versions.json");
    std::stringstream text;
    text << file.rdbuf();
    auto json = parseJson(text.str(), kMaxDepth);
    EXPECT_TRUE(json.ok()) << json.error().message;
    if (!json.ok()) return;
    root = std::move(*json);
    for (const Json& id : root.find("replicas")->items) table.replicaNumber(*ReplicaId::parse(id.text));
    for (const Json& id : root.find("homes")->items) table.homeNumber(*HomeId::parse(id.text));
  }

  static uint64_t number(const Json& json) {
    uint64_t value = 0;
    auto read = std::from_chars(json.text.data(), json.text.data() + json.text.size(), value);
    EXPECT_TRUE(read.ec == std::errc() && read.ptr == json.text.data() + json.text.size()) << json.text;
    return value;
  }
  static bool yes(const Json& json) { return json.text == "true"; }
  // [replica, counter] and [ms, count, trusted], from the given place on.
  static Dot dot(const Json& json, size_t from = 0) {
    return {*ReplicaId::parse(json.items[from].text), number(json.items[from + 1])};
  }
  static Stamp stamp(const Json& json, size_t from = 0) {
    return {yes(json.items[from + 2]), static_cast<int64_t>(number(json.items[from])),
            static_cast<uint32_t>(number(json.items[from + 1]))};
  }
  static Address addressOf(const Json& json) {
    return {*OwnerId::parse(json.find("owner")->text), json.find("id")->text};
  }

  static Version version(const Json& json) {
    Version version;
    version.kind = json.find("kind")->text;
    version.deleted = yes(*json.find("deleted"));
    for (Reason reason : {Reason::kWrite, Reason::kResolution, Reason::kRestore, Reason::kUndo, Reason::kDelete}) {
      if (reasonText(reason) == json.find("reason")->text) version.reason = reason;
    }
    version.author = *HomeId::parse(json.find("author")->text);
    version.dot = dot(*json.find("dot"));
    version.stamp = stamp(*json.find("stamp"));
    for (const auto& [replica, counter] : json.find("vector")->members) {
      version.vector.raise(*ReplicaId::parse(replica), number(counter));
    }
    version.fields = json.find("fields")->text;
    for (const Json& entry : json.find("leaf_dots")->items) {
      version.leaf_dots.push_back({static_cast<uint32_t>(number(entry.items[0])), dot(entry, 1)});
    }
    for (const Json& entry : json.find("stamps")->items) version.dot_stamps.push_back({dot(entry), stamp(entry, 2)});
    if (const Json* tag = json.find("tag")) {
      std::string bytes = *parseHex(tag->text);
      version.tag.emplace();
      std::copy(bytes.begin(), bytes.end(), version.tag->begin());
    }
    version.hash = contentHash(addressOf(json), version);
    return version;
  }
};

}  // namespace hearthgate::model
