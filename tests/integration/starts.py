"""What the tests of starts that are refused share: the refusal's form, and looking at a folder before and after."""
import os
import re
import shutil
import stat

import homes
from homes import expect, same

NOBODY = 65534
PAGE = 2048            # of the database (db/README.md)


def refused(home, *words, arguments=(), **options):
    """Exit status 1 and one line `hearthgated: WHAT: WHY (what to do)` that has all the words."""
    status, output, lines = home.ended(*arguments, **options)
    same("exit status", (status, lines), (1, lines))
    same("standard output", output, "")
    same("lines on standard error", len(lines), 1)
    expect(re.match(r"^hearthgated: .+: .+ \(.+\)$", lines[0]), f"not `hearthgated: WHAT: WHY (what to do)`: {lines[0]}")
    for word in words:
        expect(word in lines[0], f"'{word}' is not in: {lines[0]}")
    return lines[0]


def misconfigured(home, *patterns, arguments=(), **options):
    """Exit status 2 and a line for each pattern."""
    status, output, lines = home.ended(*arguments, **options)
    same("exit status", (status, lines), (2, lines))
    same("standard output", output, "")
    same("number of problems", (len(lines), lines), (len(patterns), lines))
    for pattern, line in zip(patterns, lines):
        expect(re.search(pattern, line), f"{line!r} does not match {pattern!r}")


def started_once(world, name, entities=0):
    """A home that has run, with something in its database."""
    home = world.started(name)
    for first in range(0, entities, 500):
        lines = [{"id": f"light.{number}", "fields": {"n": number, "pad": "p" * 300}} for number in range(first, first + 500)]
        same("accepted", home.bulk(lines).body["accepted"], 500)
    home.stop()
    return home


def contents(folder):
    """Every file with its bytes, its mode and its owner."""
    found = {}
    for path, _, names in os.walk(folder):
        for name in names:
            full = os.path.join(path, name)
            with open(full, "rb") as file:
                about = os.fstat(file.fileno())
                found[os.path.relpath(full, folder)] = (file.read(), stat.S_IMODE(about.st_mode), about.st_uid)
    return found


def database(home):
    return os.path.join(home.data, "hearthgate.db")


def damage(home, *places):
    """Inverts a page at each place (a fraction of the file, or 0 for the header)."""
    with open(database(home), "r+b") as file:
        pages = os.fstat(file.fileno()).st_size // PAGE
        for place in places:
            file.seek(int(pages * place) * PAGE)
            bytes_there = file.read(PAGE)
            file.seek(-PAGE, os.SEEK_CUR)
            file.write(bytes(byte ^ 0xFF for byte in bytes_there))


def another_user(world):
    """Options that start the daemon as a user without rights, who can reach program and plugins."""
    if os.geteuid() != 0:
        return {}
    os.chmod(world.folder, 0o755)
    os.chmod(world.plugins, 0o755)
    program = os.path.join(world.folder, "bin", "hearthgated")
    if not os.path.exists(program):
        os.mkdir(os.path.dirname(program), 0o755)
        shutil.copy(homes.DAEMON, program)
    return {"program": program, "user": NOBODY, "group": NOBODY, "extra_groups": []}
