# What a server does when it first starts: cloud-init writes the files below hosts/ and runs setup.sh.
#
# Scripts, units and configuration are files of their own, so that they can be read, checked and tried; only
# *.tftpl hold something to fill in. No secret is among them: whoever may describe an instance reads its user data.
# All of it is gzipped: EC2 takes 16 KB.

locals {
  # Where each file goes on a server, by what the server is for. Those without a mode are 0644.
  host_files = {
    every = {
      "/opt/sco-host/setup.sh"                          = "setup.sh"
      "/opt/sco-host/install.sh"                        = "install.sh"
      "/opt/sco-host/tell_setup.py"                     = "tell_setup.py"
      "/opt/sco-host/ship_logs.py"                      = "ship_logs.py"
      "/etc/systemd/system/node-exporter.service"       = "units/node-exporter.service"
      "/etc/systemd/system/ship-logs.service"           = "units/ship-logs.service"
      "/etc/systemd/system/ship-logs.timer"             = "units/ship-logs.timer"
      "/etc/systemd/journald.conf.d/60-persistent.conf" = "journald.conf"
    }
    monitoring = {
      "/opt/sco-host/install_monitoring.sh"                  = "install_monitoring.sh"
      "/etc/systemd/system/prometheus.service"               = "units/prometheus.service"
      "/etc/systemd/system/grafana.service"                  = "units/grafana.service"
      "/etc/prometheus/rules/sco.yml"                        = "rules.yml"
      "/etc/grafana/grafana.ini"                             = "grafana/grafana.ini"
      "/etc/grafana/provisioning/datasources/prometheus.yml" = "grafana/datasource.yml"
      "/etc/grafana/provisioning/dashboards/dashboards.yml"  = "grafana/dashboards.yml"
    }
    application = {
      "/opt/sco-host/install_application.sh"   = "install_application.sh"
      "/opt/sco-host/update_sco.sh"            = "update_sco.sh"
      "/etc/systemd/system/update-sco.service" = "units/update-sco.service"
      "/etc/systemd/system/update-sco.timer"   = "units/update-sco.timer"
      "/etc/logrotate.d/app"                   = "logrotate.conf"
    }
  }

  # Compact, since every byte counts here.
  host_dashboards = {
    for name in ["hosts", "sco"] : "/etc/grafana/dashboards/${name}.json" =>
    jsonencode(jsondecode(file("${path.module}/hosts/dashboards/${name}.json")))
  }

  host_settings = {
    for name, host in local.hosts : name => {
      host               = name
      roles              = join(" ", host.roles)
      region             = var.region
      app_port           = var.app_port
      prometheus         = "http://${local.hosts[local.monitoring].address}:9090"
      targets            = { for other, each in local.hosts : other => each.address }
      logs_bucket        = aws_s3_bucket.logs.id
      models_bucket      = aws_s3_bucket.models.id
      log_group          = local.log_groups[name]
      wheel_parameter    = local.wheel_parameter
      password_parameter = local.password_parameter
    }
  }

  host_templates = {
    every       = { "/etc/sco-host/settings.env" = "settings.env.tftpl" }
    monitoring  = { "/etc/prometheus/prometheus.yml" = "prometheus.yml.tftpl" }
    application = { "/etc/nginx/conf.d/app.conf" = "nginx.conf.tftpl", "/etc/sco/sco.toml" = "sco.toml.tftpl" }
  }

  user_data = {
    for name, host in local.hosts : name => join("\n", ["#cloud-config", jsonencode({
      write_files = concat(flatten([
        for part in concat(["every"], host.roles) : concat(
          [for to, from in local.host_files[part] : { path = to, content = file("${path.module}/hosts/${from}") }],
          [for to, from in local.host_templates[part] : {
            path = to, content = templatefile("${path.module}/hosts/${from}", local.host_settings[name])
          }],
        )
      ]), [for to, content in local.host_dashboards : { path = to, content = content } if contains(host.roles, "monitoring")])
      runcmd = [["bash", "/opt/sco-host/setup.sh"]]
    })])
  }
}
