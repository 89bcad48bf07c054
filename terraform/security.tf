# Who may reach what. To the world: port 80 and nothing else.
#
# Rules stand inside the groups, so that a port which somebody opens by hand shows as drift.

resource "aws_security_group" "monitoring" {
  name_prefix = "${var.stack_name}-monitoring-"
  description = "Grafana for the administrator, Prometheus inside the VPC"
  vpc_id      = aws_vpc.main.id

  ingress {
    description = "Grafana, for the administrator"
    from_port   = 3000
    to_port     = 3000
    protocol    = "tcp"
    cidr_blocks = [var.admin_cidr]
  }

  ingress {
    description = "Prometheus, inside the VPC${var.expose_prometheus ? " and for the administrator" : ""}"
    from_port   = 9090
    to_port     = 9090
    protocol    = "tcp"
    cidr_blocks = concat([local.vpc_cidr], var.expose_prometheus ? [var.admin_cidr] : [])
  }

  ingress {
    description = "node_exporter, inside the VPC"
    from_port   = 9100
    to_port     = 9100
    protocol    = "tcp"
    cidr_blocks = [local.vpc_cidr]
  }

  dynamic "ingress" {
    for_each = local.ssh ? [22] : []

    content {
      description = "ssh, for the administrator"
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = [var.admin_cidr]
    }
  }

  # Packages, AWS's own services, and whatever alerts are sent to.
  egress {
    description = "Out, to anywhere"
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }

  tags = { Name = "${var.stack_name}-monitoring" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_security_group" "application" {
  name_prefix = "${var.stack_name}-application-"
  description = "The application for the world"
  vpc_id      = aws_vpc.main.id

  ingress {
    description = "The application, for the world"
    from_port   = 80
    to_port     = 80
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }

  ingress {
    description = "node_exporter, inside the VPC"
    from_port   = 9100
    to_port     = 9100
    protocol    = "tcp"
    cidr_blocks = [local.vpc_cidr]
  }

  dynamic "ingress" {
    for_each = local.ssh ? [22] : []

    content {
      description = "ssh, for the administrator"
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = [var.admin_cidr]
    }
  }

  egress {
    description = "Out, to anywhere"
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }

  tags = { Name = "${var.stack_name}-application" }

  lifecycle {
    create_before_destroy = true
  }
}

# The VPC's default group lets its members talk freely; without rules, who lands in it by mistake reaches nothing.
resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.main.id

  tags = { Name = "${var.stack_name}-closed" }
}

# Without a key nobody can log in over the network; SSM Session Manager needs no open port.
resource "aws_key_pair" "admin" {
  count = local.ssh ? 1 : 0

  key_name_prefix = "${var.stack_name}-"
  public_key      = trimspace(var.ssh_public_key)
}
