"""What the tests of this folder share: real daemons in temporary folders on free ports of 127.0.0.1, the REST calls to
them, a TCP proxy between two homes that can be cut, waiting for conditions, and the counting of cases.

The programs are those of build/release, or of the build folder (or preset) that HEARTHGATE_BUILD names."""
import http.client
import json
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

from proxy import Proxy  # noqa: F401  (the tests use it as homes.Proxy)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
START_S = 30          # from exec to the ready line; a second at most, thirty on a loaded machine with sanitizers
STOP_S = 30           # from SIGTERM to the end
WAIT_S = 30           # the usual bound of a condition
IDLE_S = 5            # a kept connection older than this is opened again: the server closes it after ten
SHOWN = 600           # characters of a value in a message
POLL_S = 0.01         # between two looks at a condition
STANDSTILL_S = 0.1    # a sleep that is later than this says that the machine stood still
LOG_LINES = 30        # of each daemon, shown when a case fails
LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z (debug|info|warning|error) ")
SANITIZER_SAYS = (b"ERROR: AddressSanitizer", b"WARNING: ThreadSanitizer", b"ERROR: LeakSanitizer", b"runtime error:")


def build_folder():
    named = os.environ.get("HEARTHGATE_BUILD", "release")
    folder = named if os.sep in named else os.path.join(ROOT, "build", named)
    return os.path.abspath(folder)


BUILD = build_folder()
SANITIZED = os.path.basename(BUILD) in ("asan", "tsan")
COST = 10 if SANITIZED else 1  # of a sanitizer, in time and memory: a test's own bounds on them are that much wider there
CALL_S = 60 * COST  # one REST call: `home sync` alone may take 30 s
DAEMON = os.path.join(BUILD, "bin", "hearthgated")
CLI = os.path.join(BUILD, "bin", "hearthgate")


class Failed(AssertionError):
    """A case did not hold."""


def expect(condition, what):
    if not condition:
        raise Failed(what() if callable(what) else what)


def same(what, got, wanted):
    expect(got == wanted, lambda: f"{what}: expected {shortly(wanted)}, saw {shortly(got)}")


