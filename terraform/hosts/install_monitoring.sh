# shellcheck shell=bash
# Prometheus and Grafana; read in by install.sh, whose functions and settings it uses.

PROMETHEUS=3.14.0
PROMETHEUS_SHA256=f665c6da19eb7ba399c915d30c7d9793c9b417bf8a749b504bc470678631478d
GRAFANA=13.2.0
GRAFANA_SHA256=4669384cdb0bb5b4a3f804927e57490d17f4cc47258cd1698fc124e99ee58265
PASSWORD_FILE=/etc/grafana/admin-password

install_prometheus() {
  unpack prometheus \
    "https://github.com/prometheus/prometheus/releases/download/v$PROMETHEUS/prometheus-$PROMETHEUS.linux-amd64.tar.gz" \
    "$PROMETHEUS_SHA256"
  make_user prometheus
  /opt/prometheus/promtool check config /etc/prometheus/prometheus.yml
  systemctl enable --now prometheus.service
}

# The password is made here and goes to one place, as a file: arguments can be read by everybody on the machine, and
# user data and Terraform's state by everybody who may look at the stack.
make_password() {
  if [ -s "$PASSWORD_FILE" ]; then return 0; fi
  (umask 077 && head -c 24 /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_' >"$PASSWORD_FILE.new")
  retry aws ssm put-parameter --name "$PASSWORD_PARAMETER" --type SecureString --overwrite \
    --description "Password of Grafana's user admin" --value "file://$PASSWORD_FILE.new" --output text
  chown grafana:grafana "$PASSWORD_FILE.new"
  chmod 400 "$PASSWORD_FILE.new"
  mv "$PASSWORD_FILE.new" "$PASSWORD_FILE"
}

install_grafana() {
  unpack grafana "https://dl.grafana.com/oss/release/grafana-$GRAFANA.linux-amd64.tar.gz" "$GRAFANA_SHA256"
  make_user grafana
  make_password
  systemctl enable --now grafana.service
}

install_prometheus
install_grafana
