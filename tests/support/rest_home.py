"""What tests of the REST interface share: openapi.yaml as a judge of answers, and daemons with folders of their own."""
import http.client
import json
import os
import re
import signal
import subprocess
import urllib.parse

import yaml

START_LIMIT_S = 30


class Tally:
    """Counts checks; failures are printed as they come."""

    def __init__(self):
        self.passed = 0
        self.failures = []

    def check(self, ok, what):
        if ok:
            self.passed += 1
        else:
            self.failures.append(what)
            print("FAILED " + what, flush=True)
        return ok


class Schema:
    """The part of JSON Schema 2020-12 that the document uses; an unknown keyword is an error of the document."""

    KNOWN = {"type", "required", "additionalProperties", "properties", "items", "enum", "const", "pattern", "minimum",
             "maximum", "minLength", "maxLength", "minItems", "maxItems", "oneOf", "format", "description", "default"}
    TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}

    def __init__(self, document):
        self.document = document

    def resolve(self, node):
        while isinstance(node, dict) and "$ref" in node:
            target = self.document
            for key in node["$ref"].lstrip("#/").split("/"):
                target = target[key]
            node = target
        return node

    def is_type(self, value, name):
        if name == "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        if name == "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        return isinstance(value, self.TYPES[name])

    def faults(self, value, schema, where="$"):
        schema = self.resolve(schema)
        unknown = set(schema) - self.KNOWN - {"x-codes"}
        if unknown:
            return ["%s: keyword %s is not known to this test" % (where, sorted(unknown))]
        # Of a problem: the code belongs to its status.
        if "x-codes" in schema and isinstance(value, dict):
            if value.get("code") not in schema["x-codes"].get(str(value.get("status")), []):
                return ["%s: code %s is not listed for status %s" % (where, value.get("code"), value.get("status"))]
        out = []
        types = schema.get("type")
        if types is not None:
            names = types if isinstance(types, list) else [types]
            if not any(self.is_type(value, name) for name in names):
                return ["%s: %r is no %s" % (where, value, " or ".join(names))]
        if "const" in schema and value != schema["const"]:
            out.append("%s: %r is not %r" % (where, value, schema["const"]))
        if "enum" in schema and value not in schema["enum"]:
            out.append("%s: %r is none of %r" % (where, value, schema["enum"]))
        if isinstance(value, str):
            if "pattern" in schema and not re.search(schema["pattern"], value):
                out.append("%s: %r does not match %s" % (where, value[:80], schema["pattern"]))
            if schema.get("format") == "date-time" and not re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", value):
                out.append("%s: %r is no time in UTC with milliseconds" % (where, value))
            if len(value) < schema.get("minLength", 0):
                out.append("%s: %r is too short" % (where, value))
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if value < schema.get("minimum", value) or value > schema.get("maximum", value):
                out.append("%s: %r is out of range" % (where, value))
        if isinstance(value, list):
            if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
                out.append("%s: has %d items" % (where, len(value)))
            for i, item in enumerate(value):
                out += self.faults(item, schema.get("items", {}), "%s[%d]" % (where, i))
        if isinstance(value, dict):
            out += ["%s: lacks %s" % (where, name) for name in schema.get("required", []) if name not in value]
            extra = schema.get("additionalProperties", {})
            for name, item in value.items():
                if name in schema.get("properties", {}):
                    out += self.faults(item, schema["properties"][name], where + "." + name)
                elif extra is False:
                    out.append("%s: has the undocumented member %s" % (where, name))
                else:
                    out += self.faults(item, extra if isinstance(extra, dict) else {}, where + "." + name)
        if "oneOf" in schema:
            tries = [self.faults(value, one, where) for one in schema["oneOf"]]
            if sum(not faults for faults in tries) != 1:
                out.append("%s: fits not exactly one of the alternatives: %s" % (where, min(tries, key=len)))
        return out


