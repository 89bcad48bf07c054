# shellcheck shell=bash
# nginx, and sco with its timers; read in by install.sh, whose functions and settings it uses.

install_nginx() {
  retry dnf -y -q install nginx
  nginx -t
  systemctl enable --now nginx.service
  systemctl reload nginx.service
}

# An application that is not sco must not wait for sco, nor the other way round: what fails here is tried again in ten
# minutes, and is seen in the journal.
install_sco() {
  retry dnf -y -q install python3.11 python3.11-pip
  install -d -m 700 /var/lib/sco
  bash /opt/sco-host/update_sco.sh || say "sco is not installed yet: the timer tries again"
  systemctl enable --now update-sco.timer
}

install_nginx
install_sco
