// The machine: plugins, clock, disk, database, and what is written.
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "api/attention.h"
#include "api/doctor.h"
#include "api/process_figures.h"
#include "api/tuning.h"
#include "base/clock_source.h"
#include "base/utf8.h"
#include "store/quick_check.h"

namespace hearthgate::api {
namespace {

constexpr double kHourMs = 3'600'000;
constexpr double kHoursAYear = 24 * 365;
// Of what SQLite or a plugin says.
constexpr size_t kMaxToldBytes = 400;

std::string oneDigit(double value) {
  std::string text = std::to_string(value);
  return text.substr(0, text.find('.') + 2);
}

}  // namespace

std::string sizeText(uint64_t bytes) {
  auto value = static_cast<double>(bytes);
  if (bytes >= 1ull << 30) return oneDigit(value / (1ull << 30)) + " GiB";
  if (bytes >= 1ull << 20) return oneDigit(value / (1ull << 20)) + " MiB";
  return std::to_string(bytes >> 10) + " KiB";
}

void checkPlugins(Gateway& gateway, Findings* all) {
  std::vector<PluginItem> plugins = gateway.parts.plugins.list();
  const auto& sharing = gateway.parts.configuration.config.sharing;
  if (!sharing.enabled || !sharing.sync.enabled) {
    all->push_back({"links", "links to other homes", Verdict::kSkipped,
                    std::string(sharing.enabled ? "sharing.sync.enabled" : "sharing.enabled") + " is false, so there are none.", ""});
  } else if (std::string why = whyNoLinks(gateway, plugins); !why.empty()) {
    all->push_back({"links", "links to other homes", Verdict::kFail, "Nothing carries links: " + why + ".",
                    "`hearthgate plugin list` shows what is there and why it does not run."});
  } else {
    all->push_back({"links", "links to other homes", Verdict::kOk, "A plugin that carries links is running.", ""});
  }
  for (const PluginItem& plugin : plugins) {
    Finding finding{"plugin." + plugin.name, "plugin " + plugin.name, Verdict::kOk, "It is running.", ""};
    std::string error = displayName(plugin.error.message, kMaxToldBytes);
    if (plugin.state == "disabled") {
      finding.verdict = Verdict::kSkipped;
      finding.detail = "It is disabled.";
    } else if (plugin.state != "running") {
      finding.verdict = Verdict::kFail;
      finding.detail = "It is " + plugin.state + (error.empty() ? "." : ": " + error);
      finding.next_action = "When its reason is mended: `hearthgate plugin enable " + plugin.name + "`.";
    } else if (!error.empty()) {
      finding.verdict = Verdict::kWarn;
      finding.detail = "It is running, and says: " + error;
      finding.next_action = "When that is mended: `hearthgate plugin reload " + plugin.name + "`.";
    }
    all->push_back(std::move(finding));
  }
}

void checkClock(Gateway& gateway, Findings* all) {
  Finding finding{"clock", "clock of this machine", Verdict::kOk, "", ""};
  ClockTrust trust = gateway.parts.configuration.config.clock_trust;
  if (gateway.parts.clock.synchronised()) {
    std::string source = clockSource();
    finding.detail = trust == ClockTrust::kYes ? "clock.trust says that it is right."
                                               : "It is synchronised, says " + (source.empty() ? "what was looked at last" : source) + ".";
  } else {
    finding.verdict = Verdict::kWarn;
    finding.detail = trust == ClockTrust::kNo
                         ? "clock.trust says that it may be wrong, so changes of this home count as older where homes meet."
                         : "Nothing calls it synchronised, so changes of this home count as older where homes meet.";
    finding.next_action = trust == ClockTrust::kNo
                              ? "Set clock.trust to auto, or to yes when the clock is right."
                              : "Set up time synchronisation (systemd-timesyncd or chrony), or set clock.trust to yes when the clock is right.";
  }
  all->push_back(std::move(finding));
}

void checkDisk(Gateway& gateway, Findings* all) {
  std::string folder = std::filesystem::path(gateway.settings.database_path).parent_path().string();
  Finding finding{"disk", "disk of the data folder", Verdict::kOk, "", ""};
  struct statvfs found {};
  if (::statvfs(folder.empty() ? "." : folder.c_str(), &found) != 0) {
    finding.verdict = Verdict::kFail;
    finding.detail = std::string("Its free space cannot be found out: ") + std::strerror(errno) + ".";
    finding.next_action = "Look at the disk, which may be failing.";
    all->push_back(std::move(finding));
    return;
  }
  uint64_t free = static_cast<uint64_t>(found.f_bavail) * found.f_frsize;
  uint64_t size = static_cast<uint64_t>(found.f_blocks) * found.f_frsize;
  uint64_t warn = std::clamp(size / 10, kDiskWarnLeastBytes, kDiskWarnMostBytes);
  finding.detail = sizeText(free) + " of " + sizeText(size) + " are free.";
  if (free < kDiskFailBytes) finding.verdict = Verdict::kFail;
  if (finding.verdict == Verdict::kOk && free < warn) finding.verdict = Verdict::kWarn;
  if (finding.verdict != Verdict::kOk) {
    finding.next_action = "Free some space; a shorter storage.retention keeps the history smaller. What is full takes no change.";
  }
  all->push_back(std::move(finding));
}

void checkDatabase(Gateway& gateway, Findings* all) {
  Finding finding{"database", "database", Verdict::kOk, "", ""};
  auto checked = store::quickCheck(gateway.settings.database_path, kDoctorFindings, kDoctorDatabase);
  std::string size = sizeText(fileBytes(gateway.settings.database_path));
  const std::string restore = "Copy the data folder away, look at the disk, and restore a backup, or start once with --recover.";
  if (auto fault = gateway.parts.engine.storageFault()) {
    finding.verdict = Verdict::kFail;
    finding.detail = displayName(fault->message, kMaxToldBytes);
    finding.next_action = "Until it is mended no change is taken; it goes on by itself afterwards.";
  } else if (!checked.ok()) {
    finding.verdict = Verdict::kFail;
    finding.detail = displayName(checked.error().message, kMaxToldBytes);
    finding.next_action = restore;
  } else if (!*checked) {
    finding.detail = "No fault was found in the " + std::to_string(kDoctorDatabase.count() / 1000) +
                     " s that the check has; of " + size + " it did not finish.";
  } else if ((*checked)->empty()) {
    finding.detail = "All of its " + size + " are sound.";
  } else {
    finding.verdict = Verdict::kFail;
    finding.detail = "It is damaged: " + displayName((*checked)->front(), kMaxToldBytes);
    finding.next_action = restore;
  }
  all->push_back(std::move(finding));
}

void checkWrites(Gateway& gateway, Findings* all) {
  Finding finding{"writes", "writes to the disk", Verdict::kOk, "", ""};
  const auto told = processFigures().written_bytes;
  if (!told) {
    all->push_back({finding.id, finding.about, Verdict::kSkipped, "The system does not tell what this process writes.", ""});
    return;
  }
  auto written = static_cast<double>(*told);
  auto running_ms = static_cast<double>(gateway.parts.clock.steadyMs() - gateway.started_ms);
  finding.detail = sizeText(static_cast<uint64_t>(written)) + " since the start";
  if (running_ms < kWritesMeasuredMs) {
    finding.detail += "; what an hour takes is not known yet.";
  } else {
    double an_hour = written * kHourMs / running_ms;
    double years = an_hour < 1 ? kCardStandsBytes : kCardStandsBytes / an_hour / kHoursAYear;
    finding.detail += ", " + sizeText(static_cast<uint64_t>(an_hour)) + " an hour; a memory card that stands 10 TB lasts " +
                      (years > 100 ? "more than 100" : oneDigit(years)) + " years.";
    if (years < kCardYears) {
      finding.verdict = Verdict::kWarn;
      finding.next_action = "On a memory card: storage.durability: normal and storage.commit_interval_ms make writes fewer, as do "
                            "programs that write less often. A disk stands more.";
    }
  }
  all->push_back(std::move(finding));
}

}  // namespace hearthgate::api
