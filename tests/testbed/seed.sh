#!/usr/bin/env bash
# seed.sh: brings both control planes to what repo-template describes. Its copy in $FLUXDECK_TESTBED_RUN/repo points to a Git and a chart
# server on 127.0.0.1, is pushed there, and the real controllers bring it to Ready, with the throwaway keys of tests/keys.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need git "to serve the repository"
need python3 "for the Git and chart server"
origin=http://127.0.0.1:$server_port/git/homelab.git
charts=http://127.0.0.1:$server_port/charts
server=$run/server repository=$run/repo
git=(git -c user.name=Testbed -c user.email=testbed@localhost -c commit.gpgsign=false -c init.defaultBranch=main)

"$here/down.sh" server
must_be_free "$server_port"
rm -rf "$server" "$repository"
mkdir -p "$server/git" "$server/charts"
cp -r "$checkout/repo-template" "$repository"

# point KIND URL: every object of that kind in the copy points to URL.
point() {
  grep -rlE "^kind: $1\$" --include='*.yaml' "$repository" | while read -r file; do
    awk -v kind="$1" -v url="$2" '
      function flush() { if (document ~ "(^|\n)kind: " kind "\n") gsub(/\n  url: [^\n]*/, "\n  url: " url, document); printf "%s", document; document = "" }
      /^---/ { flush() }
      { document = document $0 "\n" }
      END { flush() }' "$file" >"$file.pointed"
    mv "$file.pointed" "$file"
  done
}
point GitRepository "$origin"
point HelmRepository "$charts"
# Charts that come from a registry of images come from the same server here.
grep -rlE '^kind: HelmRepository$' --include='*.yaml' "$repository" | xargs sed -i '/^  type: oci$/d'
"$here/charts.sh" "$repository" "$server/charts" "$charts"

"${git[@]}" init --quiet --bare "$server/git/homelab.git"
"${git[@]}" -C "$server/git/homelab.git" config http.receivepack true
cd "$server"
start "$server" "$server/log" python3 "$here/serve.py" "$server" "$server_port"
for _ in $(seq 100); do
  (exec 3<>"/dev/tcp/127.0.0.1/$server_port") 2>/dev/null && serving=yes && break
  sleep 0.1
done
[ "${serving:-}" = yes ] || fail "the Git server did not start: see $server/log"
"${git[@]}" -C "$repository" init --quiet
"${git[@]}" -C "$repository" add --all
"${git[@]}" -C "$repository" commit --quiet --message "feat: the homelab"
"${git[@]}" -C "$repository" remote add origin "$origin"
"${git[@]}" -C "$repository" push --quiet --set-upstream origin main

for name in "${environments[@]}"; do
  kubectl "$name" --namespace flux-system create secret generic sops-age \
    --from-file=age.agekey="$checkout/tests/keys/$name-throwaway.txt" --dry-run=client --output yaml |
    kubectl "$name" apply -f - >/dev/null
  # What bootstrap makes for a private repository; the loopback server asks for nothing.
  kubectl "$name" --namespace flux-system create secret generic flux-system \
    --from-literal=username=git --from-literal=password=unused --dry-run=client --output yaml |
    kubectl "$name" apply -f - >/dev/null
  kubectl "$name" apply -f "$repository/clusters/$name/flux-system/gotk-sync.yaml" >/dev/null
done

show() { kubectl "$1" get gitrepositories,kustomizations,helmrepositories,helmcharts,helmreleases --all-namespaces >&2; }
deadline=$((SECONDS + ${FLUXDECK_TESTBED_PATIENCE:-600}))
# settled NAME: all that clusters/NAME declares is there, and every Flux object is Ready.
settled() {
  local declared name=$1
  declared=$(grep -rlE '^apiVersion: kustomize.toolkit.fluxcd.io/' "$repository/clusters/$name" | xargs grep -cE '^kind: Kustomization$' |
    awk -F: '{ sum += $NF } END { print sum }')
  kubectl "$name" get kustomizations,helmreleases --all-namespaces --output json | python3 -c '
import json, sys
objects = json.load(sys.stdin)["items"]
ready = lambda o: any(c["type"] == "Ready" and c["status"] == "True" for c in o.get("status", {}).get("conditions", []))
kustomizations = sum(o["kind"] == "Kustomization" for o in objects)
sys.exit(not (kustomizations >= int(sys.argv[1]) and len(objects) > kustomizations and all(map(ready, objects))))' "$declared"
}
for name in "${environments[@]}"; do
  until settled "$name"; do
    if [ $SECONDS -ge $deadline ]; then
      show "$name"
      fail "$name did not become Ready: see the messages above and $run/$name/log"
    fi
    sleep 1
  done
  say "$name is Ready after $SECONDS seconds"
done