def shortly(value):
    text = repr(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


class Standstills(threading.Thread):
    """Machines that are shared stand still now and then, for seconds. Sees it by sleeping longer than it wanted to."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen = (0, time.monotonic() + POLL_S)  # seconds so far, and when this thread should look again
        self.start()

    def run(self):
        while True:
            time.sleep(POLL_S)
            self.seen = (self.seconds(), time.monotonic() + POLL_S)

    def seconds(self):
        """So far, of the one that the caller just came out of too."""
        now, (total, due) = time.monotonic(), self.seen
        return total + max(0, now - due - STANDSTILL_S)


STANDSTILLS = Standstills()


def clock():
    """Seconds, without those in which the machine stood still."""
    return time.monotonic() - STANDSTILLS.seconds()


def wait_for(what, condition, limit_s=WAIT_S, poll_s=POLL_S):
    """Asks until the condition gives something true, which is returned."""
    end = clock() + limit_s
    while True:
        value = condition()
        if value:
            return value
        expect(clock() < end, f"{what}: not seen within {limit_s} s")
        time.sleep(poll_s)


class Answer:
    def __init__(self, status, headers, text):
        self.status = status
        self.headers = headers
        self.text = text
        try:
            self.body = json.loads(text) if text else None
        except ValueError:
            self.body = None

    def code(self):
        return self.body.get("code") if isinstance(self.body, dict) else None

    def __repr__(self):
        return f"{self.status} {self.text[:300]!r}"


class Client:
    """REST calls of any thread to one daemon, each thread with a kept connection. Nothing is sent twice: whether a write
    that got no answer was made is for the test to say."""

    def __init__(self, port, token, connect=None):
        self.port = port
        self.token = token
        self.connect = connect  # in place of socket.create_connection
        self.local = threading.local()

    def call(self, method, path, body=None, headers=None, timeout_s=CALL_S):
        kept = getattr(self.local, "kept", None)
        if kept and time.monotonic() - kept[1] > IDLE_S:
            kept[0].close()
            kept = None
        connection = kept[0] if kept else http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        if self.connect:
            connection._create_connection = self.connect
        self.local.kept = None
        sent = {"Authorization": "Bearer " + self.token}
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        try:
            if connection.sock is None:
                connection.connect()
            connection.sock.settimeout(timeout_s)
            connection.request(method, path if path.startswith(("/health", "/metrics")) else "/api/v1" + path, body, sent)
            response = connection.getresponse()
            text = response.read().decode()
        except Exception:
            connection.close()
            raise
        self.local.kept = (connection, time.monotonic())
        return Answer(response.status, response.headers, text)


class Home:
    """One home: its folder, and its daemon while it runs."""

    def __init__(self, world, name, settings=None):
        self.world = world
        self.name = name
        self.data = os.path.join(world.folder, name)
        self.config = os.path.join(world.folder, name + ".yaml")
        self.log = os.path.join(world.folder, name + ".log")
        self.process = None
        self.id = None
        self.client = None
        self.sync_port = None
        self.admin_port = None
        self.proxies = []   # follow the port that the next start takes
        self.machine = None  # networks.Machine that it runs on
        self.configure(settings)

    def configure(self, settings=None):
        """The configuration of the next start: what every test needs, and `settings` by path (`sharing.sync.port`); None stands for
        the default."""
        tree = {}
        rows = {"name": self.name, "admin.port": 0, "plugins_path": self.world.plugins, "sharing.sync.port": 0,
                "sharing.sync.listen": "127.0.0.1", "sharing.sync.advertise": [], "sharing.discovery.enabled": False}
        rows.update(settings or {})
        for path, value in rows.items():
            if value is None:
                continue
            at = tree
            *sections, key = path.split(".")
            for section in sections:
                at = at.setdefault(section, {})
            at[key] = value
        with open(self.config, "w", encoding="utf-8") as file:
            json.dump(tree, file, indent=1)  # JSON is YAML too

    def launch(self, *arguments, **options):
        """The process, not yet ready."""
        self.process = None
        machine = self.machine.inside if self.machine else []
        command = [*options.pop("before", []), *machine, options.pop("program", DAEMON), "--config", self.config, "--data", self.data, *arguments]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                                            cwd="/", **{"env": environment(), **options})
        return self.process

    def start(self, *arguments, **options):
        self.launch(*arguments, **options)
        return self.begun(self.ready_line())

    def begun(self, line):
        """What the ready line tells."""
        words = line.split()
        expect(words[:1] == ["ready"], f"{self.name} said {words} instead of being ready")
        told = dict(word.split("=", 1) for word in words[1:])
        self.id = told["home"]
        self.admin_port = int(told["admin"].rpartition(":")[2])
        self.sync_port = int(told["sync"].rpartition(":")[2]) if told["sync"] != "-" else None
        for proxy in self.proxies:
            proxy.target = self.sync_port
        with open(os.path.join(self.data, "admin.token"), encoding="utf-8") as file:
            self.client = Client(self.admin_port, file.read().strip(), self.machine.connect if self.machine else None)
        return self

    def ready_line(self):
        """The first line on standard output; nothing else ever stands there."""
        end = clock() + START_S
        text = b""
        descriptor = self.process.stdout.fileno()
        os.set_blocking(descriptor, False)
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while b"\n" not in text:
                left = end - clock()
                expect(left > 0, f"{self.name} was not ready within {START_S} s")
                if selector.select(left):
                    got = os.read(descriptor, 4096)
                    expect(got, lambda: f"{self.name} ended with {self.process.wait(STOP_S)} before it was ready")
                    text += got
        return text.decode()

    def ended(self, *arguments, **options):
        """A start that ends by itself: (status, standard output, lines on standard error that are no log)."""
        before = len(self.said())
        process = self.launch(*arguments, **options)
        try:
            output, _ = process.communicate(timeout=START_S)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} neither failed nor ended within {START_S} s") from None
        finally:
            self.end()
        return process.returncode, output.decode(), self.said()[before:]

    def said(self):
        """What stands on standard error beside the log."""
        if not os.path.exists(self.log):
            return []
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return [line for line in file.read().splitlines() if not LOG_LINE.match(line)]

    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """SIGTERM; the daemon leaves with 0."""
        if self.process is None:
            return
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Failed(f"{self.name} did not end within {STOP_S} s of SIGTERM") from None
        finally:
            process.stdout.close()
        same(f"the exit status of {self.name} after SIGTERM", status, 0)

    def kill_9(self):
        process, self.process = self.process, None
        same(f"{self.name} before kill -9: exit status", process.poll(), None)
        process.kill()
        process.wait()
        process.stdout.close()

    def end(self):
        """At the end of a test, whatever happened before."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None

    def call(self, *arguments, **options):
        return self.client.call(*arguments, **options)

    def ok(self, method, path, body=None, **options):
        """A call that has to work; gives the body."""
        answer = self.call(method, path, body, **options)
        expect(200 <= answer.status < 300, lambda: f"{method} {path} at {self.name}: {answer!r}")
        return answer.body

    def bulk(self, lines, **options):
        text = "\n".join(json.dumps(line) for line in lines)
        return self.call("POST", "/entities:bulk", text, {"Content-Type": "application/x-ndjson"}, **options)

    def items(self, path):
        """All items of a list, page by page: a page may be short and have a next."""
        found, after = [], ""
        while True:
            page = self.ok("GET", f"{path}{'&' if '?' in path else '?'}limit=1000{after}")
            found += page["items"]
            if not page["next"]:
                return found
            after = f"&after={page['next']}"

    def entities(self, query=""):
        """All entities that this home knows of, deleted ones too, by full address."""
        return {item["address"]: item for item in self.items("/entities?deleted=true" + query)}

    def home(self, other):
        return self.ok("GET", "/homes/" + other.id)

    def connected(self, other):
        return self.home(other)["state"] == "connected"

    def wait_connected(self, other, limit_s=WAIT_S):
        wait_for(f"{self.name} is connected with {other.name}", lambda: self.connected(other), limit_s)

    def sync(self, other):
        return self.ok("POST", f"/homes/{other.id}/sync")

    def last_lines(self):
        try:
            with open(self.log, "rb") as file:
                return file.read().decode(errors="replace").splitlines()[-LOG_LINES:]
        except FileNotFoundError:
            return []


def environment():
    """Without settings of a gateway that the machine may have. The address sanitizer keeps 256 MiB of what was freed, beside
    which nothing could be said of a program's memory; use after free is seen within the last 32 as well. Its
    library has to be first only for what it replaces, and what tests put before it by LD_PRELOAD replaces nothing of that."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEARTHGATE_")}
    kept["ASAN_OPTIONS"] = "quarantine_size_mb=32:verify_asan_link_order=0:" + kept.get("ASAN_OPTIONS", "")
    return kept


class World:
    """The homes and proxies of one test, in one temporary folder; `with` ends and removes them."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="hearthgate-test-")
        # A gateway loads plugins only from where nobody but root and its own user can write (TRUST.md T20).
        self.plugins = os.path.join(self.folder, "plugins")
        copy_plugins(self.plugins)
        self.homes = []
        self.proxies = []

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        for home in self.homes:
            if kind is None and home.process is not None and home.process.poll() is not None:
                error = Failed(f"{home.name} ended by itself with {home.process.poll()}")
            home.end()
        for proxy in self.proxies:
            proxy.close()
        if kind is None and error is None:
            error = self.sanitizer_report()
        if error is not None:
            for home in self.homes:
                print(f"--- the last lines of {home.name} ---", *home.last_lines(), sep="\n")
        if error is not None and os.environ.get("HEARTHGATE_KEEP"):
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder)
        if kind is None and error is not None:
            raise error
        return False

    def sanitizer_report(self):
        for home in self.homes:
            if os.path.exists(home.log):
                with open(home.log, "rb") as file:
                    text = file.read()
                if any(says in text for says in SANITIZER_SAYS):
                    at = min(text.find(says) for says in SANITIZER_SAYS if says in text)
                    return Failed(f"{home.name}: " + text[at:at + 4000].decode(errors="replace"))
        return None

    def home(self, name, settings=None):
        """A home that does not run yet."""
        home = Home(self, name, settings)
        self.homes.append(home)
        return home

    def started(self, name, settings=None):
        return self.home(name, settings).start()

    def proxy(self, home):
        """A way to the home's sync port that can be cut; it follows the home over restarts."""
        proxy = Proxy(home.sync_port)
        home.proxies.append(proxy)
        self.proxies.append(proxy)
        return proxy


