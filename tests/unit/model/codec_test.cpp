// The binary form of versions: numbers, whole versions, sibling sets, and bytes that nobody honest wrote.
#include "model/codec.h"

#include <gtest/gtest.h>

#include "unit/model/histories.h"

namespace hearthgate::model {
namespace {

using std::string_literals::operator""s;
using std::string_view_literals::operator""sv;

std::string written(uint64_t value) {
  std::string out;
  ByteWriter(&out).number(value);
  return out;
}

TEST(Bytes, WriteNumbersAsShortAsTheyCan) {
  EXPECT_EQ(written(0), "\0"s);
  EXPECT_EQ(written(127), "\x7F");
  EXPECT_EQ(written(128), "\x80\x01");
  EXPECT_EQ(written(300), "\xAC\x02");
  EXPECT_EQ(written(UINT64_MAX), "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01");
}

TEST(Bytes, ReadTheNumbersThatWereWritten) {
  for (int bit = 0; bit < 64; ++bit) {
    for (uint64_t value :
         {uint64_t{1} << bit, (uint64_t{1} << bit) - 1, (uint64_t{1} << bit) + 1, ~(uint64_t{1} << bit)}) {
      std::string bytes = written(value);
      ByteReader in(bytes);
      EXPECT_EQ(in.number(), value);
      EXPECT_TRUE(in.ok() && in.atEnd());
      std::string out;
      ByteWriter(&out).signedNumber(static_cast<int64_t>(value));
      ByteReader back(out);
      EXPECT_EQ(back.signedNumber(), static_cast<int64_t>(value));
      EXPECT_TRUE(back.ok() && back.atEnd());
    }
  }
  for (auto [value, bytes] : {std::pair{int64_t{0}, "\0"sv},
                              {int64_t{-1}, "\1"sv},
                              {int64_t{1}, "\2"sv},
                              {INT64_MIN, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"sv}}) {
    std::string out;
    ByteWriter(&out).signedNumber(value);
    EXPECT_EQ(out, bytes);
  }
}

TEST(Bytes, RefuseNumbersThatAreCutTooLongOrPadded) {
  for (std::string_view bytes :
       {""sv, "\x80"sv, "\xFF\xFF"sv, "\x80\x00"sv, "\xFF\x80\x00"sv, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"sv,
        "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x81\x01"sv, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"sv,
        "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"sv}) {
    ByteReader in(bytes);
    EXPECT_EQ(in.number(), 0u);
    EXPECT_FALSE(in.ok()) << testing::PrintToString(bytes);
  }
}

TEST(Bytes, ReadNothingMoreAfterTheFirstFailure) {
  ByteReader in(
      "\x05"
      "abc"sv);
  EXPECT_EQ(in.bytes(), "");
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.left(), 0u);
  EXPECT_EQ(in.byte(), 0);
  EXPECT_EQ(in.number(), 0u);
  EXPECT_EQ(in.raw(1), "");
  EXPECT_EQ(in.id<ReplicaId>(), ReplicaId{});
  EXPECT_FALSE(in.ok());
}

TEST(Bytes, RefuseCountsThatTheRestCannotHold) {
  ByteReader two(
      "\x02"
      "abcd"sv);
  EXPECT_EQ(two.count(2), 2u);
  ByteReader three(
      "\x03"
      "abcd"sv);
  EXPECT_EQ(three.count(2), 0u);
  EXPECT_FALSE(three.ok());
  std::string huge = written(UINT64_MAX) + "x";
  ByteReader in(huge);
  EXPECT_EQ(in.count(), 0u);
  EXPECT_FALSE(in.ok());
}

std::string encoded(const Version& version, Table* table, std::string_view kind = "state") {
  std::string out;
  encodeVersion(version, kind, *table, &out);
  return out;
}

void expectSame(const Version& a, const Version& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.deleted, b.deleted);
  EXPECT_EQ(a.reason, b.reason);
  EXPECT_EQ(a.author, b.author);
  EXPECT_EQ(a.dot, b.dot);
  EXPECT_EQ(a.stamp, b.stamp);
  EXPECT_EQ(a.vector, b.vector);
  EXPECT_EQ(a.fields, b.fields);
  EXPECT_EQ(a.leaf_dots, b.leaf_dots);
  EXPECT_EQ(a.dot_stamps, b.dot_stamps);
  EXPECT_EQ(a.hash, b.hash);
  EXPECT_EQ(a.tag, b.tag);
}

std::vector<Version> samples() {
  Writer a{1}, b{200};
  std::vector<Version> out;
  out.push_back(a.put({}, "{}", at(0, false)));
  out.push_back(a.put({out[0]}, R"({"state":"on","a":{"b":1,"c":[true]}})", at(1'795'000'000'000)));
  out.push_back(b.put({out[1]}, R"({"state":"off","a":{"b":1,"c":[true]},"d":0.5})", at(1'794'999'999'999, false, 7)));
  out.push_back(a.put({out[2]}, R"({"state":"off","a":{"b":2,"c":[true]},"d":0.5})", at(kMaxStampMs, true, UINT32_MAX),
                      Reason::kResolution));
  out.push_back(b.erase({out[3]}, at(5)));
  out.push_back(b.put({out[4]}, R"({"x":1})", {}, Reason::kUndo));
  out.back().kind = "scene";
  out.back().hash = contentHash(address(), out.back());
  out.push_back(out[2]);
  out.back().tag.emplace();
  out.back().tag->fill(0xAB);
  return out;
}

TEST(Codec, ReadsWhatItWrote) {
  Table table;
  for (const Version& version : samples()) {
    ASSERT_TRUE(checkVersion(version).ok());
    auto read = decodeVersion(encoded(version, &table), address(), "state", table);
    ASSERT_TRUE(read.ok()) << read.error().message;
    expectSame(*read, version);
    auto stored = decodeVersion(encoded(version, &table), version.hash, "state", table);
    ASSERT_TRUE(stored.ok());
    expectSame(*stored, version);
  }
}

// A card changed a byte: an error where it was read, not the end of the process where it is used.
TEST(Codec, RefusesStoredFieldsThatCannotBeGoneOver) {
  Table table;
  Version version = samples()[2];
  for (std::string_view fields :
       {"", "{", "}", "{}}", "[]", "[\"a\":1}", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":}", "{\"a\":,\"b\":1}", "{\"a\":1", "{\"a\":1}x", "{\"a\":1,}",
        "{a:1}", "{\"a\"1}", "{\"a\":\"x}", "{\"a\":\"x\\\"}", "{\"a\":[1}", "{\"a\":[1,{}", "{\"a\":{\"b\":1}", "{\"a\\", "{\"a\\u00",
        "{\"a\\u001\":1", "{\"a\":]}"}) {
    Version broken = version;
    broken.fields = fields;
    auto read = decodeVersion(encoded(broken, &table), broken.hash, "state", table);
    ASSERT_FALSE(read.ok()) << fields;
    EXPECT_EQ(read.error().code, "bad_version");
    LeafScan scan(fields);
    size_t leaves = 0;
    while (scan.next()) ++leaves;
    EXPECT_LE(leaves, fields.size());
  }
  // Every byte of good ones, changed to every other: whatever is let through can be gone over.
  for (size_t at = 0; at < version.fields.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      Version broken = version;
      broken.fields[at] = static_cast<char>(byte);
      auto read = decodeVersion(encoded(broken, &table), broken.hash, "state", table);
      if (!read.ok()) continue;
      EXPECT_EQ(entriesOf(*read).size(), scanLeaves(read->fields).size());
      auto patched = mergePatch(scanLeaves(read->fields), *parseJson(R"({"new":1})", 1));
      EXPECT_TRUE(patched.ok() || patched.error().code == "database_corrupt" || patched.error().code == "bad_document");
    }
  }
}

TEST(Codec, IsSmallForASmallWrite) {
  Table table;
  Version version = Writer{1}.put({}, R"({"state":"on"})", at(1'795'000'000'000));
  // Format, flags, author, replica, counter, 6 of time, count, vector, length of fields, leaf dots.
  EXPECT_EQ(encoded(version, &table).size(), 15 + version.fields.size());
}

TEST(Codec, TakesTheKindFromTheEntityUnlessItDiffers) {
  Table table;
  Version version = samples()[1];
  version.kind = "scene";
  version.hash = contentHash(address(), version);
  EXPECT_LT(encoded(version, &table, "scene").size(), encoded(version, &table, "state").size());
  for (std::string_view kind : {"scene", "state"}) {
    auto read = decodeVersion(encoded(version, &table, kind), address(), kind, table);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->kind, "scene");
    EXPECT_EQ(read->hash, version.hash);
  }
}

