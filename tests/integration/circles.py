"""What the tests and benchmarks of circles share: homes that are paired, circles that they found, and what their members show."""
import shutil
import subprocess

import homes
from homes import expect, pair, same, wait_for


def paired(world, *names):
    """Homes that are paired, each with each."""
    all_homes = [world.started(name) for name in names]
    ways = [world.proxy(home) for home in all_homes]  # addresses that stay the same over restarts
    for i, host in enumerate(all_homes):
        for joiner in all_homes[i + 1:]:
            pair(host, joiner, ways[i].address)
    return all_homes


def circle_of(home, circle):
    return home.ok("GET", f"/circles/{circle}")


def invited(keeper, circle, other):
    keeper.ok("POST", f"/circles/{circle}/invitations", {"home": other.id})
    wait_for(f"{other.name} is invited", lambda: [one for one in other.ok("GET", "/circles")["items"] if one["id"] == circle])


def joined(keeper, circle, *others):
    for other in others:
        invited(keeper, circle, other)
        other.ok("POST", f"/circles/{circle}/accept")
        wait_for(f"{other.name} is a member", lambda: circle_of(other, circle)["state"] == "member")


def founded(keeper, *others):
    circle = keeper.ok("POST", "/circles", {"name": "family"})["id"]
    joined(keeper, circle, *others)
    return circle


def members(home, circle):
    return sorted(member["name"] for member in circle_of(home, circle).get("members", []))


def fields(home, address):
    answer = home.call("GET", f"/entities/{address}")
    return answer.body["fields"] if answer.status == 200 else answer.code()


def all_have(all_homes, address, wanted, limit_s=homes.WAIT_S):
    for home in all_homes:
        wait_for(f"{home.name} has {address}", lambda: fields(home, address) == wanted, limit_s)


def told(home, *words, status=0):
    """What a command prints."""
    done = subprocess.run([homes.CLI, "--data", home.data, *words], capture_output=True, text=True, timeout=homes.CALL_S, check=False)
    same(f"{' '.join(words)}: {done.stdout}{done.stderr}", done.returncode, status)
    expect(all(len(line) <= 80 for line in done.stdout.splitlines()), f"wider than a terminal: {done.stdout}")
    return done.stdout


def words(text):
    """As one line."""
    return " ".join(text.split())


def charter(home, circle):
    """What the charter in force says."""
    shown = circle_of(home, circle)
    return {key: shown.get(key) for key in ("keeper", "number", "members", "rules")}


def content(home, circle):
    return {address: homes.shown(entity) for address, entity in home.entities(f"&owner={circle}").items()}


def level(all_homes, circle, limit_s=homes.WAIT_S):
    """Waits until all have the same charter and the same content, which is returned."""
    seen = []

    def equal():
        # Of one look at all: of two homes that were equal a while ago, one may have heard more since.
        seen[:] = [(charter(home, circle), content(home, circle)) for home in all_homes]
        return all(one == seen[0] for one in seen)

    wait_for(f"{', '.join(home.name for home in all_homes)} have the same of the circle", equal, limit_s)
    return seen[0][1]


def written(home, circle, ids, fields_of):
    """Writes them in one call, each with what `fields_of` gives for its place."""
    lines = [{"id": f"{one}@{circle}", "kind": "preference", "fields": fields_of(n)} for n, one in enumerate(ids)]
    same(f"accepted by {home.name}", home.bulk(lines).body["accepted"], len(lines))


def set_aside(home):
    """A copy of its folder, which the home goes on without."""
    home.stop()
    copy = home.data + ".copy"
    shutil.copytree(home.data, copy)
    home.start()
    return copy


def put_back(home, copy):
    """The copy stands in the folder's place; the home does not run."""
    home.stop()
    shutil.rmtree(home.data)
    shutil.copytree(copy, home.data)


def alone(*all_homes):
    """Nobody reaches them, nor they those who were paired before them (`paired`)."""
    for home in all_homes:
        for way in home.proxies:
            way.cut()


def among_others(*all_homes):
    for home in all_homes:
        for way in home.proxies:
            way.heal()
