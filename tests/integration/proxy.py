"""A TCP proxy between two homes that can be cut, slowed down and made deaf."""
import selectors
import socket
import struct
import threading
import time


BUFFER = 1 << 20      # bytes that are read for a side and that it has not taken yet
TICK_S = 0.02         # between two portions of a way that is slowed down

ANSWER_S = 60   # its thread may wait for a processor that others want


class Proxy:
    """A TCP way that can be cut: both sides are closed at once, and new connections are refused until it heals. And that
    can be slowed down: `pace("target", 1)` lets a byte a second through to the home behind it, `pace("dialler", 0)`
    nothing to who dialled. While nothing passes in either direction, no side hears of the other's end either, as when a
    machine loses its network; with the first pace that lets something through, who is left over is reset."""

    def __init__(self, target):
        self.target = target
        self.cuts = 0
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        # Bound by number: a port that the kernel chose would be lost with the first cut.
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.address = f"127.0.0.1:{self.port}"
        self.listener.listen(64)
        self.listener.setblocking(False)
        self.lock = threading.Lock()
        self.wakeup, self.waker = socket.socketpair()
        self.wishes = []
        self.other = {}      # socket -> the socket at the other side
        self.waiting = {}    # socket -> bytes that it has not taken yet
        self.leads_to = {}   # socket -> "target" or "dialler"
        self.left_over = set()  # sockets whose other side went while nothing passed
        self.paces = {}      # "target" or "dialler" -> bytes a second; what is not named is not slowed down
        self.budget = {}     # the same -> bytes that may pass now, and since when
        self.refusing = False
        self.stopping = False
        self.selector = selectors.DefaultSelector()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def ask(self, wish):
        done = threading.Event()
        with self.lock:
            self.wishes.append((wish, done))
        self.waker.send(b"x")
        if not done.wait(ANSWER_S):
            raise AssertionError("the proxy does not answer")

    def cut(self):
        self.ask("cut")

    def heal(self):
        self.ask("heal")

    def pace(self, towards, bytes_a_second):
        self.ask(("pace", towards, bytes_a_second))

    def free(self):
        """Everything passes again."""
        self.ask(("free",))

    def connections(self):
        return len(self.other) // 2

    def close(self):
        if self.thread.is_alive():
            self.ask("stop")
            self.thread.join(10)

    def run(self):
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.selector.register(self.wakeup, selectors.EVENT_READ)
        while not self.stopping:
            slow = any(self.paces.values())
            for key, events in self.selector.select(TICK_S if slow else None):
                if key.fileobj is self.listener:
                    self.accept()
                elif key.fileobj is self.wakeup:
                    self.wakeup.recv(64)
                    self.grant()
                elif key.fileobj in self.other:
                    self.move(key.fileobj, events)
            if slow:
                for side in [one for one in self.other if self.leads_to[one] in self.paces]:
                    if side in self.other:
                        self.push(side)
        self.listener.close()
        self.selector.close()

    def grant(self):
        with self.lock:
            wishes, self.wishes = self.wishes, []
        for wish, done in wishes:
            if wish[0] in ("pace", "free"):
                self.change_pace(*wish)
            elif wish == "heal":
                if self.refusing:
                    self.listener.listen(64)
                    self.selector.register(self.listener, selectors.EVENT_READ)
                self.refusing = False
            else:
                # On Linux this makes a listener refuse while it keeps its port; listen() makes it accept again.
                if not self.refusing:
                    self.selector.unregister(self.listener)
                    self.listener.shutdown(socket.SHUT_RDWR)
                    self.cuts += 1
                self.refusing = True
                for side in list(self.other):
                    self.drop(side, reset=True)
                self.end_left_over()
            self.stopping = self.stopping or wish == "stop"
            done.set()

    def change_pace(self, _, towards=None, bytes_a_second=None):
        if towards is None:
            self.paces.clear()
        else:
            self.paces[towards] = bytes_a_second
            self.budget[towards] = (0, time.monotonic())
        if not self.nothing_passes():
            self.end_left_over()
        for side in list(self.other):
            if side in self.other:
                self.push(side)

    def nothing_passes(self):
        return self.paces.get("target") == 0 and self.paces.get("dialler") == 0

    def end_left_over(self):
        while self.left_over:
            side = self.left_over.pop()
            self.forget(side)
            side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            side.close()

    def allowed(self, towards):
        """How many bytes may leave now; a way that is not slowed down lets all through."""
        pace = self.paces.get(towards)
        if pace is None:
            return BUFFER
        budget, since = self.budget[towards]
        now = time.monotonic()
        budget = min(budget + (now - since) * pace, max(pace, 1))
        self.budget[towards] = (budget, now)
        return int(budget)

    def accept(self):
        try:
            near, _ = self.listener.accept()
        except OSError:
            return  # whoever asked has gone, or the way was cut meanwhile
        far = socket.socket()
        try:
            far.connect(("127.0.0.1", self.target))
        except OSError:
            near.close()
            far.close()
            return
        for side, opposite in ((near, far), (far, near)):
            side.setblocking(False)
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.other[side] = opposite
            self.waiting[side] = b""
            self.leads_to[side] = "dialler" if side is near else "target"
            self.selector.register(side, selectors.EVENT_READ)

    def move(self, side, events):
        if events & selectors.EVENT_WRITE:
            self.push(side)
        if side in self.other and events & selectors.EVENT_READ:
            try:
                got = side.recv(1 << 16)
            except BlockingIOError:
                return
            except OSError:
                got = b""
            if not got:
                return self.drop(side)
            to = self.other[side]
            self.waiting[to] += got
            self.push(to)

    def push(self, side):
        towards = self.leads_to[side]
        allowed = self.allowed(towards)
        try:
            sent = side.send(self.waiting[side][:allowed]) if allowed else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            return self.drop(side)
        if towards in self.paces:
            budget, since = self.budget[towards]
            self.budget[towards] = (budget - sent, since)
        self.waiting[side] = self.waiting[side][sent:]
        # While one side does not take what it has, nothing more is read for it.
        self.want(side, selectors.EVENT_WRITE, bool(self.waiting[side]) and towards not in self.paces)
        self.want(self.other[side], selectors.EVENT_READ, len(self.waiting[side]) < BUFFER)

    def want(self, side, event, on):
        mask = self.selector.get_map()[side].events if side in self.selector.get_map() else 0
        wanted = mask | event if on else mask & ~event
        if wanted == mask:
            return
        if mask and wanted:
            self.selector.modify(side, wanted)
        elif wanted:
            self.selector.register(side, wanted)
        else:
            self.selector.unregister(side)

    def drop(self, side, reset=False):
        opposite = self.other.pop(side, None)
        if opposite is None:
            return
        self.other.pop(opposite, None)
        gone = (side, opposite)
        if self.nothing_passes() and not reset:
            self.left_over.add(opposite)
            gone = (side,)
        for one in (side, opposite):
            self.forget(one)
        for one in gone:
            if reset:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()

    def forget(self, side):
        self.waiting.pop(side, None)
        self.leads_to.pop(side, None)
        if side in self.selector.get_map():
            self.selector.unregister(side)
