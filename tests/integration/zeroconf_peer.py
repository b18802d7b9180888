"""Another implementation of DNS-SD (python3-zeroconf), for sites.py: announces what one line of JSON each on
standard input says, and prints what it hears of `_hearthgate._tcp`, one line of JSON each. Ends with its standard input."""
import json
import socket
import sys
import threading

from zeroconf import ServiceBrowser, ServiceInfo, Zeroconf

TYPE = "_hearthgate._tcp.local."


def say(told):
    sys.stdout.write(json.dumps(told) + "\n")  # in one piece: threads speak
    sys.stdout.flush()


class Listener:
    def say(self, what, zeroconf, name):
        info = zeroconf.get_service_info(TYPE, name, timeout=2000) if what != "lost" else None
        told = {"what": what, "name": name.removesuffix("." + TYPE)}
        if info:
            texts = {key.decode(): (value or b"").decode() for key, value in info.properties.items()}
            told.update(addresses=info.parsed_addresses(), port=info.port, txt=texts)
        say(told)

    def add_service(self, zeroconf, _, name):
        self.say("found", zeroconf, name)

    def update_service(self, zeroconf, _, name):
        self.say("changed", zeroconf, name)

    def remove_service(self, zeroconf, _, name):
        self.say("lost", zeroconf, name)


def announce(zeroconf, info, name):
    """Takes half a second, mostly to ask whether somebody has the name."""
    zeroconf.register_service(info)
    say({"what": "announced", "name": name})


def main():
    zeroconf = Zeroconf(interfaces=[sys.argv[1]])
    browser = ServiceBrowser(zeroconf, TYPE, Listener())
    for line in sys.stdin:
        asked = json.loads(line)
        info = ServiceInfo(TYPE, f"{asked['name']}.{TYPE}", addresses=[socket.inet_aton(a) for a in asked["addresses"]],
                           port=asked["port"], properties=asked["txt"], server=f"{asked.get('host', 'fake')}.local.")
        threading.Thread(target=announce, args=(zeroconf, info, asked["name"])).start()
    browser.cancel()
    zeroconf.close()


main()
