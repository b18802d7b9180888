"""What a process holds and uses, from /proc."""
import os

TICKS = os.sysconf("SC_CLK_TCK")


def status_kib(home, key):
    with open(f"/proc/{home.process.pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(key + ":"):
                return int(line.split()[1])
    raise KeyError(key)


def resident_mib(home):
    return status_kib(home, "VmRSS") / 1024


def descriptors(home):
    return len(os.listdir(f"/proc/{home.process.pid}/fd"))


def sockets(home):
    """Of the descriptors; a request thread opens the database when it first needs it, and keeps it open."""
    count = 0
    for name in os.listdir(f"/proc/{home.process.pid}/fd"):
        try:
            count += os.readlink(f"/proc/{home.process.pid}/fd/{name}").startswith("socket:")
        except FileNotFoundError:
            pass  # closed meanwhile
    return count


def threads(home):
    return status_kib(home, "Threads")


def processor_s(home):
    with open(f"/proc/{home.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
