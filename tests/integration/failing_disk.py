"""A disk that fails under a real daemon at a chosen write: the other side of tests/support/failing_disk.cpp, which counts and
fails the calls."""
import errno
import mmap
import os
import struct

import homes

LIBRARY = os.path.join(homes.BUILD, "tests", "failing_disk.so")
# As struct Control there.
LAYOUT = struct.Struct("=1024s1024sqqqqIi256s256s")
FOLDER, DURABLE, CALLS, FIRST, TIMES, FAILED, KINDS, ERROR, NAME, WHAT = range(10)
OFFSETS = (0, 1024, 2048, 2056, 2064, 2072, 2080, 2084, 2088, 2344)
FORMATS = ("1024s", "1024s", "q", "q", "q", "q", "I", "i", "256s", "256s")
WRITE, SYNC, TRUNCATE, CREATE, RENAME, REMOVE = 1, 2, 4, 8, 16, 32
ALL = 63
FULL_ERROR, BROKEN_ERROR = errno.ENOSPC, errno.EIO
POWER_CUT = -1    # in the place of an error
FOREVER = 0


class FailingDisk:
    """The disk below one folder. Its daemon is started with `options()`."""

    def __init__(self, folder, control):
        self.path = control
        with open(control, "wb") as file:
            file.write(bytes(LAYOUT.size))
        with open(control, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), LAYOUT.size)
        self.put(FOLDER, os.path.abspath(folder).encode())
        self.put(KINDS, ALL)

    def put(self, field, value):
        struct.pack_into("=" + FORMATS[field], self.map, OFFSETS[field], value)

    def get(self, field):
        value = struct.unpack_from("=" + FORMATS[field], self.map, OFFSETS[field])[0]
        return value.rstrip(b"\0").decode() if isinstance(value, bytes) else value

    def options(self):
        """For homes.Home.start() and its like."""
        return {"env": {**homes.environment(), "LD_PRELOAD": LIBRARY, "FAILING_DISK": self.path}}

    def count(self, kinds=ALL, name=""):
        """Counts these calls from now on, on all files or on one."""
        self.put(FIRST, 0)
        self.put(KINDS, kinds)
        self.put(NAME, name.encode())
        self.put(CALLS, 0)

    def fail(self, first, error, times=FOREVER, kinds=ALL, name=""):
        """The call number `first` from now on fails, and `times` in all."""
        self.count(kinds, name)
        self.put(FAILED, 0)
        self.put(WHAT, b"")
        self.put(ERROR, error)
        self.put(TIMES, times)
        self.put(FIRST, first)

    def mend(self):
        self.put(FIRST, 0)

    def calls(self):
        return self.get(CALLS)

    def failed(self):
        return self.get(FAILED)

    def what(self):
        return self.get(WHAT)

    def keep_durable(self, folder):
        """From now on `folder` is what a power cut would leave; it begins as a copy of what is there."""
        self.put(DURABLE, os.path.abspath(folder).encode())

    def close(self):
        self.map.close()
