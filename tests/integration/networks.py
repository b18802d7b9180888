"""Machines and networks for tests of what goes on between them: network namespaces that are the test's own, so that real
multicast reaches nobody else. Everything ends with the test's processes."""
import ctypes
import os
import socket
import subprocess
import sys
import threading

from homes import expect

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def in_own_network():
    """Runs this program again in a network of its own, as root there. Needs root, or user namespaces."""
    if os.environ.get("HG_TEST_OWN_NETWORK") == "1":
        run("ip", "link", "set", "lo", "up")
        return
    user = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
    os.environ["HG_TEST_OWN_NETWORK"] = "1"
    os.execvp("unshare", ["unshare", *user, "--net", sys.executable, *sys.argv])


def run(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    expect(done.returncode == 0, lambda: f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Network:
    """An Ethernet, as a bridge; machines are at PREFIX.NUMBER/24."""

    count = 0

    def __init__(self, prefix):
        Network.count += 1
        self.prefix = prefix
        self.bridge = f"br{Network.count}"
        # Snooping would want a querier that a home network has and this one has not.
        run("ip", "link", "add", self.bridge, "type", "bridge", "mcast_snooping", "0")
        run("ip", "link", "set", self.bridge, "up")


class Machine:
    """A namespace with its loopback, and an interface in each network that it is plugged into."""

    count = 0

    def __init__(self):
        Machine.count += 1
        self.number = Machine.count
        # As long as standard input is open, which is as long as this process lives.
        self.holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && read -r forever"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        expect(self.holder.stdout.readline() == "up\n", "a network namespace could not be made")
        self.inside = ["nsenter", "--target", str(self.holder.pid), "--net", "--"]

    def close(self):
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()

    def run(self, *command):
        return run(*self.inside, *command)

    def plug(self, network, interface="eth0"):
        """Gives its address there."""
        outside = f"m{self.number}{interface}"
        run("ip", "link", "add", outside, "type", "veth", "peer", "name", interface, "netns", str(self.holder.pid))
        run("ip", "link", "set", outside, "master", network.bridge, "up")
        address = f"{network.prefix}.{self.number}"
        self.run("ip", "address", "add", f"{address}/24", "broadcast", "+", "dev", interface)
        self.run("ip", "link", "set", interface, "up")
        return address

    def cable(self, state, interface="eth0"):
        """`down` and `up`, at the network's end: what a pulled cable is."""
        run("ip", "link", "set", f"m{self.number}{interface}", state)

    def connect(self, address, timeout=None, source_address=None):
        """socket.create_connection from inside."""
        result = []

        def enter():
            try:
                with open(f"/proc/{self.holder.pid}/ns/net", "rb") as namespace:
                    if LIBC.setns(namespace.fileno(), CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                result.append(socket.create_connection(address, timeout, source_address))
            except OSError as error:
                result.append(error)

        # setns is for one thread, which ends with it.
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        if isinstance(result[0], OSError):
            raise result[0]
        return result[0]
