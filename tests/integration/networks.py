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
    """An Ethernet, as a bridge; machines are at PREFIX.NUMBER/24 and, with `prefix6`, at PREFIX6:NUMBER/64. Each interface has
    its link-local IPv6 address too."""

    count = 0

    def __init__(self, prefix=None, prefix6=None):
        Network.count += 1
        self.prefix = prefix
        self.prefix6 = prefix6
        self.bridge = f"br{Network.count}"
        # Snooping would want a querier that a home network has and this one has not.
        run("ip", "link", "add", self.bridge, "type", "bridge", "mcast_snooping", "0")
        run("ip", "link", "set", self.bridge, "up")


class Machine:
    """A namespace with its loopback, and an interface in each network that it is plugged into."""

    count = 0

    def __init__(self, own_run=False):
        """`own_run`: with a /run of its own too, where daemons of the test put their sockets."""
        Machine.count += 1
        self.number = Machine.count
        # Nor does it ask for routers by IPv6, which who counts packets would count.
        begin = "echo 0 > /proc/sys/net/ipv6/conf/default/router_solicitations && ip link set lo up && echo up && read -r forever"
        spaces, unchanged, root = ["--net"], [], []
        if own_run:
            # A root folder that was only unpacked is no mount point, so it cannot be made private: what is mounted is taken away
            # too, and who enters the mounts does not find that root by itself.
            begin = f"mount --make-rprivate / 2> /dev/null; mount -t tmpfs none /run && {begin}; umount -l /run"
            spaces, unchanged, root = ["--net", "--mount"], ["--propagation", "unchanged"], ["--root"]
        # As long as standard input is open, which is as long as this process lives.
        self.holder = subprocess.Popen(["unshare", *spaces, *unchanged, "sh", "-c", begin],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        expect(self.holder.stdout.readline() == "up\n", "a network namespace could not be made")
        self.inside = ["nsenter", "--target", str(self.holder.pid), *spaces, *root, "--"]

    def close(self):
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()

    def run(self, *command):
        return run(*self.inside, *command)

    def plug(self, network, interface="eth0"):
        """Gives its first address there; none where it has only a link-local one."""
        outside = f"m{self.number}{interface}"
        run("ip", "link", "add", outside, "type", "veth", "peer", "name", interface, "netns", str(self.holder.pid))
        run("ip", "link", "set", outside, "master", network.bridge, "up")
        number = self.number + 100 * int(interface.removeprefix("eth"))  # it may have two in one network
        addresses = []
        if network.prefix:
            addresses.append(f"{network.prefix}.{number}")
            self.run("ip", "address", "add", f"{addresses[0]}/24", "broadcast", "+", "dev", interface)
        if network.prefix6:
            addresses.append(f"{network.prefix6}::{number}")
            self.run("ip", "address", "add", f"{addresses[-1]}/64", "dev", interface, "nodad")
        self.run("ip", "link", "set", interface, "up")
        return addresses[0] if addresses else None

    def unplug(self, interface="eth0"):
        """Takes the interface away."""
        self.run("ip", "link", "delete", interface)

    def links(self):
        """Connections that stand, to other machines: (own address, other address), ports and zones left out."""
        rows = self.run("ss", "--no-header", "--numeric", "--tcp", "state", "established").splitlines()
        ends = [tuple(end.rpartition(":")[0].partition("%")[0].strip("[]").removeprefix("::ffff:") for end in row.split()[2:4])
                for row in rows]
        return [(own, other) for own, other in ends if other not in ("127.0.0.1", "::1")]

    def tcp(self, counter):
        """A counter of this machine's since it was made (RFC 4022): `ActiveOpens` it dialled, `PassiveOpens` it was dialled."""
        names, values = [line.split()[1:] for line in self.run("cat", "/proc/net/snmp").splitlines() if line.startswith("Tcp:")]
        return int(values[names.index(counter)])

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
