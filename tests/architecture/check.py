#!/usr/bin/env python3
"""The rules on layers, includes and files that no compiler checks (STYLE.md "Layout", DESIGN.md section 9).

Looks at the files that git knows, new ones included. Prints each breach as FILE:LINE: what is wrong, then
`N passed, N failed`, one for each rule. `--selftest` shows that each rule can fail.
"""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# DESIGN.md section 9, left to right: a folder may include those of an earlier step and itself. Within a step nobody
# includes a neighbour.
LAYERS = [
    ["sdk"], ["base"], ["model"], ["conflict", "store", "trust", "config"], ["engine"],
    ["script", "plugin_host", "sync"], ["api"], ["daemon", "cli"],
]
STEP = {folder: step for step, folders in enumerate(LAYERS) for folder in folders}

# Libraries that only these folders of gateway/ may include, so that each can be exchanged in one place.
ONLY = [
    ("SQLite", re.compile(r"sqlite3"), {"store"}),
    ("mbedTLS", re.compile(r"mbedtls/"), {"trust"}),
    ("libargon2", re.compile(r"argon2"), {"trust"}),
    ("nettle", re.compile(r"nettle/"), {"base"}),
    ("Lua", re.compile(r"(lua\.hpp|lua\.h|lauxlib\.h|lualib\.h)$"), {"script"}),
    ("Boost.DLL", re.compile(r"boost/dll"), {"plugin_host"}),
    ("Poco", re.compile(r"Poco/"), {"api"}),
    ("qrcodegen", re.compile(r"qrcodegen/"), {"api"}),
    ("prometheus-cpp", re.compile(r"prometheus/"), {"api"}),
    ("Avahi", re.compile(r"avahi-"), set()),  # plugins/lan alone
]

TOP_LEVEL = {
    "CMakeLists.txt", "CMakePresets.json", "README.md", "LICENSE", ".ci", ".clang-format", ".clang-tidy", ".gitignore",
    "gateway", "plugins", "scripts", "db", "web", "packaging", "tests",
}

MAX_LINES = 500
# A file may be longer only for a reason that stands here.
LONG_FILES = {
    "gateway/api/openapi.yaml": "one document describes the whole REST interface",
}
# Data and lock files have as many lines as they have data.
DATA = re.compile(r"^tests/(data|fuzz/corpus)/|package-lock\.json$|\.svg$|\.lua\.expected$|_words\.inc$")

SOURCE = re.compile(r"\.(h|hpp|cpp|cc|c)$")
# Written in parts, so that this file passes its own rules.
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:" + "|".join(["wo" "rk", "ro" "ot", "ho" "me/[a-z]", "Us" "ers", "tmp/" "hg"]) + r")/")
URL = re.compile(r"https?://(?:[a-z]+@)?([^\s/\"'<>:)\]}`,;$*\\]+)")
FETCHES = re.compile(r"\b(" + "|".join(["cu" "rl", "wg" "et", "Fetch" "Content", "External" "Project", r"git clo" r"ne http",
                                        r"pip3? inst" "all", r"file\(DOWN" "LOAD"]) + r")\b")
# What is built or run, as against what is read.
BUILD_FILE = re.compile(r"(^|/)(CMakeLists\.txt|Dockerfile|Makefile)$|\.cmake$|^packaging/|^tests/run$|^\.ci/")
# Names that stand for a place without leading anywhere, or only name a format (RFC 2606, RFC 5737, RFC 3849).
HARMLESS_HOST = re.compile(
    r"^(127\.|0\.0\.0\.0|localhost|\[|192\.0\.2\.|198\.51\.100\.|203\.0\.113\.|10\.|192\.168\."
    r"|HOST|ADDRESS|[a-z0-9.-]*\.(example|invalid|test|local|lan)$|([a-z0-9-]+\.)*example\.(org|com|net)$"
    r"|www\.apache\.org$|json-schema\.org$|www\.w3\.org$|www\.rfc-editor\.org$|datatracker\.ietf\.org$|[^.]+$)")


def tracked_files():
    # A clone that another user made, as under sudo, is looked at all the same.
    command = ["git", "-c", "safe.directory=*", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, check=True, capture_output=True).stdout.decode()
    return sorted(name for name in listing.split("\0") if name and os.path.isfile(os.path.join(ROOT, name)))


def read(name):
    with open(os.path.join(ROOT, name), "rb") as file:
        return file.read().decode("utf-8", "replace")


def includes(text):
    """(line, path, quoted) of each include."""
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r"\s*#\s*include\s*([<\"])([^>\"]+)[>\"]", line)
        if match:
            yield number, match.group(2), match.group(1) == '"'


def core_folder(name):
    parts = name.split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "gateway" else None


