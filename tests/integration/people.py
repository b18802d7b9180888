"""A person at a terminal: `hearthgate` in a pseudo terminal, whose screen is read, on which answers are typed, and where a QR
code can be read off as a camera would (python3-zbar)."""
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading

import homes
from homes import expect, wait_for

COLUMNS, ROWS = 80, 24
PIXELS = 6            # of a module on the pretended photograph
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
PICTURE = "\x1b[30;47m"
TERMINAL = {"TERM": "xterm", "LC_ALL": "C.UTF-8"}


class Person:
    """Runs `hearthgate --data … ARGUMENTS` of a home. `terminal`: what the environment says of it, or None for pipes."""

    def __init__(self, home, *arguments, terminal=TERMINAL, columns=COLUMNS):
        self.command = "hearthgate " + " ".join(arguments[:1])
        self.text = ""
        environment = {name: value for name, value in homes.environment().items()
                       if name not in ("TERM", "LANG", "LC_ALL", "LC_CTYPE")}
        self.keyboard, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
        self.screen = self.keyboard
        output = theirs
        if terminal is None:
            self.screen, output = os.pipe()
        self.process = subprocess.Popen([homes.CLI, "--data", home.data, *arguments], stdin=theirs, stdout=output, stderr=output,
                                        env={**environment, **(terminal or {})}, start_new_session=True)
        for descriptor in {theirs, output}:
            os.close(descriptor)
        self.reading = threading.Thread(target=self.read, daemon=True)
        self.reading.start()

    def read(self):
        while True:
            try:
                got = os.read(self.screen, 65536)
            except OSError:  # the other end of a pseudo terminal is gone
                return
            if not got:
                return
            self.text += got.decode(errors="replace").replace("\r\n", "\n")

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reading.join(10)
        for descriptor in {self.keyboard, self.screen}:
            os.close(descriptor)
        if kind is not None or os.environ.get("HEARTHGATE_SHOW"):
            print(f"--- the screen of {self.command} ---\n{self.text}")

    def sees(self, text, limit_s=homes.WAIT_S):
        wait_for(f"{self.command} shows {text!r}", lambda: text in self.text, limit_s)
        return self.text

    def types(self, line):
        os.write(self.keyboard, line.encode() + b"\n")

    def interrupts(self):
        self.process.send_signal(signal.SIGINT)

    def ended(self, status, *texts, limit_s=homes.WAIT_S):
        """The command ends within the time, with this status, and all of the texts stand on the screen, lines unbroken."""
        wait_for(f"{self.command} ends", lambda: self.process.poll() is not None, limit_s)
        self.reading.join(10)
        homes.same(f"the exit status of {self.command}", self.process.poll(), status)
        flat = re.sub(r"\s+", " ", self.text)
        for text in texts:
            expect(text in flat, f"{self.command} does not say {text!r}")

    def field(self, name):
        """What stands behind `name` of what both persons compare."""
        found = re.search(rf"^  {name} +(.*)$", self.text, re.M)
        expect(found, f"{self.command} shows no {name}")
        return found.group(1)

    def picture(self):
        """The lines of half blocks, without colours."""
        return [COLOURS.sub("", line) for line in self.text.split("\n") if line.startswith(PICTURE)]


SCANNER = """
import sys, zbar
width, height = int(sys.argv[1]), int(sys.argv[2])
image = zbar.Image(width, height, "Y800", sys.stdin.buffer.read())
zbar.ImageScanner().scan(image)
sys.stdout.write("\\n".join(symbol.data for symbol in image))
"""


def photographed(lines):
    """What a scanner reads in the picture. Its package is one of Debian's own Python."""
    rows = []
    for line in lines:
        for halves in ("█▀", "█▄"):
            rows.append(b"".join((b"\0" if letter in halves else b"\xff") * PIXELS for letter in line))
    width, height = len(rows[0]), len(rows) * PIXELS
    read = subprocess.run(["/usr/bin/python3", "-c", SCANNER, str(width), str(height)], input=b"".join(row * PIXELS for row in rows),
                          capture_output=True, check=False, timeout=homes.CALL_S)
    homes.same("what the scanner complains of", (read.returncode, read.stderr), (0, b""))
    symbols = read.stdout.decode().split("\n")
    homes.same("symbols in the picture", len(symbols), 1)
    return symbols[0]