TEST(Codec, RefusesEveryCutAndEveryTail) {
  for (const Version& version : samples()) {
    Table table;
    std::string whole = encoded(version, &table);
    for (size_t length = 0; length < whole.size(); ++length) {
      auto read = decodeVersion(whole.substr(0, length), address(), "state", table);
      ASSERT_FALSE(read.ok()) << length;
      EXPECT_EQ(read.error().code, "bad_version");
    }
    EXPECT_FALSE(decodeVersion(whole + '\0', address(), "state", table).ok());
  }
}

TEST(Codec, KnowsOneFormat) {
  Table table;
  std::string bytes = encoded(samples()[1], &table);
  bytes[0] = 2;
  auto read = decodeVersion(bytes, address(), "state", table);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, "unknown_format");
}

TEST(Codec, RefusesNumbersThatAreInNoTable) {
  Table table;
  std::string bytes = encoded(samples()[2], &table);
  Table empty;
  auto read = decodeVersion(bytes, address(), "state", empty);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, "bad_version");
}

// The parts of a version in the order of the encoding, so that a test can spoil one.
struct Parts {
  uint8_t flags = 2;
  uint64_t author = 0, replica = 0, counter = 9;
  int64_t ms_before = -5;
  uint64_t count = 0;
  std::vector<std::pair<uint64_t, uint64_t>> vector;
  std::string fields = R"({"a":1,"b":2,"c":3})";
  std::vector<std::array<uint64_t, 3>> dots;
  std::vector<std::pair<int64_t, uint64_t>> stamps;
  std::string tail;

