// What the load programs of a comparison share: they are told what to do by lines on standard input and answer each with
// one line of JSON on standard output, so that the driver (two_homes) treats every program alike.
//
//   write SEED COUNT ENTITIES    writes as fast as may be                  {"began_ns","ended_ns"}
//   wait LIMIT_S                 until the last of each is seen            {"level","first_ns","level_ns","states"}
//   single SEED COUNT PER_S      one update at a time, each timed          {"seen","p50_us","p99_us","worst_us"}
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/updates.h"

namespace hearthgate::bench {

struct Load {
  std::function<void(const std::vector<Update>&)> write;  // gives back when all are acknowledged
  std::function<void(const Update&)> single;
  // Further commands of one program; empty: not known.
  std::function<std::string(const std::string& command, const std::vector<uint64_t>& arguments)> other;
};

// Serves standard input to its end. The receiving side calls arrivals.seen on a thread of its own.
int serveLoad(const Load& load, Arrivals& arrivals);

}  // namespace hearthgate::bench
