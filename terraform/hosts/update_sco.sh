#!/bin/bash
# Installs the wheel of sco that the stack names, where it is another one than before, and starts its timers.
#
# A new version gets a directory of its own, and the link to it moves when all of it is there: the old one runs on if
# anything fails.
set -euo pipefail
umask 022

set -a
# shellcheck source=/dev/null
. "${SETTINGS:-/etc/sco-host/settings.env}"
set +a

home=${SCO_HOME:-/opt/sco}
config=${CONFIG:-/etc/sco/sco.toml}

exec 9>"${SCO_LOCK:-/run/update-sco.lock}"
flock -n 9 || exit 0

key=$(aws ssm get-parameter --name "$WHEEL_PARAMETER" --query Parameter.Value --output text)
if [ "$key" = none ] || [ "$key" = "$(cat "$home/wheel" 2>/dev/null)" ]; then exit 0; fi

target="$home/$(printf '%s' "$key" | sha256sum | cut -c1-16)"
before=$(readlink "$home/current" || true)
if [ "$before" != "$target" ]; then
  mkdir -p "$home"
  rm -rf "$target"
  # /tmp is memory, and small.
  work=$(mktemp -d /var/tmp/update-sco.XXXXXX)
  unwanted=$target
  trap 'rm -rf "$work" "$unwanted"' EXIT
  export TMPDIR=$work
  aws s3 cp --only-show-errors "s3://$MODELS_BUCKET/$key" "$work/"
  "${PYTHON:-python3.11}" -m venv "$target"
  "$target/bin/pip" install --quiet --no-cache-dir --disable-pip-version-check "$work/$(basename "$key")"
  "$target/bin/sco" --version
  ln -sfn "$target" "$home/current.new"
  mv -T "$home/current.new" "$home/current"
  unwanted=$before
fi

units=${UNITS:-/etc/systemd/system}
for unit in sco-train sco-detect; do
  install -d "$units/$unit.service.d"
  printf '[Service]\nEnvironment=AWS_REGION=%s\n' "$AWS_REGION" >"$units/$unit.service.d/region.conf"
done
"$home/current/bin/sco" --config "$config" init -y --systemd --install --system --force
echo "$key" >"$home/wheel"
echo "sco of $key runs"
