#!/bin/bash
# record-api.sh KUBECONFIG CONTEXT READER : records what the real API server answers to api/steps.json, for the simulation to be compared with.
#
# READER is a token that may not touch Secrets (the testbed's is reader-NAME). It makes and deletes two ConfigMaps in the namespace default.
set -euo pipefail
export KUBECONFIG=$1
here=$(cd "$(dirname "$0")" && pwd)/api
kubectl=${KUBECTL:-kubectl}
view() { "$kubectl" config view --raw --minify --context "$1" -o jsonpath="$2"; }
server=$(view "$2" '{.clusters[0].cluster.server}')
token=$(view "$2" '{.users[0].user.token}')
reader=$3
scrub='
  def text:
    gsub("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\\.[0-9]+)?Z"; "TIME")
    | gsub("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"; "UID")
    | gsub("User \"[^\"]*\""; "User \"USER\"")
    | gsub("ResourceVersion in record \\([0-9]+\\)"; "ResourceVersion in record (VERSION)");
  walk(if type == "string" then text else . end)
  | walk(if type == "object" and has("resourceVersion") then .resourceVersion = "VERSION" else . end)'
answers='{}'
while read -r step; do
  name=$(jq -r .name <<< "$step")
  bearer=$([ "$(jq -r '.as // ""' <<< "$step")" = reader ] && echo "$reader" || echo "$token")
  arguments=(-sS -k -X "$(jq -r .method <<< "$step")" -H "Authorization: Bearer $bearer" -H "User-Agent: recorder/1" -H 'Accept: application/json')
  arguments+=(-H "Content-Type: $(jq -r '.type // "application/json"' <<< "$step")")
  if jq -e 'has("body") or has("text")' <<< "$step" > /dev/null; then
    arguments+=(--data-binary "$(jq -c 'if has("text") then .text else .body end' <<< "$step" | jq -r 'if type == "string" then . else tojson end')")
  fi
  answer=$(curl "${arguments[@]}" -w '\n%{http_code}' "$server$(jq -r .path <<< "$step")")
  code=${answer##*$'\n'} body=${answer%$'\n'*}
  if read=$(jq "$scrub" <<< "$body" 2> /dev/null); then body=$read; else body=$(printf %s "$body" | jq -Rs .); fi
  answers=$(jq --arg name "$name" --argjson code "$code" --argjson body "$body" '.[$name] = {code: $code, body: $body}' <<< "$answers")
done < <(jq -c '.[]' "$here/steps.json")
jq . <<< "$answers" > "$here/answers.json"
echo "recorded $(jq length <<< "$answers") answers"
