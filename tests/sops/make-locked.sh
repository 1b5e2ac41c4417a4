#!/usr/bin/env bash
# Makes tests/sops/locked with the real sops, age, age-plugin-batchpass and ssh-keygen: identities that ask something, and files for them.
# The keys are throwaway: their passphrase is "throwaway", the plug-in's PIN 1234.
set -euo pipefail
cd "$(dirname "$0")/locked"
sops=${1:?usage: make-locked.sh SOPS AGE_KEYGEN AGE} keygen=${2:?} age=${3:?}
export PATH="$PWD:$(dirname "$age"):$PATH" AGE_PASSPHRASE=throwaway
rm -f ./*.age ssh-* ./*.yaml

"$keygen" >identity 2>/dev/null
"$age" --encrypt --armor -j batchpass -o armored.age identity
"$age" --encrypt -j batchpass -o binary.age identity
ssh-keygen -q -t ed25519 -N throwaway -C throwaway -f ssh-ed25519
ssh-keygen -q -t rsa -b 2048 -N throwaway -C throwaway -f ssh-rsa
ssh-keygen -q -t ed25519 -N '' -C throwaway -f ssh-plain

encrypt() { # NAME RECIPIENT
  printf 'kind: Secret\nstringData:\n    password: throwaway-%s\n' "$1" |
    "$sops" --encrypt --encrypted-regex '^(data|stringData)$' --age "$2" --input-type yaml --output-type yaml /dev/stdin >"$1.yaml"
}
encrypt passphrase "$("$keygen" -y identity)"
encrypt ssh-ed25519 "$(cut -d' ' -f1,2 ssh-ed25519.pub)"
encrypt ssh-rsa "$(cut -d' ' -f1,2 ssh-rsa.pub)"
encrypt ssh-plain "$(cut -d' ' -f1,2 ssh-plain.pub)"
# Bech32 of "age1throwaway" and "AGE-PLUGIN-THROWAWAY-" without data.
encrypt plugin "$(cat recipient)"
rm identity
