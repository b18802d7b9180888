// make-fuzz-corpus FOLDER: writes seeds for the fuzzers into FOLDER/NAME, from the real encoders: what two homes say to
// each other, their versions and rules, pairing messages, key statements, frames. What people and programs write by
// hand (requests, configuration, codes) is in tests/fuzz/corpus. Always the same files.
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>

#include "base/assert.h"
#include "lan/mdns_messages.h"
#include "script/frames.h"
#include "sim/home.h"
#include "store/rules_codec.h"
#include "sync/frames.h"
#include "sync/wire.h"
#include "trust/charter.h"
#include "trust/identity.h"
#include "trust/pairing.h"
#include "trust/pairing_code.h"
#include "trust/pairing_uri.h"
#include "trust/wire.h"
#include "trust/words.h"
#include "unit/model/random_histories.h"
#include "unit/trust/support.h"

using namespace hearthgate;

namespace {

std::filesystem::path root;

void seed(const std::string& fuzzer, const std::string& name, std::string_view bytes) {
  std::filesystem::create_directories(root / fuzzer);
  std::ofstream(root / fuzzer / name, std::ios::binary | std::ios::trunc) << bytes;
}

std::string byte(size_t value) { return std::string(1, static_cast<char>(value)); }

// Everything that two homes say while they meet, share, write, conflict and take a grant back.
std::vector<std::string> conversation() {
  sim::Home a("A", 1), b("B", 2);
  std::deque<std::pair<sim::Home*, std::string>> queue;
  std::vector<std::string> said;
  auto link = [&](sim::Home& from, sim::Home& to) {
    from.onOutput([&](sync::Output output) {
      if (!output.message.empty()) queue.emplace_back(&to, output.message);
    });
    from.commit([&] { from.core().admit(to.id()); });
  };
  link(a, b);
  link(b, a);
  auto settle = [&] {
    while (!queue.empty()) {
      auto [to, message] = std::move(queue.front());
      queue.pop_front();
      said.push_back(message);
      to->receive(to == &a ? b.id() : a.id(), message);
    }
  };
  HG_ASSERT(a.grant(b.id(), "light.*", model::Access::kWrite).ok() &&
            a.grant(b.id(), "sensor.?", model::Access::kRead).ok());
  HG_ASSERT(a.put({a.owner(), "light.a"}, R"({"state":"on","attributes":{"brightness":128}})").ok());
  HG_ASSERT(a.put({a.owner(), "sensor.t"}, R"({"state":21.5})").ok());
  a.linkUp(b.id());
  b.linkUp(a.id());
  settle();
  HG_ASSERT(b.patch({a.owner(), "light.a"}, R"({"state":"off"})").ok());
  HG_ASSERT(a.patch({a.owner(), "light.a"}, R"({"attributes":{"color":[1,2,3]}})").ok());
  settle();
  b.clock().wall_ms += 3'600'000;  // what it writes now is held back
  HG_ASSERT(b.patch({a.owner(), "light.a"}, R"({"state":"late"})").ok());
  a.commit([&] { a.replicator().askLevel(b.id(), [](auto) {}); });
  settle();
  HG_ASSERT(a.grant(b.id(), "light.*", model::Access::kRead).ok());
  HG_ASSERT(a.remove({a.owner(), "light.a"}).ok());
  for (sim::Home* home : {&a, &b}) {
    home->clock().steady_ms += 60'000;
    home->tick();
  }
  settle();
  said.push_back(sync::encode(sync::KnownKeys{{{std::string(16, 'm'), std::string(8, 'h')}, {std::string(16, 'n'), std::string(8, 'i')}}}));
  said.push_back(sync::encodeStatementsMessage("chain"));
  said.push_back(sync::encode(sync::Bye{"forgotten", "This home was forgotten."}));
  return said;
}

void syncSeeds() {
  std::vector<std::string> said = conversation();
  std::string stream;
  for (size_t i = 0; i < said.size(); ++i) {
    seed("wire_fuzz", "message-" + std::to_string(i), said[i]);
    sync::appendFrame(said[i] + said[i] + said[i] + said[i], true, &stream);
    if (i % 8 == 7) seed("frames_fuzz", "stream-" + std::to_string(i), byte(i) + byte(0) + stream);
  }
  seed("frames_fuzz", "written",
       byte(9) + byte(1) + byte(0) + byte(2) + byte(7) + byte(1) + byte(4) + "text" + byte(0) + byte(0) + byte(0));
  model::Rules rules;
  rules.lists = {{{"light.*", model::Access::kWrite, 1'800'000'000'000}, {"light.safe", model::Access::kNone, {}}}, {}};
  rules.strategies = {{model::StrategyRow::Scope::kDefault, "", "merge"},
                      {model::StrategyRow::Scope::kKind, "scene", "user-choice"}};
  seed("wire_fuzz", "rules", store::encodeRules(rules));
  // Programs: honest messages alone, then with one sort of attack after each.
  for (size_t attack = 0; attack < 20; ++attack) {
    std::string program = byte(attack % 2) + byte(1);
    for (size_t i = 0; i < 12; ++i)
      program += byte(10) + byte(0) + byte(attack) + byte(attack * 37 + i * 11) + byte(i * 29 + 1) + byte(i);
    seed("replicator_fuzz", "attack-" + std::to_string(attack), program);
  }
  sim::SeededRandom random(42);
  for (size_t i = 0; i < 20; ++i) seed("replicator_fuzz", "random-" + std::to_string(i), random.bytes(120));
  for (size_t i = 0; i < 30; ++i) seed("database_fuzz", "random-" + std::to_string(i), random.bytes(24));
}

void versionSeeds() {
  for (uint8_t n = 1; n < 12; ++n) {
    std::vector<uint8_t> script;
    sim::SeededRandom random(n);
    for (size_t i = 0; i < 60; ++i) script.push_back(static_cast<uint8_t>(random.next()));
    std::string tape(script.begin(), script.end());
    seed("version_fuzz", "history-" + std::to_string(n), byte(1) + tape);
    model::Tape reader(script);
    model::History history = model::randomHistory(&reader, [](const model::Siblings& seen) {
      return seen.front().deleted ? model::Entries{} : model::entriesOf(seen.front());
    });
    model::Table table;
    for (uint8_t k = 0; k < 4; ++k) {
      table.replicaNumber(model::replica(static_cast<uint8_t>(k * 80 + 1)));
      table.homeNumber(model::home(static_cast<uint8_t>(k * 80 + 1)));
    }
    if (history.all.empty()) continue;
    std::string bytes;
    model::encodeVersion(history.all.back(), "state", table, &bytes);
    seed("version_fuzz", "version-" + std::to_string(n), byte(0) + bytes);
    seed("version_fuzz", "siblings-" + std::to_string(n),
         byte(0) + model::encodeSiblings(model::joined(history.all), "state", table));
  }
}

void trustSeeds() {
  using namespace trust;
  trust::SeededRandom random(5);
  Identity a = Identity::inMemory(random), b = Identity::inMemory(random);
  PairingSession joiner(PairingRole::kJoiner, PairingSelf::of(a, "Home", {"192.0.2.7:8765"}), std::string(32, 'e'), {},
                        random, 0);
  PairingSession listener(PairingRole::kListener, PairingSelf::of(b, "Beach", {}), std::string(32, 'e'), {}, random, 0);
  size_t number = 0;
  auto carry = [&] {
    for (int round = 0; round < 8; ++round) {
      for (auto [from, to] : {std::pair{&joiner, &listener}, std::pair{&listener, &joiner}}) {
        std::string said = from->takeOutput();
        for (Reader reader(said); !said.empty() && !reader.done();) {
          std::string message(reader.field(UINT32_MAX));
          seed("trust_pairing_fuzz", "message-" + std::to_string(number++), byte(0) + message);
          if (!reader.ok()) break;
        }
        (void)to->feed(said, 0);
      }
    }
  };
  carry();
  HG_ASSERT(joiner.offer({{{"state", 12, 4000}, {"scene", 3, 900}}}).ok() && listener.offer({}).ok());
  carry();
  HG_ASSERT(joiner.confirmByPerson().ok() && listener.confirmByPerson().ok());
  carry();
  HG_ASSERT(joiner.state() == PairingSession::State::kPending);
  seed("trust_pairing_fuzz", "code", byte(1) + PairingCode::generate(random).text());
  seed("trust_pairing_fuzz", "uri",
       byte(1) + PairingUri{PairingCode::generate(random), {"192.0.2.7:8765", "[2001:db8::7]:8765"}, 1'763'632'800'000}
                     .text());
  std::string words;
  for (const std::string& word : recoveryWords(random.bytes(kSeedBytes))) words += word + " ";
  seed("trust_pairing_fuzz", "words", byte(1) + words);
  // Whole pairings: each side speaks in turn, offers and confirms.
  std::string session = byte(3);
  for (size_t i = 0; i < 24; ++i)
    session += byte(i) + byte(i % 6 == 4 ? 6 : 0) + (i % 6 == 4 ? byte(12) : std::string());
  seed("trust_pairing_fuzz", "session", session);
  for (size_t i = 0; i < 8; ++i) seed("trust_pairing_fuzz", "commit-" + std::to_string(i), byte(2) + random.bytes(24));
  seed("trust_statements_fuzz", "chain", byte(1) + encodeChain(a.chain()));
  for (size_t i = 0; i < 12; ++i)
    seed("trust_statements_fuzz", "made-" + std::to_string(i), byte(0) + random.bytes(16));
  Charter charter = foundCircle("family", {a.home(), "a"}, random);
  CharterProof proof{{{charter, {signCharter(charter, a.home(), a.epoch(), a.operatingKey())}}}, {{a.home(), a.chain()}}};
  charter = nextCharter(charter);
  charter.lists = {{{"light.*", std::nullopt, model::Access::kRead}}, {{"light.a", a.home(), model::Access::kWrite}}};
  charter.strategies = {{model::StrategyRow::Scope::kKind, "config", "merge"}};
  proof.chain.push_back({charter, {signCharter(charter, a.home(), a.epoch(), a.operatingKey())}});
  seed("trust_charters_fuzz", "proof", byte(1) + encodeCharterProof(proof));
  for (size_t i = 0; i < 24; ++i) seed("trust_charters_fuzz", "made-" + std::to_string(i), byte(0) + random.bytes(24));
  for (size_t i = 0; i < 24; ++i)
    seed("trust_files_fuzz", "damaged-" + std::to_string(i), byte(i % 4) + byte(i) + random.bytes(16));
  for (size_t i = 0; i < 16; ++i)
    seed("trust_files_fuzz", "sealed-" + std::to_string(i), byte(2) + byte(i % 4) + byte(i / 8) + byte(i % 8) + random.bytes(16));
  seed("trust_files_fuzz", "sealed-opened", byte(2) + byte(3) + byte(1) + "open sesame");
  // What a client says first, whole and in portions.
  auto client = Channel::pair(Channel::Role::kClient, std::string(32, 'k')).value();
  auto peer = Channel::peer(Channel::Role::kClient, a, [](std::string_view) { return true; }).value();
  std::string hello = client->takeOutput(), peer_hello = peer->takeOutput();
  for (size_t kind = 0; kind < 4; ++kind) {
    seed("trust_channel_fuzz", "hello-" + std::to_string(kind),
         byte(kind) + byte(kind * 20) + (kind == 2 ? hello : peer_hello));
  }
}

void fileSeeds() {
  sim::SeededRandom random(6);
  for (size_t i = 0; i < 24; ++i) seed("plugin_file_fuzz", "edited-" + std::to_string(i), byte(1) + random.bytes(20));
  std::ifstream in(HEARTHGATE_FUZZ_PLUGIN, std::ios::binary);
  std::string whole{std::istreambuf_iterator<char>(in), {}};
  seed("plugin_file_fuzz", "whole", byte(0) + whole);
  seed("plugin_file_fuzz", "headers", byte(0) + whole.substr(0, 1024));
}

void mdnsSeeds() {
  using namespace lan;
  const sdk::ServiceInstance instance{"_hearthgate._tcp", "hearthgate-abcdefgh", "eth0", "fe80::1%eth0", 8765,
                                      {"v=1", "id=abcdefgh", "pair=1", "name=\xff \"\\"}, false, true};
  const sdk::Announcement service{instance.type, instance.name, instance.port, instance.txt, "0.0.0.0"};
  std::string said;
  for (const auto what : {MdnsOrder::What::kBrowse, MdnsOrder::What::kAnnounce, MdnsOrder::What::kUpdate, MdnsOrder::What::kEnd}) {
    said += encode(MdnsOrder{what, 7, service});
  }
  for (const auto what : {MdnsReport::What::kHeard, MdnsReport::What::kAnnounced, MdnsReport::What::kLog}) {
    const std::string line = encode(MdnsReport{what, 8, sdk::ServiceChange::kChanged, instance, {"name_taken", "others have it"}, "text", {}});
    seed("mdns_messages_fuzz", "report-" + std::to_string(static_cast<int>(what)), byte(1) + byte(255) + line);
    said += line;
  }
  seed("mdns_messages_fuzz", "all", byte(1) + byte(40) + said);
  sim::SeededRandom random(7);
  for (size_t i = 0; i < 12; ++i) seed("mdns_messages_fuzz", "made-" + std::to_string(i), byte(0) + random.bytes(200));
}

void scriptSeeds() {
  using namespace script;
  const std::vector<std::pair<std::string, std::string>> answers = {
      {"ready", readyFrame()},
      {"resolved", answerFrame(1, Resolved{R"({"brightness":200,"list":[1,1.5,null],"state":"on"})", "the newest"})},
      {"declined", answerFrame(2, Declined{"ask somebody"})},
      {"failed", answerFrame(3, Failed{"script_failed", "lamp:3: no such field"})},
      {"described", answerFrame(Description{"brighter-lamp", "The brighter wish wins.", {"state"}, {"light.*"}})}};
  std::string all;
  for (const auto& [name, frame] : answers) {
    seed("script_answers_fuzz", name, frame);
    all += frame;
  }
  seed("script_answers_fuzz", "all", all);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "use: make-fuzz-corpus FOLDER\n");
    return 2;
  }
  root = argv[1];
  syncSeeds();
  versionSeeds();
  trustSeeds();
  fileSeeds();
  mdnsSeeds();
  scriptSeeds();
  return 0;
}
