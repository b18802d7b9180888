# What packaging/demo is made of: ending what it started, showing and checking steps, asking the homes. Read by it alone,
# with its variables.
# shellcheck shell=bash disable=SC2154,SC2034

# --- ending -----------------------------------------------------------------------------------------------------------

# Ends one process of ours and waits for it.
end() {  # end PID
  kill -TERM "$1" 2> /dev/null || return 0
  local until=$((SECONDS + stop_s))
  while kill -0 "$1" 2> /dev/null; do
    if [ $SECONDS -ge $until ]; then
      kill -KILL "$1" 2> /dev/null || true
      break
    fi
    sleep 0.02
  done
  wait "$1" 2> /dev/null || true
}

# A signal that was waiting when this begins calls it once more, and that call does all of it.
clean() {  # clean [STATUS]
  local status=${1:-$?} home
  trap '' INT TERM HUP  # from here on a Ctrl-C must not leave half of it behind
  trap - EXIT ERR
  [ -z "$pairing_pid" ] || end "$pairing_pid"
  for home in "${!pid[@]}"; do end "${pid[$home]}"; done
  [ -z "$dir" ] || rm -rf "$dir"
  exit "$status"
}
trap clean EXIT
# Not `exit`: a shell that is at its end already would leave without cleaning.
trap 'clean 130' INT
trap 'clean 143' TERM
trap 'clean 129' HUP
# Inside $( ) the error reaches the outer shell as the status of the assignment, so it is told once, there.
trap '[ "$BASH_SUBSHELL" -gt 0 ] || fail "line $LINENO: $BASH_COMMAND"' ERR

fail() {  # fail WHAT
  trap - ERR
  printf '\nFAILED at step %s (%s):\n  %s\n' "$step" "$title" "$1"
  local home
  [ -z "$dir" ] || for home in "${homes[@]}"; do
    [ -e "$dir/$home.log" ] || continue
    printf '\n--- the last lines of %s ---\n' "$home"
    tail -n "$log_lines" "$dir/$home.log"
  done
  [ -z "$dir" ] || [ ! -s "$dir/error" ] || { printf '\n--- what the last command said ---\n'; cat "$dir/error"; }
  exit 1
}

# --- showing ----------------------------------------------------------------------------------------------------------

step() {  # step TITLE WHY
  step=$((step + 1))
  title=$1
  printf '\n%2d. %s\n' "$step" "$1"
  printf '%s\n' "$2" | fold -s -w 75 | sed 's/^/    /; s/ *$//'
}

ok() {  # ok TEXT
  checks=$((checks + 1))
  printf '    ok  %s\n' "$1"
}

same() {  # same WHAT GOT WANTED
  [ "$2" = "$3" ] || fail "$1: expected '$3', saw '$2'"
}

alive() {
  local home
  for home in "${!pid[@]}"; do kill -0 "${pid[$home]}" 2> /dev/null || fail "$home ended by itself"; done
}

# Asks until the answer is the wanted one.
await() {  # await WHAT WANTED COMMAND...
  local what=$1 wanted=$2 got="" until=$((SECONDS + wait_s))
  shift 2
  while :; do
    got=$("$@") || got="(no answer)"
    [ "$got" != "$wanted" ] || return 0
    alive
    [ $SECONDS -lt $until ] || fail "$what: expected '$wanted' within $wait_s s, saw '$got'"
    sleep 0.02
  done
}

now_ms() { echo $((${EPOCHREALTIME/[^0-9]/} / 1000)); }

# --- asking -----------------------------------------------------------------------------------------------------------

# The command line of one home, answering in JSON. Status 4 says: done, and something waits for a person.
hearthgate() {  # hearthgate HOME ARGUMENT...
  local status=0
  "$programs/bin/hearthgate" --data "$dir/$1" --json --yes "${@:2}" 2> "$dir/error" || status=$?
  [ "$status" -eq 0 ] || [ "$status" -eq 4 ]
}

did() {  # did HOME ARGUMENT...
  hearthgate "$@" > "$dir/answer" || fail "hearthgate ${*:2} (at $1) did not work: $(cat "$dir/error" "$dir/answer")"
}

# One value of the JSON document on standard input: `items.0.id`; `items.#` counts.
pick() {  # pick PATH
  python3 -c '
import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1].split("."):
    if name == "#":
        value = len(value)
    else:
        value = value[int(name)] if isinstance(value, list) else value.get(name)
print(value if isinstance(value, str) else json.dumps(value))' "$1"
}

# What a command prints for a person, at the width of an 80-column terminal; of `why` without the gates that passed.
shown() {  # shown HOME ARGUMENT...
  printf '\n%s$ hearthgate %s\n' "$1" "${*:2}"
  "$programs/bin/hearthgate" --data "$dir/$1" "${@:2}" 2> "$dir/error" |
    awk '/^  yes /{passed = 1; next} /^  NO |^  next:|^[^ ]/{passed = 0} !passed'
}

# `why` at one home about the other: the verdict and the gate that decided, and then what a person sees of it.
explained() {  # explained HOME ENTITY OTHER VERDICT GATE
  await "why at $1" "$4" at "$1" why "$2" "$3" -- verdict
  hearthgate "$1" why "$2" "$3" > "$dir/answer" || fail "why $2 $3 (at $1) did not work: $(cat "$dir/error")"
  same "the gate that did not let $2 pass at $1" "$(python3 -c '
import json, sys
answer = json.load(sys.stdin)
print(*[step["gate"] for step in answer["steps"] if not step["passed"]], "and" if answer["next_action"] else "without",
      "a next action")' < "$dir/answer")" "$5 and a next action"
  shown "$1" why "$2" "$3"
}

# What one home shows: `at beach entity get light.x -- fields.state`.
at() {  # at HOME ARGUMENT... -- PATH
  local path=${*: -1}
  hearthgate "${@:1:$#-2}" | pick "$path"
}

# Where one home has found another: of what is announced on this network, perhaps by other homes too.
found() {  # found HOME OTHER
  hearthgate "$1" discovered | python3 -c '
import json, sys
for item in json.load(sys.stdin)["items"]:
    if item["id8"] == sys.argv[1]:
        print(item["address"] + ":" + str(item["port"]))' "${id[$2]:0:8}" | sort -u
}

brightness() { at "$1" entity get "$2@${id[city]}" -- fields.attributes.brightness; }  # brightness HOME ENTITY
light_state() { at "$1" entity get "$2@${id[city]}" -- fields.state; }                 # light_state HOME ENTITY

# The one call for which there is no command: many entities as one change set.
post_states() {  # post_states HOME FILE
  python3 - "${admin[$1]}" "$dir/$1/admin.token" "$2" <<'PYTHON'
import json, sys, urllib.request
url, token_file, states_file = sys.argv[1:]
lines = [json.dumps({"id": state["entity_id"], "kind": "state",
                     "fields": {"state": state["state"], "attributes": state["attributes"]}})
         for state in json.load(open(states_file, encoding="utf-8"))]
request = urllib.request.Request(url + "/api/v1/entities:bulk", data="\n".join(lines).encode(), headers={
    "Authorization": "Bearer " + open(token_file).read().strip(), "Content-Type": "application/x-ndjson"})
# Without a proxy, whatever the environment says: this is the machine itself.
with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
    print(answer.read().decode())
PYTHON
}

health() {  # health HOME
  python3 - "${admin[$1]}/health" <<'PYTHON'
import sys, urllib.request
with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1], timeout=20) as answer:
    print(answer.read().decode())
PYTHON
}