class Document:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.tree = yaml.safe_load(file)
        self.schema = Schema(self.tree)
        self.seen = set()

    def operations(self):
        for path, item in self.tree["paths"].items():
            for method, operation in item.items():
                if method != "parameters":
                    yield method.upper(), path, operation

    def statuses(self):
        for method, path, operation in self.operations():
            for status in operation["responses"]:
                yield method, path, int(status)

    def judge(self, method, path, answer, body_read=True):
        """Faults of an answer against the document."""
        operation = self.tree["paths"].get(path, {}).get(method.lower())
        if operation is None:
            return ["%s %s is not documented" % (method, path)]
        response = self.schema.resolve(operation["responses"].get(str(answer.status)))
        if response is None:
            return ["status %d is not documented: %s" % (answer.status, answer.text[:200])]
        self.seen.add((method, path, answer.status))
        content = response.get("content")
        if not content:
            return [] if not answer.text else ["there is a body although none is documented"]
        kind = answer.headers.get("content-type", "").split(";")[0]
        if kind not in content:
            return ["content type %s is not documented" % kind]
        faults = ["header %s is missing" % name for name in response.get("headers", {})
                  if name.lower() not in answer.headers]
        if not body_read:
            return faults
        value = answer.json() if kind.endswith("json") else answer.text
        faults += self.schema.faults(value, content[kind]["schema"])
        if kind == "application/problem+json" and value["status"] != answer.status:
            faults.append("the problem tells another status")
        return faults


class Answer:
    def __init__(self, response, read=True):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.text = response.read().decode() if read else ""

    def json(self):
        return json.loads(self.text)


class Home:
    """One daemon on free ports with a folder of its own."""

    count = 0

    def __init__(self, build, document, tally, folder):
        Home.count += 1
        self.check = tally.check
        self.document = document
        self.data = os.path.join(folder, "home%d" % Home.count)
        self.log = open(self.data + ".log", "w", encoding="utf-8")
        self.config = self.data + ".yaml"
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("name: Home %d\nclock: {trust: yes}\nadmin: {port: 0}\nsharing: {sync: {listen: 127.0.0.1, port: 0}}\n" % Home.count)
        # Without settings of a gateway that the machine may have.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HEARTHGATE_")}
        self.process = subprocess.Popen([os.path.join(build, "bin", "hearthgated"), "--config", self.config, "--data", self.data],
                                        stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment)
        line = self.process.stdout.readline()
        match = re.match(r"ready admin=http://[0-9.]+:(\d+) sync=(\S+) home=(\S+)$", line.strip())
        if not match:
            raise SystemExit("the daemon did not come up: %r; see its log:\n%s" % (line, open(self.data + ".log").read()))
        self.port, self.sync, self.id = int(match[1]), match[2], match[3]
        with open(os.path.join(self.data, "admin.token"), encoding="utf-8") as file:
            self.token = file.read().strip()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(START_LIMIT_S)
            # A sanitizer that found something ends the daemon with a status of its own.
            self.check(status == 0, "the daemon ended with %d after SIGTERM; its log: %s" % (status, self.log.name))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self.check(False, "the daemon does not end within %d s of SIGTERM" % START_LIMIT_S)
        self.log.close()

    def send(self, method, target, body=None, headers=None, source="127.0.0.1", token="", read=True, timeout=90):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout, source_address=(source, 0))
        all_headers = dict(headers or {})
        if token is not None:
            all_headers.setdefault("Authorization", "Bearer " + (token or self.token))
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            all_headers.setdefault("Content-Type", "application/json")
        connection.request(method, target, body, all_headers)
        answer = Answer(connection.getresponse(), read)
        if read:
            connection.close()
        else:
            answer.connection = connection
        return answer

    def call(self, method, path, status, body=None, headers=None, query="", code=None, **rest):
        """Calls a documented path and checks status, schema and, of problems, the code. `rest` fills the path."""
        options = {name: rest.pop(name) for name in ("source", "token", "read", "timeout") if name in rest}
        target = re.sub(r"\{(\w+)\}", lambda m: urllib.parse.quote(str(rest[m[1]]), safe=""), path)
        answer = self.send(method, target + query, body, headers, **options)
        what = "%s %s%s -> %d" % (method, target, query, status)
        self.check(answer.status == status, "%s: answered %d %s" % (what, answer.status, answer.text[:200]))
        faults = self.document.judge(method, path, answer, options.get("read", True))
        self.check(not faults, "%s: %s" % (what, "; ".join(faults)))
        if code:
            told = answer.json().get("code") if answer.status >= 400 else None
            self.check(told == code, "%s: code %s instead of %s" % (what, told, code))
        return answer
