"""Homes on machines in networks of a test's own (networks.py), what they see of each other, and python3-zeroconf beside them."""
import json
import subprocess
import threading

import homes
from homes import World, same, wait_for
from networks import Machine


class Site:
    """A world with networks and machines."""

    def __init__(self):
        self.world = World()
        self.machines = []

    def __enter__(self):
        self.world.__enter__()
        return self

    def __exit__(self, *how):
        try:
            return self.world.__exit__(*how)
        finally:
            for machine in self.machines:
                machine.close()

    def machine(self, *networks_of_it, **options):
        machine = Machine(**options)
        self.machines.append(machine)
        addresses = [machine.plug(network, f"eth{i}") for i, network in enumerate(networks_of_it)]
        return machine, addresses

    def home(self, name, *networks_of_it, machine=None, **settings):
        """A home on a machine of its own, or on that one; `address` is where it is in the first network."""
        home = self.world.home(name, {"sharing.sync.listen": "0.0.0.0", "sharing.discovery.enabled": True, **settings})
        home.machine, addresses = (machine, []) if machine else self.machine(*networks_of_it)
        home.address = addresses[0] if addresses else None
        # nsenter becomes the daemon.
        home.daemon = lambda: home.process.pid
        return home


class Stranger:
    """python3-zeroconf on a machine of the network."""

    def __init__(self, site, network):
        self.machine, self.addresses = site.machine(network)
        self.heard = []
        self.announced = []
        self.process = subprocess.Popen(
            [*self.machine.inside, "/usr/bin/python3", f"{homes.ROOT}/tests/integration/zeroconf_peer.py", self.addresses[0]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            self.heard.append(json.loads(line))

    def announce(self, name, addresses, port, txt, **more):
        self.process.stdin.write(json.dumps({"name": name, "addresses": addresses, "port": port, "txt": txt, **more}) + "\n")
        self.process.stdin.flush()
        self.announced.append(name)

    def wait_announced(self):
        for name in self.announced:
            wait_for(f"{name} is announced", lambda name=name: {"what": "announced", "name": name} in self.heard)

    def hears(self, what, name):
        return [told for told in self.heard if told["what"] == what and told["name"] == name]

    def knows(self, name):
        """What it was told with an address: it may find a name before that."""
        return [told for told in self.heard if told["name"] == name and told.get("addresses")]

    def end(self):
        self.process.stdin.close()
        self.process.wait(homes.STOP_S)
        self.process.stdout.close()


def sees(home, other, **wanted):
    """The items of /discovered that say they are the other home's."""
    items = [item for item in home.items("/discovered") if item["id8"] == other.id[:8]]
    return [item for item in items if all(item[key] == value for key, value in wanted.items())]


def join(host, joiner, **body):
    code = host.ok("POST", "/pairing", {"confirm": "auto"})["code"]
    return joiner.call("POST", "/pairing/join", {"code": code, "confirm": "auto", **body})


def pair_nearby(host, joiner):
    answer = join(host, joiner)
    same("the answer to join", answer.status, 200)
    same("the home that was joined", answer.body["home"]["id"], host.id)
    joiner.wait_connected(host)
    host.wait_connected(joiner)


def listener_of(home):
    """The process of a home that hears the network."""
    children = subprocess.run(["pgrep", "--parent", str(home.daemon()), "lan-mdns"], capture_output=True, text=True, check=False)
    return int(children.stdout) if children.stdout.strip() else None
