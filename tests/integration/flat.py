"""Whether what a process uses stays flat: samples of its memory, descriptors, threads and files, and a trend through them that
single peaks do not bend."""
import os
import statistics
import threading
import time

from homes import Failed, expect

MOST_POINTS = 300  # of a trend: the slopes between all pairs are looked at, 45,000 of them
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
DATABASE_PAGE_BYTES = 2048      # gateway/store/store.h: kPageBytes
WAL_FRAME_BYTES = DATABASE_PAGE_BYTES + 24  # and SQLite's frame header
CHECKPOINT_FRAMES = 8192        # gateway/store/store.h: kCheckpointPages


def size_of(path):
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def sample(home):
    """What a home's process uses now. The processor time is in seconds since its start."""
    pid = home.process.pid
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        resident = int(file.read().split()[1]) * PAGE_BYTES
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    database = os.path.join(home.data, "hearthgate.db")
    return {"at": time.monotonic(), "resident": resident, "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
            "threads": int(fields[17]), "cpu_s": (int(fields[11]) + int(fields[12])) / ticks,
            "database": size_of(database), "log": size_of(database + "-wal")}


class Sampler(threading.Thread):
    """Samples homes until told to stop."""

    def __init__(self, running, every_s):
        super().__init__(daemon=True)
        self.running = running
        self.every_s = every_s
        self.samples = {home.name: [] for home in running}
        self.stopping = threading.Event()
        self.failure = None

    def run(self):
        try:
            while not self.stopping.wait(self.every_s):
                for home in self.running:
                    self.samples[home.name].append(sample(home))
        except Exception as error:
            self.failure = error

    def stop(self):
        self.stopping.set()
        self.join(10)
        if self.failure:
            raise self.failure


def second_half(samples):
    return samples[len(samples) // 2:]


def growth(samples, what):
    """By how much `what` grew over these samples: the median of the slopes between all pairs (Theil 1950, Sen 1968), times
    the duration. A peak, or a saw's tooth, does not bend it as it bends least squares."""
    step = max(1, len(samples) // MOST_POINTS)
    chosen = samples[::step]
    slopes = [(later[what] - earlier[what]) / (later["at"] - earlier["at"])
              for number, earlier in enumerate(chosen) for later in chosen[number + 1:]]
    expect(slopes, "too few samples for a trend")
    return statistics.median(slopes) * (samples[-1]["at"] - samples[0]["at"])


def judge(name, samples, bounds):
    """Fails with everything that is not flat over the second half. `bounds`: how much each may grow in that time."""
    half = second_half(samples)
    grown = {what: growth(half, what) for what in bounds}
    steep = [f"{what} of {name} grew by {grown[what]:.0f} in {half[-1]['at'] - half[0]['at']:.0f} s, more than {bound}: "
             f"from {half[0][what]} to {half[-1][what]}" for what, bound in bounds.items() if grown[what] > bound]
    if steep:
        raise Failed("; ".join(steep))
    return grown


def line(name, samples):
    last = samples[-1]
    return (f"{name} after {last['at'] - samples[0]['at']:.0f} s: {last['resident'] / 2**20:.1f} MiB, {last['descriptors']} descriptors, "
            f"{last['threads']} threads, database {last['database'] / 2**20:.2f} MiB, log {last['log'] / 2**20:.1f} MiB")


def table(name, samples, grown):
    """Rows for people: at a quarter, the half, three quarters and the end."""
    marks = [samples[(len(samples) - 1) * part // 4] for part in (1, 2, 3, 4)]
    units = {"resident": (1 << 20, "MiB", 1), "descriptors": (1, "", 0), "threads": (1, "", 0), "database": (1 << 20, "MiB", 2),
             "log": (1 << 20, "MiB", 1)}
    lines = [f"{name:12} {'1/4':>9} {'1/2':>9} {'3/4':>9} {'end':>9} {'trend over the second half':>28}"]
    for what, (unit, label, digits) in units.items():
        shown = " ".join(f"{mark[what] / unit:9.{digits}f}" for mark in marks)
        trend = f"{grown[what] / unit:+.{digits + 1}f} {label}" if what in grown else f"highest {max(s[what] for s in samples) / unit:.1f} {label}"
        lines.append(f"{what:12} {shown} {trend:>28}")
    took = samples[-1]["at"] - samples[0]["at"]
    lines.append(f"{'processor':12} {(samples[-1]['cpu_s'] - samples[0]['cpu_s']) / took * 100:.1f} % of one core")
    return lines
