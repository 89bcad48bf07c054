# What follows from the variables: addresses, the servers and what each is for.

locals {
  tags = merge(var.tags, { Stack = var.stack_name, ManagedBy = "sco" })

  vpc_cidr     = "10.0.0.0/16"
  subnet_cidrs = [cidrsubnet(local.vpc_cidr, 8, 0), cidrsubnet(local.vpc_cidr, 8, 1)]
  ssh          = var.ssh_public_key != ""

  # Each server has a fixed address inside the VPC: Prometheus and sco need each other's, and either server can be
  # rebuilt without touching the other.
  layouts = {
    server      = { alone = true, roles = ["monitoring", "application"], subnet = 0 }
    monitoring  = { alone = false, roles = ["monitoring"], subnet = 0 }
    application = { alone = false, roles = ["application"], subnet = 1 }
  }
  hosts = { for name, host in local.layouts : name => merge(host, {
    address = cidrhost(local.subnet_cidrs[host.subnet], 10)
  }) if host.alone == var.single_instance }

  monitoring  = var.single_instance ? "server" : "monitoring"
  application = var.single_instance ? "server" : "application"

  # Read and written by name on the servers, which have these names from their settings.
  password_parameter = "/${var.stack_name}/grafana/admin-password"
  wheel_parameter    = "/${var.stack_name}/sco/wheel"
  log_groups         = { for name in keys(local.hosts) : name => "/${var.stack_name}/${name}" }
}
