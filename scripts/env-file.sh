#!/usr/bin/env bash
# Makes .env where there is none, and puts a write token of its own into one that has none: no process ever makes a secret.
# Nothing else of the file is touched.
set -euo pipefail
umask 077

[[ -f .env ]] || cp .env.example .env

# It is set when there is anything but quotes, blanks and a comment behind its =.
if grep -Eq "^[[:space:]]*(export[[:space:]]+)?WRITE_TOKENS[[:space:]]*=[[:space:]]*[\"']?[^[:space:]\"'#]" .env; then exit; fi

chmod 600 .env
secret=$(od -An -v -tx1 -N24 /dev/urandom | tr -d ' \n')
# The first empty assignment becomes the token; where there is none, it comes last.
TOKEN="WRITE_TOKENS=local:$secret" awk '
  !done && /^[[:space:]]*(export[[:space:]]+)?WRITE_TOKENS[[:space:]]*=/ { print ENVIRON["TOKEN"]; done = 1; next }
  { print }
  END { if (!done) print ENVIRON["TOKEN"] }' .env > .env.new
cat .env.new > .env # and not mv: the file keeps its owner, and a link stays one
rm .env.new
