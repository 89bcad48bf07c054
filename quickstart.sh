#!/usr/bin/env bash
# From a fresh checkout to a report: sets up .venv, then learns from recorded metrics of a real server and judges the rest.
# `bash quickstart.sh`, from anywhere, as often as you like. Needs Python >= 3.11. Leaves nothing behind but .venv.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
# shellcheck source=tests/venv.sh
. tests/venv.sh

RECORDING=smartcloudops/data/recording
LEARN_UNTIL=2026-11-23T03:18:00Z

# Learn from the first hour, then look for what is strange in the rest; models and incidents go to a temporary directory.
report() {
  export SCO_CONFIG=$RECORDING/sco.toml SCO_STATE__DIR=$1/state SCO_MODELS__DIR=$1/models
  .venv/bin/sco train --from "$RECORDING/node.csv" --until "$LEARN_UNTIL"
  .venv/bin/sco detect --from "$RECORDING/node.csv" --since "$LEARN_UNTIL"
  say "· what was really done to that machine: a 9 GB memory hog from 03:21:26Z, a 20 GB disk fill from 03:27:27Z"
}

next_steps() {
  cat <<'END'

Next, with your own Prometheus:
  export SCO_PROMETHEUS__URL=http://localhost:9090
  .venv/bin/sco train        learn what is normal from its history
  .venv/bin/sco detect       say what is not normal now (from cron: see the README)
  .venv/bin/sco incidents list
END
}

make_venv
install_checkout .
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
say "· learning from recorded metrics of a real server, then judging the rest of them"
report "$scratch"
next_steps
