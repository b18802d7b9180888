"""What the tests of rules and of strategies share: two homes over a way that can be cut, the command line, the event stream,
and the search for bytes in what a home keeps."""
import datetime
import http.client
import json
import os
import subprocess
import threading
import urllib.parse

import homes
from homes import CLI, pair, wait_for


def cli(home, *arguments, answers=None):
    """Status, output and errors; without `answers` nobody is there to answer a question."""
    done = subprocess.run([CLI, "--data", home.data, *arguments], capture_output=True, text=True, timeout=homes.CALL_S,
                          env=homes.environment(), input=answers or "")
    return done.returncode, done.stdout, done.stderr


def put(home, entity, fields, kind=None):
    body = {"fields": fields, **({"kind": kind} if kind else {})}
    return home.ok("PUT", f"/entities/{entity}", body)


def at(owner, entity):
    return f"{entity}@{owner.id}"


def in_path(pattern):
    return urllib.parse.quote(pattern, safe="*@")


def soon(seconds):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return when.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def grant(owner, pattern, home, access, until=None):
    return owner.ok("PUT", f"/entities/{in_path(pattern)}/grants/{home.id}", {"access": access, **({"until": until} if until else {})})


def revoke(owner, pattern, home):
    owner.ok("DELETE", f"/entities/{in_path(pattern)}/grants/{home.id}")


def status(home, address):
    answer = home.call("GET", f"/entities/{address}")
    return answer.status if answer.status == 200 else (answer.status, answer.code())


def two(world, settings_a=None, settings_b=None):
    """a and b over a way that can be cut; b dials."""
    a, b = world.started("a", settings_a), world.started("b", settings_b)
    way = world.proxy(a)
    pair(a, b, way.address)
    return a, b, way


def level(a, b):
    wait_for(f"{a.name} and {b.name} are level", lambda: a.sync(b)["level"] and b.sync(a)["level"], poll_s=0.1)


def cut(way, a, b):
    way.cut()
    wait_for("both see the end", lambda: not a.connected(b) and not b.connected(a))


def heal(way, a, b):
    way.heal()
    wait_for("both see the link", lambda: a.connected(b) and b.connected(a))
    level(a, b)


def owned(home, owner, query=""):
    """What a home shows of an owner's entities, by id."""
    return {item["id"]: item for item in home.items(f"/entities?owner={owner.id}{query}")}


def places(home, text):
    """The files of a home's folder that hold these bytes."""
    found = []
    for folder, _, names in os.walk(home.data):
        for name in names:
            try:
                with open(os.path.join(folder, name), "rb") as file:
                    if text.encode() in file.read():
                        found.append(name)
            except FileNotFoundError:
                pass  # went meanwhile
    return found


class Events:
    """The events of a home from now on, read by a thread."""

    def __init__(self, home, query):
        self.connection = http.client.HTTPConnection("127.0.0.1", home.admin_port, timeout=homes.CALL_S)
        self.connection.request("GET", "/api/v1/events?" + query, headers={"Authorization": "Bearer " + home.client.token})
        self.response = self.connection.getresponse()
        self.seen = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        try:
            for line in self.response:
                if line.startswith(b"data: "):
                    self.seen.append(json.loads(line[6:]))
        except (OSError, ValueError, AttributeError):
            pass  # the home ended

    def wait(self, what, wanted):
        return wait_for(f"an event: {what}", lambda: [event for event in self.seen if wanted(event)])[-1]
