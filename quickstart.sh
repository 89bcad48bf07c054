#!/usr/bin/env bash
# From a fresh checkout to a report: sets up .venv, then runs `sco demo`, which learns from the recording of a real
# server and finds what was done to it. `bash quickstart.sh [OPTION of sco demo…]`, from anywhere, as often as you like.
# Needs Python >= 3.11. Leaves nothing behind but .venv.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
# shellcheck source=tests/venv.sh
. tests/venv.sh

make_venv
install_checkout .
.venv/bin/sco demo "$@"
say "· for the commands above, first: export PATH=\"$PWD/.venv/bin:\$PATH\""
