# shellcheck shell=bash
# Sourced by quickstart.sh and tests/run.sh: a virtual environment in .venv with this checkout installed.

say() { printf '%s\n' "$*" >&2; }

die() {
  say "error: $1"
  shift
  for line in "$@"; do say "  $line"; done
  exit 1
}

# Run a command as root; 1 where that cannot be had without a question.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    sudo "$@"
  else
    return 1
  fi
}

# apt_install PACKAGE…: 1 where there is no apt, no root, or no such package. The lists are read anew only when needed.
apt_install() {
  command -v apt-get >/dev/null || return 1
  local quiet=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
  local log
  log=$(mktemp)
  for attempt in as_it_is after_update; do
    if [ "$attempt" = after_update ]; then as_root "${quiet[@]}" update >>"$log" 2>&1 || true; fi
    if as_root "${quiet[@]}" install -y --no-install-recommends "$@" >>"$log" 2>&1; then
      rm -f "$log"
      return 0
    fi
  done
  grep -E '^E:' "$log" | tail -n 2 >&2 || true
  rm -f "$log"
  return 1
}

# works PYTHON MODULE…: whether it runs (a pyenv shim may not), is new enough, and has the modules.
works() {
  local python=$1
  shift
  "$python" -c 'import sys; [__import__(m) for m in sys.argv[1:]]; sys.exit(sys.version_info < (3, 11))' \
    ssl sqlite3 "$@" >/dev/null 2>&1
}

# Print the first python on PATH that works and has the modules named.
find_python() {
  local name path
  for name in python3.13 python3.12 python3.11 python3; do
    while read -r path; do
      if works "$path" "$@"; then
        printf '%s\n' "$path"
        return 0
      fi
    done < <(type -aP "$name")
  done
  return 1
}

# Make .venv in the working directory, or keep one that works.
make_venv() {
  if works .venv/bin/python pip; then return 0; fi
  if [ -e .venv ] && [ ! -e .venv/pyvenv.cfg ]; then
    die "$PWD/.venv is in the way and is no virtual environment" "move it, then run this again"
  fi
  local python
  if ! python=$(find_python venv ensurepip); then
    python=$(find_python) || die "no Python 3.11 or newer that works was found on PATH" \
      "on Debian 12 or newer: apt-get install python3 python3-venv"
    say "· installing python3-venv (Debian keeps it apart from Python)"
    local version
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    apt_install "python$version-venv" || apt_install python3-venv || true
    works "$python" venv ensurepip || die "$python cannot make virtual environments, and installing python3-venv failed" \
      "as root: apt-get update && apt-get install python3-venv" "then run this again"
  fi
  say "· making .venv with $("$python" --version) ($python)"
  "$python" -m venv --clear .venv || die "$python -m venv failed" "is there space left in $PWD?"
}

# install_checkout TARGET: `.` or `.[EXTRA]`, once for each state of pyproject.toml. pip's own settings (PIP_*) hold.
install_checkout() {
  local target=$1 mark want
  mark=.venv/.installed-$(printf '%s' "$target" | tr -c '[:lower:]' _)
  want=$(sha256sum pyproject.toml)
  if [ "$(cat "$mark" 2>/dev/null)" = "$want" ]; then return 0; fi
  say "· installing sco and what it needs into .venv (some hundred MB; a few minutes where nothing is cached)"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --use-pep517 --editable "$target" ||
    die "pip could not install what sco needs (its message is above)" \
      "check the network, or set PIP_INDEX_URL to an index that you can reach, then run this again"
  printf '%s\n' "$want" >"$mark"
}