  std::string bytes() const {
    std::string out;
    ByteWriter w(&out);
    w.byte(kVersionFormat);
    w.byte(flags);
    for (uint64_t n : {author, replica, counter}) w.number(n);
    w.signedNumber(ms_before);
    w.number(count);
    w.number(vector.size());
    for (auto [r, c] : vector) {
      w.number(r);
      w.number(c);
    }
    w.bytes(fields);
    w.number(dots.size());
    for (const auto& dot : dots) {
      for (uint64_t n : dot) w.number(n);
    }
    for (auto [ms, rest] : stamps) {
      w.signedNumber(ms);
      w.number(rest);
    }
    return out + tail;
  }
};

bool reads(const Parts& parts) {
  Table table;
  table.homeNumber(home(1));
  for (uint8_t n = 1; n <= 3; ++n) table.replicaNumber(replica(n));
  auto read = decodeVersion(parts.bytes(), address(), "state", table);
  // What is read but must not be joined is the caller's to find; neither may crash.
  return read.ok() && checkVersion(*read).ok();
}

TEST(Codec, RefusesWhatNoWriterWrites) {
  Parts good;
  good.vector = {{1, 4}, {2, 6}};
  good.dots = {{0, 1, 4}, {2, 2, 5}};
  good.stamps = {{3, 1}, {4, 0}};
  ASSERT_TRUE(reads(good));
  auto spoiled = [&](auto change) {
    Parts parts = good;
    change(parts);
    return reads(parts);
  };
  EXPECT_FALSE(spoiled([](Parts& p) { p.flags = 0x52; })) << "a reason that is none";
  EXPECT_FALSE(spoiled([](Parts& p) { p.flags = 0x82; })) << "the unused bit";
  EXPECT_FALSE(spoiled([](Parts& p) { p.flags = 0x03; })) << "deleted with fields";
  EXPECT_FALSE(spoiled([](Parts& p) { p.flags = 0x06; })) << "a tag that is not there";
  EXPECT_FALSE(spoiled([](Parts& p) { p.author = 1; }));
  EXPECT_FALSE(spoiled([](Parts& p) { p.author = uint64_t{1} << 32; }));
  EXPECT_FALSE(spoiled([](Parts& p) { p.replica = uint64_t{1} << 32; }));
  EXPECT_FALSE(spoiled([](Parts& p) { p.counter = 0; }));
  EXPECT_FALSE(spoiled([](Parts& p) { p.counter = UINT64_MAX; }));
  EXPECT_FALSE(spoiled([](Parts& p) { p.ms_before = 1; })) << "before 1970";
  EXPECT_FALSE(spoiled([](Parts& p) { p.ms_before = INT64_MIN; }));
  EXPECT_FALSE(spoiled([](Parts& p) { p.ms_before = -kMaxStampMs - 1; }));
  EXPECT_FALSE(spoiled([](Parts& p) { p.count = uint64_t{1} << 33; }));
  EXPECT_FALSE(spoiled([](Parts& p) { p.count = 1; })) << "the trusted bit a second time";
  EXPECT_FALSE(spoiled([](Parts& p) { p.vector[0].second = 0; }));
  EXPECT_FALSE(spoiled([](Parts& p) { p.vector[1] = p.vector[0]; }));
  EXPECT_FALSE(spoiled([](Parts& p) { p.vector[0].first = 0; })) << "the own replica a second time";
  EXPECT_FALSE(spoiled([](Parts& p) { p.vector[0].second = UINT64_MAX; }));
  EXPECT_FALSE(spoiled([](Parts& p) { p.vector[0].first = 3; }));
  EXPECT_FALSE(spoiled([](Parts& p) { p.fields = "{}"; }));
  EXPECT_FALSE(spoiled([](Parts& p) { p.fields = "{\"a\":\xFF}"; }));
  EXPECT_FALSE(spoiled([](Parts& p) { p.dots[1][0] = 0; })) << "one leaf twice";
  EXPECT_FALSE(spoiled([](Parts& p) { p.dots[1][0] = 3; })) << "past the last leaf";
  EXPECT_FALSE(spoiled([](Parts& p) { p.dots[0][0] = UINT64_MAX; }));
  EXPECT_FALSE(spoiled([](Parts& p) { p.dots[1][1] = 9; }));
  EXPECT_FALSE(spoiled([](Parts& p) { p.dots[1][2] = 7; })) << "above the vector";
  EXPECT_FALSE(spoiled([](Parts& p) { p.dots[1] = {2, 0, 9}; })) << "the own dot stated";
  EXPECT_FALSE(spoiled([](Parts& p) { p.stamps.pop_back(); }));
  EXPECT_FALSE(spoiled([](Parts& p) { p.stamps.push_back({0, 0}); }));
  EXPECT_FALSE(spoiled([](Parts& p) { p.stamps[0].first = 6; })) << "before 1970";
  EXPECT_FALSE(spoiled([](Parts& p) { p.stamps[0].first = INT64_MIN; }));
  EXPECT_FALSE(spoiled([](Parts& p) { p.stamps[0].second = UINT64_MAX; }));
  EXPECT_FALSE(spoiled([](Parts& p) { p.tail = "x"; }));
}

