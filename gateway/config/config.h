// The configuration as typed values, and how it is loaded: one YAML file, environment variables over it, defaults under
// both. The daemon loads it once at start; the command line explains and checks it. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "config/problem.h"

namespace hearthgate::config {

// Every key's default, range and meaning stand in one table (keys.cpp); defaultConfig() gives the defaults.
struct Config {
  struct Discovery {
    bool enabled;
    uint16_t port;
    bool name;
  };
  struct Encryption {
    bool enabled;  // always true: there is no plaintext mode between homes
    std::string key_path;
    std::string passphrase_file;  // empty: none
  };
  struct Sync {
    bool enabled;
    std::string listen;
    uint16_t port;
    Encryption encryption;
    int64_t bandwidth_limit;  // bytes a second for each peer; 0 = none
    int64_t full_sync_interval_s;
    int64_t max_clock_drift_s;
    int64_t peer_entities;  // of one owner, before more from another home is held back
    int64_t peer_bytes;
    int64_t handshakes_per_second;  // TRUST.md T7
    int64_t unauthenticated_links;
    int64_t unauthenticated_links_per_source;
    std::optional<std::vector<std::string>> advertise;  // nothing: the addresses that are found; empty: none are told
    std::vector<std::string> uncompressed_kinds;
  };
  struct ConflictResolution {
    std::string strategy;
  };
  struct Sharing {
    bool enabled;
    Discovery discovery;
    Sync sync;
    ConflictResolution conflict_resolution;
  };
  enum class Durability { kFull, kNormal };
  struct Retention {
    int64_t versions;
    int64_t days;
  };
  struct Storage {
    Durability durability;
    Retention retention;
    int64_t commit_interval_ms;
  };
  struct Admin {
    std::string listen;
    uint16_t port;
  };

  std::string name;  // empty: the machine's host name
  Sharing sharing;
  Storage storage;
  Admin admin;
  ClockTrust clock_trust;
  bool identity_recovery;
  std::string plugins_path;  // empty: the folder that belongs to the program
  LogLevel log_level;
  std::map<std::string, std::string> plugins;  // the sections by plugin name, each a JSON object as text
};

Config defaultConfig();

// A key's value in use and where it came from; for `GET /config` and `config explain`.
struct Setting {
  std::string key;
  std::string value;  // JSON text
  Origin origin;
};

struct Loaded {
  Config config;
  std::vector<Setting> settings;  // every key in the table's order, then `plugins.<name>`
  std::vector<Problem> problems;  // of the file in its order, then of the environment; `config` only counts if empty
  bool ok() const { return problems.empty(); }
};

using Environment = std::map<std::string, std::string>;

struct Sources {
  std::string file_name;    // for messages only
  std::string text;         // the file's; empty runs on defaults
  Environment environment;  // variables without the prefix HEARTHGATE_ are ignored
  // The plugins that are there; nothing: not known, so sections are taken as they are.
  std::optional<std::vector<std::string>> plugins;
};

// Finds every mistake, not only the first.
Loaded load(const Sources& sources);

// As load(), reading `path`: a missing file (or an empty path) runs on defaults; one that cannot be read is a problem.
Loaded loadFile(const std::string& path, Environment environment, std::optional<std::vector<std::string>> plugins);

// The HEARTHGATE_ variables of the process; take it in main(), before threads start. Without kPassphraseVariable, which
// is a secret and no key: the daemon takes it out of the environment by itself.
Environment processEnvironment();
inline constexpr const char* kPassphraseVariable = "HEARTHGATE_PASSPHRASE";

// JSON Schema (draft 2020-12) of the file.
std::string schema();

// hearthgate.yaml(5) in the man(7) language, from the table.
std::string manPage(std::string_view version);

// What `config explain KEY` prints: help, type, range, default, variable. With `loaded`, the value in use and its
// origin. A section's name lists its keys. An unknown key is nothing; suggestKey() may know the right one.
std::optional<std::string> explain(std::string_view key, const Loaded* loaded);
std::optional<std::string> suggestKey(std::string_view key);

// The variable of a key: `HEARTHGATE_SHARING_SYNC_PORT` of `sharing.sync.port`.
std::string variableOf(std::string_view key);

// The file's text in full, or a problem that says why not. A missing file is an empty text.
struct FileText {
  std::string text;
  std::optional<Problem> problem;
};
FileText readConfigFile(const std::string& path);

}  // namespace hearthgate::config
