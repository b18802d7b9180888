// What the process that reads strangers' packets gives up before it reads the first: rights, files, programs, memory. Linux:
// capabilities (7), getrlimit (2), seccomp (2).
#pragma once

#include <string>

namespace hearthgate::lan {

// From here on the calling process opens no file, runs no program, makes no process and no executable memory, and speaks UDP,
// to the kernel about interfaces, and to sockets of this machine (the message bus). What it will need of libraries has to be
// loaded already. It cannot be taken back. Empty, or what could not be given up.
std::string confine();

}  // namespace hearthgate::lan