// The places of leaves are added up, so a difference near 2^64 must not lead back.
TEST(Codec, RefusesPlacesOfLeavesThatWrapAround) {
  Parts parts;
  parts.vector = {{1, 4}};
  parts.dots = {{2, 1, 4}, {UINT64_MAX, 1, 4}};
  parts.stamps = {{0, 0}};
  Table table;
  table.homeNumber(home(1));
  for (uint8_t n = 1; n <= 3; ++n) table.replicaNumber(replica(n));
  EXPECT_FALSE(decodeVersion(parts.bytes(), numbered<ContentHash>(1), "state", table).ok());
}

TEST(Codec, RefusesVectorsThatAreTooLongBeforeItReadsThem) {
  Parts parts;
  for (size_t i = 0; i < kMaxVectorEntries + 1; ++i) parts.vector.emplace_back(1, 1);
  Table table;
  table.homeNumber(home(1));
  table.replicaNumber(replica(1));
  auto read = decodeVersion(parts.bytes(), address(), "state", table);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, "vector_full");
}

TEST(Codec, TellsTheNumbersThatAVersionNames) {
  Table table;
  Version version = samples()[3];
  std::string bytes = encoded(version, &table);
  std::vector<uint32_t> replicas, homes;
  auto replica_seen = [&](uint32_t n) { replicas.push_back(n); };
  auto home_seen = [&](uint32_t n) { homes.push_back(n); };
  EXPECT_TRUE(scanNumbers(bytes, replica_seen, home_seen));
  EXPECT_EQ(homes, std::vector<uint32_t>{table.homeNumber(version.author)});
  std::vector<uint32_t> expected = {table.replicaNumber(version.dot.replica), table.replicaNumber(replica(200))};
  for (const auto& entry : version.leaf_dots) expected.push_back(table.replicaNumber(entry.dot.replica));
  EXPECT_EQ(replicas, expected);
  EXPECT_FALSE(scanNumbers(bytes.substr(0, 12), replica_seen, home_seen));
  EXPECT_FALSE(scanNumbers("", replica_seen, home_seen));
  Parts parts;
  parts.author = (uint64_t{1} << 32) + 5;
  homes.clear();
  EXPECT_FALSE(scanNumbers(parts.bytes(), replica_seen, home_seen));
  EXPECT_TRUE(homes.empty());
}

TEST(Codec, KeepsSiblingSets) {
  Table table;
  Siblings siblings = joined({Writer{1}.put({}, R"({"a":1})"), Writer{2}.put({}, R"({"a":2})"), Writer{3}.erase({})});
  ASSERT_EQ(siblings.size(), 3u);
  std::string blob = encodeSiblings(siblings, "state", table);
  auto read = decodeSiblings(blob, "state", table);
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->size(), 3u);
  for (size_t i = 0; i < 3; ++i) expectSame((*read)[i], siblings[i]);
  size_t seen = 0;
  EXPECT_TRUE(scanSiblings(blob, [&](const ContentHash& hash, std::string_view bytes) {
    EXPECT_EQ(hash, siblings[seen++].hash);
    EXPECT_FALSE(bytes.empty());
  }));
  EXPECT_EQ(seen, 3u);
  for (size_t length = 0; length < blob.size(); ++length) {
    EXPECT_FALSE(decodeSiblings(blob.substr(0, length), "state", table).ok()) << length;
  }
  EXPECT_FALSE(decodeSiblings(blob + "x", "state", table).ok());
  auto none = decodeSiblings(encodeSiblings({}, "state", table), "state", table);
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none->empty());
}

}  // namespace
}  // namespace hearthgate::model
