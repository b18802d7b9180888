"""Writes at homes that are killed, and the journal of what they acknowledged. The journal is kept by another process, this
file run as a program, so that nothing that happens to the homes or to the test changes what it says.

A stream writes rising numbers to its groups of addresses, one group at a time: a group of one by single calls (every seventh
number is a deletion), a larger one by one bulk call. The journal has a line `try GROUP NUMBER` before each call, `done GROUP
NUMBER` after its answer, and `broke HOME TIME` when a connection ended (CLOCK_MONOTONIC, which processes share)."""
import collections
import http.client
import json
import os
import queue
import random
import subprocess
import sys
import threading
import time

from homes import CALL_S, Client, Failed, environment, expect, same

DELETION = 7      # every so manieth number of a group of one


class Writer:
    """The process and its journal, as the test sees them."""

    def __init__(self, folder, streams):
        self.path = os.path.join(folder, "acknowledged")
        self.groups = [group for stream in streams for group in stream["groups"]]
        self.homes = [stream["home"] for stream in streams for _ in stream["groups"]]
        self.process = subprocess.Popen([sys.executable, os.path.abspath(__file__), self.path], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, env=environment(), text=True)
        self.attempted = collections.Counter()
        self.acknowledged = collections.Counter()
        self.breaks = []
        self.calls = 0
        self.read_to = 0
        self.ask({"streams": streams})

    def ask(self, order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"failure": "the writing process ended"}')
        if "failure" in answer:
            raise Failed(answer["failure"])

    def write_at(self, home):
        """Its streams go on."""
        self.ask({"home": home.name, "port": home.admin_port, "token": home.client.token})

    def pause(self):
        """Returns when no call is under way any more."""
        self.ask({"pause": True})
        with open(self.path, encoding="ascii") as file:
            file.seek(self.read_to)
            for line in file.read().splitlines():
                what, of, number = line.split()
                if what == "broke":
                    self.breaks.append((of, float(number)))
                else:
                    (self.attempted if what == "try" else self.acknowledged)[int(of)] = int(number)
                    self.calls += what == "done"
            self.read_to = file.tell()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def check(self, home):
        """What stands at the home is what was acknowledged, or what was tried after it."""
        for number, group in enumerate(self.groups):
            if self.homes[number] != home.name:
                continue
            low, high = self.acknowledged[number], self.attempted[number]
            seen = {address: number_of(home, address) for address in group}
            for address, value in seen.items():
                if value is None:
                    good = low == 0 or any(one % DELETION == 0 for one in range(low, high + 1))
                else:
                    good = low <= value <= high
                expect(good, f"{address} at {home.name} is {value}, acknowledged was {low} (tried {high})")
            expect(len(set(seen.values())) == 1, f"a bulk call is there in part at {home.name}: {set(seen.values())}")


def number_of(home, address):
    answer = home.call("GET", "/entities/" + address)
    if answer.status == 404 or answer.status == 410 or answer.body.get("deleted"):
        return None
    same(f"GET {address} at {home.name}", answer.status, 200)
    return answer.body["fields"]["n"]


# --- the process --------------------------------------------------------------------------------------------------------

class Stream(threading.Thread):
    """One stream of one home. It writes while `going` is set."""

    def __init__(self, journal, home, groups, first, pad):
        super().__init__(daemon=True)
        self.journal = journal
        self.home = home
        self.groups = {first + number: group for number, group in enumerate(groups)}
        self.pad = pad
        self.next = dict.fromkeys(self.groups, 1)
        self.client = None
        self.going = threading.Event()
        self.idle = threading.Event()
        self.idle.set()
        self.failure = None

    def run(self):
        while True:
            self.idle.set()
            self.going.wait()
            self.idle.clear()
            try:
                while self.going.is_set() and self.step():
                    pass
            except (OSError, http.client.HTTPException):
                self.note("broke", self.home, time.monotonic())
            except Exception as error:
                self.failure = f"a write at {self.home}: {error!r}"
            self.going.clear()

    def note(self, *words):
        os.write(self.journal, (" ".join(map(str, words)) + "\n").encode())

    def step(self):
        """False: the home is stopping."""
        group = random.choice(list(self.groups))
        number, self.next[group] = self.next[group], self.next[group] + 1
        addresses = self.groups[group]
        self.note("try", group, number)
        fields = {"n": number, "pad": "p" * self.pad}
        if len(addresses) > 1:
            lines = "\n".join(json.dumps({"id": address, "fields": fields}) for address in addresses)
            answer = self.client.call("POST", "/entities:bulk", lines, {"Content-Type": "application/x-ndjson"})
            usual = answer.status == 200 and answer.body["accepted"] == len(addresses)
        elif number % DELETION == 0:
            answer = self.client.call("DELETE", "/entities/" + addresses[0])
            usual = answer.status in (200, 404, 410)
        else:
            answer = self.client.call("PUT", "/entities/" + addresses[0], {"fields": fields})
            usual = answer.status in (200, 201)
        if answer.code() == "stopping":
            return False
        expect(usual, lambda: f"answered with {answer!r}")
        self.note("done", group, number)
        return True


def serve(path):
    journal = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    orders = queue.Queue()

    def read():
        for line in sys.stdin:
            orders.put(json.loads(line))
        os._exit(0)  # the test has ended

    threading.Thread(target=read, daemon=True).start()
    streams = []
    while True:
        order = orders.get()
        if "streams" in order:
            first = 0
            for one in order["streams"]:
                streams.append(Stream(journal, one["home"], one["groups"], first, one["pad"]))
                first += len(one["groups"])
            for stream in streams:
                stream.start()
        elif "home" in order:
            for stream in streams:
                if stream.home == order["home"]:
                    stream.client = Client(order["port"], order["token"])
                    stream.going.set()
        else:
            for stream in streams:
                stream.going.clear()
            for stream in streams:
                if not stream.idle.wait(CALL_S):
                    stream.failure = stream.failure or f"a write at {stream.home} got no answer"
        failures = [stream.failure for stream in streams if stream.failure]
        print(json.dumps({"failure": failures[0]} if failures else {}), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
