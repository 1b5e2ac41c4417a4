#!/usr/bin/env bash
# precision.sh BIN REPOSITORY…: what `check` finds in repositories that nobody here wrote, by rule, for a person to judge: each finding with the
# text of its line, then how many there are of each rule. BIN is a fluxdeck; kubectl or kustomize must be on PATH. Nothing is written to the
# repositories, no cluster is asked, and renderings are kept in $PRECISION_CACHE (else in a folder that is deleted).
#
# Mark each line T (true, and worth mending), W (true, and nobody would mend it) or F (false); of the errors 95% should be T, of the warnings 85%.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,6s/^# //p' "$0" >&2; exit 2; }
bin=$(realpath "$1")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for repository; do
  name=$(basename "$repository")
  status=0
  KUBECONFIG=/dev/null HOME=$work XDG_CONFIG_HOME=$work/none XDG_CACHE_HOME=${PRECISION_CACHE:-$work/cache} \
    timeout "${PRECISION_TIMEOUT:-600}" "$bin" --repo "$repository" check --hints -o json >"$work/$name.json" 2>"$work/$name.said" || status=$?
  echo "== $name: status $status; $(grep -m1 -E '^[0-9]+ errors?,' "$work/$name.said" || tail -n 1 "$work/$name.said")"
  python3 - "$work/$name.json" "$repository" <<'PYTHON'
import json, pathlib, sys
try:
    found = json.load(open(sys.argv[1]))
except ValueError:
    sys.exit(print("  nothing was told"))
order = ["error", "warning", "hint"]
for one in sorted(found, key=lambda one: (order.index(one["severity"]), one["rule"], one["file"])):
    place = one["file"] + (f":{one['line']}" if one["line"] else "")
    others = len(one.get("others", []))
    print(f"  [ ] {one['severity']} {one['rule']} {one['env'] or '-'} {place} {one['object'] or '-'}")
    print(f"      {one['message']}" + (f" (and {others} others)" if others else ""))
    # A line of a secret is nothing to be shown.
    if one["rule"].startswith(("secret", "private-key")):
        continue
    try:
        lines = (pathlib.Path(sys.argv[2]) / one["file"]).read_text().splitlines()
        print(f"      > {lines[one['line'] - 1].strip()[:120]}")
    except (OSError, TypeError, IndexError, UnicodeDecodeError):
        pass
PYTHON
  grep 'did not run' "$work/$name.said" | cut -c1-200 | sed 's/^/  /' || true
done
python3 - "$work" <<'PYTHON'
import collections, glob, json, sys
told, objects = collections.Counter(), collections.Counter()
for file in glob.glob(sys.argv[1] + "/*.json"):
    try:
        found = json.load(open(file))
    except ValueError:
        continue
    for one in found:
        key = one["severity"], one["rule"]
        told[key] += 1
        objects[key] += 1 + len(one.get("others", []))
print("== findings, objects, rule")
for (severity, rule), count in sorted(told.items()):
    print(f"{count:6} {objects[severity, rule]:6}  {severity} {rule}")
PYTHON