def copy_plugins(folder):
    os.mkdir(folder, 0o700)
    source = os.path.join(BUILD, "plugins")
    for name in os.listdir(source):
        file = os.path.join(source, name)
        if os.path.isfile(file) and os.access(file, os.X_OK):  # and the programs that they run
            shutil.copy(file, folder)
            os.chmod(os.path.join(folder, name), 0o755)


def pair(host, joiner, address=None):
    """Pairs two homes that run; the joiner knows the host at `address`."""
    code = host.ok("POST", "/pairing", {"confirm": "auto"})["code"]
    body = {"code": code, "confirm": "auto", "address": address or f"127.0.0.1:{host.sync_port}"}
    joined = joiner.ok("POST", "/pairing/join", body)
    same("the home that was joined", joined["home"]["id"], host.id)
    joiner.wait_connected(host)
    host.wait_connected(joiner)


def shown(entity):
    """What has to be equal everywhere."""
    version = entity["version"]
    return {"fields": entity["fields"], "deleted": entity["deleted"], "kind": entity["kind"],
            "strategy": entity["strategy"], "conflicted": entity["conflicted"],
            "version": version and {"id": version["id"], "vector": version["vector"], "author": version["author"]},
            "siblings": {sibling["id"]: (sibling["fields"], sibling["deleted"]) for sibling in entity["siblings"]}}


def run_cases(cases):
    """Runs functions without arguments, a line each; the last line is `N passed, N failed`. Gives the exit status."""
    expect(os.access(DAEMON, os.X_OK), f"there is no {DAEMON}: build it, or name another build with HEARTHGATE_BUILD")
    chosen = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    passed = failed = 0
    for case in cases:
        if chosen and case.__name__ not in chosen:
            continue
        began = time.monotonic()
        try:
            said = case()
            passed += 1
            print(f"passed  {case.__name__}  ({time.monotonic() - began:.1f} s)" + (f": {said}" if said else ""), flush=True)
        except Exception as error:  # a broken case is a failed one, and the others still run
            failed += 1
            print(f"FAILED  {case.__name__}: {error}", flush=True)
            if not isinstance(error, Failed):
                traceback.print_exc(file=sys.stdout)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0
