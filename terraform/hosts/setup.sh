#!/bin/bash
# Sets this server up and tells CloudWatch how that went; run by cloud-init, and again by hand after a failure.
set -euo pipefail

log=/var/log/sco-host.log
status=0
touch "$log"
chmod 600 "$log"
bash /opt/sco-host/install.sh >>"$log" 2>&1 || status=$?

set -a
# shellcheck source=/dev/null
. /etc/sco-host/settings.env
set +a
python3 /opt/sco-host/tell_setup.py "$log" "$status" || echo "CloudWatch was not told" >&2
exit "$status"