def check_layers(files):
    """No folder of gateway/ includes one to its right or beside it."""
    for name, text in files.items():
        folder = core_folder(name)
        if not SOURCE.search(name) or folder is None:
            continue
        if folder not in STEP:
            yield f"{name}:1: gateway/{folder} stands in no layer (DESIGN.md section 9)"
            continue
        for line, path, _ in includes(text):
            target = "sdk" if path.startswith("hearthgate/") else path.split("/")[0]
            if ".." in path.split("/"):
                yield f"{name}:{line}: includes \"{path}\"; write \"folder/file.h\""
            elif "/" in path and target in STEP and target != folder and STEP[target] >= STEP[folder]:
                yield f"{name}:{line}: {folder} may not include {target} (\"{path}\")"


def check_links(files):
    """No target of gateway/ links one to its right or beside it."""
    for name, text in files.items():
        folder = core_folder(name)
        if not name.endswith("CMakeLists.txt") or folder not in STEP:
            continue
        uncommented = re.sub(r"#[^\n]*", "", text)
        called = re.findall(r"LAYERS([^)]*?)(?:PRIVATE|SOURCES|\))", uncommented)
        targets = {word for part in called for word in part.split()}
        targets |= set(re.findall(r"hearthgate_(\w+)", uncommented))
        for target in sorted(targets):
            if target in STEP and target != folder and STEP[target] >= STEP[folder]:
                yield f"{name}:1: {folder} may not link {target}"


def check_only_folders(files):
    """SQLite, mbedTLS, libargon2, Lua, Boost.DLL, Poco, qrcodegen, prometheus-cpp and Avahi are each included by one folder of the core at most."""
    for name, text in files.items():
        folder = core_folder(name)
        if not SOURCE.search(name) or folder is None:
            continue
        for line, path, _ in includes(text):
            for library, pattern, folders in ONLY:
                if not pattern.match(path) or folder in folders:
                    continue
                yield f"{name}:{line}: only {', '.join(sorted(folders)) or 'plugins'} may include {library} (<{path}>)"


def check_sdk(files):
    """The SDK includes the standard library and itself, nothing else."""
    for name, text in files.items():
        if core_folder(name) != "sdk" or not SOURCE.search(name):
            continue
        for line, path, quoted in includes(text):
            if quoted and not path.startswith("hearthgate/"):
                yield f"{name}:{line}: the SDK includes only itself and the standard library (\"{path}\")"
            elif not quoted and ("/" in path or path.endswith((".h", ".hpp"))) and not path.startswith("hearthgate/"):
                yield f"{name}:{line}: the SDK includes only itself and the standard library (<{path}>)"


def check_plugins(files):
    """Plugins include their own files, the SDK and libraries."""
    for name, text in files.items():
        if not name.startswith("plugins/"):
            continue
        if name.endswith("CMakeLists.txt"):
            for target in re.findall(r"hearthgate_(\w+)", re.sub(r"#[^\n]*", "", text)):
                if target in STEP and target != "sdk":
                    yield f"{name}:1: a plugin links hearthgate_sdk alone, not hearthgate_{target}"
        if not SOURCE.search(name):
            continue
        own = name.split("/")[1]
        for line, path, quoted in includes(text):
            first = path.split("/")[0]
            if ".." in path.split("/"):
                yield f"{name}:{line}: includes \"{path}\", outside of its folder"
            elif quoted and "/" in path and first in STEP and first != own:
                yield f"{name}:{line}: a plugin may not include gateway/{first} (\"{path}\")"


def check_length(files):
    """Files stay under 500 lines."""
    for name, text in files.items():
        lines = text.count("\n")
        if lines > MAX_LINES and name not in LONG_FILES and not DATA.search(name) and "\0" not in text:
            yield f"{name}:{lines}: has {lines} lines, more than {MAX_LINES}; split it by subject"


def check_machine_paths(files):
    """No path of somebody's machine."""
    for name, text in files.items():
        for number, line in enumerate(text.split("\n"), 1):
            match = MACHINE_PATH.search(line)
            if match and "\0" not in text:
                yield f"{name}:{number}: names a path of one machine ({match.group(0)})"


def check_downloads(files):
    """Building and testing fetch nothing but apt packages; no file names a host to fetch from."""
    for name, text in files.items():
        if "\0" in text or DATA.search(name) or name.startswith("web/"):
            continue
        for number, line in enumerate(text.split("\n"), 1):
            for host in URL.findall(line):
                if not HARMLESS_HOST.match(host):
                    yield f"{name}:{number}: names the host {host}"
            if BUILD_FILE.search(name) and FETCHES.search(re.sub(r"(^|\s)#.*", "", line)):
                yield f"{name}:{number}: fetches something: {line.strip()[:60]}"


