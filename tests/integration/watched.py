"""A home on a disk that fails, and what it acknowledged: what the tests of failing disks share."""
import os
import re
import shutil
import sqlite3

from failing_disk import FULL_ERROR, FailingDisk
from homes import Failed, expect, same, wait_for

RECOVER_S = 10         # from a mended disk until nothing needs attention any more; the engine tries every second
SAYS_FULL = re.compile("full|No space")
SAYS_BROKEN = re.compile("failed|failing|Input/output error")
FULL_CODES, BROKEN_CODES = {"storage_full"}, {"storage_failed"}


def codes_of(error):
    return FULL_CODES if error == FULL_ERROR else BROKEN_CODES


def attention(home):
    return [item["code"] for item in home.ok("GET", "/status")["attention"] if item["code"].startswith("storage")]


def refused(answer, error):
    same("status and code", (answer.status, answer.code() in codes_of(error)), (507 if error == FULL_ERROR else 503, True))
    same("content type", answer.headers.get_content_type(), "application/problem+json")


class Watched:
    """A home on a disk that fails, and what it acknowledged."""

    def __init__(self, world, name, settings=None):
        self.world = world
        self.home = world.home(name, {"storage.retention.versions": 3, "clock.trust": "yes", **(settings or {})})
        self.disk = FailingDisk(self.home.data, os.path.join(world.folder, name + ".disk"))
        self.acknowledged = {}   # entity -> number
        self.perhaps = {}        # entity -> numbers that were refused since: there or not after the next start
        self.number = 0

    def start(self):
        self.home.start(**self.disk.options())
        return self

    def try_start(self, error):
        """True when it is ready; else it ended with one line that says why."""
        lines = len(self.home.said())
        self.home.launch(**self.disk.options())
        try:
            self.home.begun(self.home.ready_line())
            return True
        except Failed:
            process = self.home.process
            expect(process.poll() is not None, "neither ready nor ended")
            said = self.home.said()[lines:]
            self.home.end()
            same("exit status", (process.returncode, said), (1, said))
            same("lines on standard error", (len(said), said), (1, said))
            expect(re.match(r"^hearthgated: .+: .+ \(.+\)$", said[0]), f"not `hearthgated: WHAT: WHY (what to do)`: {said[0]}")
            expect((SAYS_FULL if error == FULL_ERROR else SAYS_BROKEN).search(said[0]), f"it does not say what is wrong: {said[0]}")
            return False

    def write(self, error=None, lines=1, group="x"):
        """One PUT, or one bulk call. True when it was acknowledged; refused it may only be with this error."""
        self.number += 1
        ids = [f"light.{group}{n}" for n in range(lines)]
        fields = {"n": self.number, "pad": f"{self.number:04}" * 100}
        if lines == 1:
            answer = self.home.call("PUT", "/entities/" + ids[0], {"fields": fields})
        else:
            answer = self.home.bulk([{"id": one, "fields": fields} for one in ids])
        if answer.status in (200, 201):
            if lines > 1:
                same("rejected lines", answer.body["rejected_count"], 0)
            for one in ids:
                self.acknowledged[one] = self.number
                self.perhaps.pop(one, None)
            return True
        expect(error is not None, lambda: f"a write on a good disk: {answer!r}")
        refused(answer, error)
        for one in ids:
            self.perhaps.setdefault(one, set()).add(self.number)
        return False

    def check(self, restarted=False):
        """What was acknowledged is there, and what was refused is not; after a start it may be, whole."""
        found = {entity["id"]: entity["fields"]["n"] for entity in self.home.entities("&prefix=light.").values()
                 if entity["owner"] == self.home.id}
        for one in set(found) | set(self.acknowledged):
            wanted = {self.acknowledged.get(one)} | (self.perhaps.get(one, set()) if restarted else set())
            expect(found.get(one) in wanted, f"{one} is {found.get(one)}, acknowledged was {self.acknowledged.get(one)}")
        if restarted:
            self.acknowledged.update(found)
            self.perhaps.clear()

    def good_again(self):
        self.disk.mend()
        self.write()
        wait_for("nothing needs attention any more", lambda: not attention(self.home), RECOVER_S)
        self.check()

    def end_well(self):
        """A kill, a look at the file, and a start on a good disk."""
        self.home.kill_9()
        self.sound()
        self.home.start()
        self.check(restarted=True)
        self.write()
        self.home.stop()

    def sound(self):
        copy = os.path.join(self.world.folder, "copy")
        shutil.copytree(self.home.data, copy, ignore=shutil.ignore_patterns("*-shm"))
        database = sqlite3.connect(os.path.join(copy, "hearthgate.db"))
        try:
            same("integrity_check", database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        finally:
            database.close()
            shutil.rmtree(copy)
