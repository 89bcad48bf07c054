#!/bin/bash
# What every server needs, then what its roles need. Each step can be repeated.
set -euo pipefail
umask 022

set -a
# shellcheck source=/dev/null
. /etc/sco-host/settings.env
set +a

NODE_EXPORTER=1.12.1
NODE_EXPORTER_SHA256=b51d8a76aa2a9156a55d501aca6276fae09e262259a5e4e831d2c2222f084e63

say() { printf '%s  %s\n' "$(date -u +%FT%TZ)" "$*"; }

# A server that has just been made may reach nothing yet, or have no credentials.
retry() {
  local attempt
  for attempt in 1 2 3 4 5 6 7 8; do
    if "$@"; then return 0; fi
    say "failed (attempt $attempt): $1"
    sleep $((attempt * 5))
  done
  return 1
}

# unpack NAME URL SHA256: the contents of an archive at /opt/NAME, once; refused where its bytes are not those.
unpack() {
  local target="/opt/$1" work
  if [ "$(cat "$target/.sha256" 2>/dev/null)" = "$3" ]; then return 0; fi
  work=$(mktemp -d "/opt/.$1.XXXXXX")
  retry curl -fsSL --connect-timeout 10 --max-time 900 -o "$work/archive" "$2"
  if ! echo "$3  $work/archive" | sha256sum --check --quiet -; then
    say "$2 is not what it should be"
    rm -rf "$work"
    return 1
  fi
  mkdir "$work/tree"
  tar -xzf "$work/archive" -C "$work/tree" --strip-components=1 --no-same-owner
  echo "$3" >"$work/tree/.sha256"
  rm -rf "$target"
  mv "$work/tree" "$target"
  chmod 755 "$target"
  rm -rf "$work"
}

make_user() {
  if ! id "$1" >/dev/null 2>&1; then useradd --system --no-create-home --shell /sbin/nologin "$1"; fi
}

# A t3.micro has 1 GB: enough for what runs, not for its peaks.
add_swap() {
  if swapon --show=NAME --noheadings | grep -qx /swapfile; then return 0; fi
  if [ ! -e /swapfile ]; then
    # Written, not allocated: a file with holes is no swap on XFS.
    (umask 077 && dd if=/dev/zero of=/swapfile.new bs=1M count=2048 status=none)
    mkswap /swapfile.new >/dev/null
    mv /swapfile.new /swapfile
  fi
  swapon /swapfile
  if ! grep -q '^/swapfile ' /etc/fstab; then echo '/swapfile none swap defaults 0 0' >>/etc/fstab; fi
  echo 'vm.swappiness = 10' >/etc/sysctl.d/60-swap.conf
  sysctl -q -p /etc/sysctl.d/60-swap.conf
}

watch_this_server() {
  unpack node_exporter \
    "https://github.com/prometheus/node_exporter/releases/download/v$NODE_EXPORTER/node_exporter-$NODE_EXPORTER.linux-amd64.tar.gz" \
    "$NODE_EXPORTER_SHA256"
  make_user node-exporter
  install -d -m 755 /var/lib/node-exporter
  systemctl enable --now node-exporter.service
}

ship_logs() {
  install -d -m 755 /var/log/app
  systemctl enable --now ship-logs.timer
}

say "set-up of $HOST ($ROLES) begins"
systemctl restart systemd-journald
systemctl daemon-reload
add_swap
watch_this_server
for role in $ROLES; do
  say "role $role"
  # shellcheck source=/dev/null
  . "/opt/sco-host/install_$role.sh"
done
ship_logs
say "set-up of $HOST is done"