def check_top_level(files):
    """The top level holds what STYLE.md names and nothing else."""
    for entry in sorted({name.split("/")[0] for name in files}):
        if entry not in TOP_LEVEL:
            yield f"{entry}:1: does not belong to the top level"


def check_discovery(files):
    """Test programs are listed by hearthgate_test; running them while building would hide a crash."""
    pattern = re.compile("gtest_disc" "over_tests")
    for name, text in files.items():
        if name.endswith(("CMakeLists.txt", ".cmake")) and pattern.search(text):
            yield f"{name}:1: use hearthgate_test(), not gtest's discovery"


def check_marks(files):
    """Nothing is left to be done later."""
    pattern = re.compile(r"\b(" + "|".join(["TO" "DO", "FIX" "ME", "XX" "X"]) + r")\b")
    for name, text in files.items():
        if "\0" in text or DATA.search(name):
            continue
        for number, line in enumerate(text.split("\n"), 1):
            # Placeholders of codes, as in HEARTH-XXXX, are no marks.
            if pattern.search(line):
                yield f"{name}:{number}: something is left to do"


def check_savepoints(files):
    """SQLite 3.40 may lose a transaction that takes a savepoint back after it wrote pages of the log again: the pages that
    follow keep headers without checksums, and the next start reads only up to there."""
    for name, text in files.items():
        if not name.startswith(("gateway/", "db/")) or not name.endswith((".h", ".cpp", ".sql")):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(r"\b(SAVEPOINT|ROLLBACK TO)\b", line):
                yield f"{name}:{number}: a savepoint; a transaction is committed or rolled back as a whole"


RULES = [check_layers, check_links, check_only_folders, check_sdk, check_plugins, check_length, check_machine_paths,
         check_downloads, check_top_level, check_discovery, check_marks, check_savepoints]

# One file for each rule that breaks it, and some that look alike but are right.
BREACHES = {
    "check_layers": {"gateway/model/a.h": '#include "engine/engine.h"\n'},
    "check_links": {"gateway/base/CMakeLists.txt": "hearthgate_layer(base SOURCES a.cpp LAYERS sdk model)\n"},
    "check_only_folders": {"gateway/sync/a.cpp": "#include <sqlite3.h>\n"},
    "check_sdk": {"gateway/sdk/include/hearthgate/a.h": '#include "base/result.h"\n'},
    "check_plugins": {"plugins/lan/a.cpp": '#include "base/result.h"\n'},
    "check_length": {"gateway/base/a.cpp": "\n" * 501},
    "check_machine_paths": {"README.md": "cd /ro" "ot/x\n"},
    "check_downloads": {"packaging/demo": "cu" "rl http" "s://files.hearthgate.io/x\n"},
    "check_top_level": {"notes.txt": "\n"},
    "check_discovery": {"tests/CMakeLists.txt": "gtest_disc" "over_tests(x)\n"},
    "check_marks": {"gateway/base/a.cpp": "// TO" "DO later\n"},
    "check_savepoints": {"gateway/store/a.cpp": 'execute("SAVEPOINT s");\n'},
}
RIGHT = {
    "gateway/store/a.cpp": "#include <sqlite3.h>\n#include \"model/version.h\"\n#include \"store/row.h\"\n",
    "gateway/base/sha256.cpp": "#include <nettle/sha2.h>\n",
    "gateway/base/CMakeLists.txt": "hearthgate_layer(base SOURCES a.cpp LAYERS sdk PRIVATE z) # never model\n",
    "gateway/cli/main.cpp": "#include \"api/client.h\"\n",
    "plugins/lan/a.cpp": '#include "hearthgate/plugin.h"\n#include "frame.h"\n#include <boost/beast.hpp>\n',
    "README.md": "open http://127.0.0.1:8760/ or HEARTH-XXXX-XXXX\n",
}


def selftest():
    failed = 0
    for rule in RULES:
        if not list(rule(BREACHES[rule.__name__])):
            print(f"{rule.__name__}: does not see its breach")
            failed += 1
        for line in rule(RIGHT):
            print(f"{rule.__name__}: wrong alarm: {line}")
            failed += 1
    return failed


def main():
    if sys.argv[1:] == ["--selftest"]:
        failed = selftest()
        print(f"{len(RULES) - min(failed, len(RULES))} passed, {failed} failed")
        return 1 if failed else 0
    passed, failed = (1, 0) if selftest() == 0 else (0, 1)
    files = {name: read(name) for name in tracked_files()}
    for rule in RULES:
        breaches = list(rule(files))
        if breaches:
            failed += 1
            print(f"{rule.__doc__.strip()}")
            for line in breaches:
                print("  " + line)
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
