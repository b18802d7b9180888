"""What the drivers of this folder share: the programs that they tell what to do, what a process takes, and how a figure is
told. For `import` after the folder of the integration tests is on the path."""
import json
import os
import subprocess

import homes

BENCH = os.path.join(homes.BUILD, "bench")


class Told:
    """A program that answers each line on its standard input with a line of JSON."""

    def __init__(self, name, *arguments):
        self.process = subprocess.Popen([os.path.join(BENCH, name), *map(str, arguments)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.first = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args[0]} ended with {self.process.wait()}")
        return json.loads(line)

    def say(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)


def processor_s(processes):
    total = 0
    for process in processes:
        with open(f"/proc/{process.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def resident_mb(process):
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS"))


def tell(figure, **values):
    print(json.dumps({"figure": figure, **values}), flush=True)
