# Values that the stack refuses before anything is made; each run has one bad value of several variables, and each of
# them has to be refused.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["us-east-1a", "us-east-1b"] }
  }
}

run "refused_0" {
  command = plan

  variables {
    admin_cidr      = "0.0.0.0/0"
    stack_name      = "SCO"
    instance_type   = "t4g.micro"
    volume_size     = "8"
    ssh_public_key  = "ecdsa-sha2-nistp256 AAAA"
    app_port        = "80"
    wheel_key       = "models/x.whl"
    region          = "mars"
    setup_log_days  = "2"
    log_days        = "0"
    alarm_topic_arn = "me@example.com"
  }

  expect_failures = [var.admin_cidr, var.stack_name, var.instance_type, var.volume_size, var.ssh_public_key, var.app_port, var.wheel_key, var.region, var.setup_log_days, var.log_days, var.alarm_topic_arn]
}

run "refused_1" {
  command = plan

  variables {
    admin_cidr     = "::/0"
    stack_name     = "a"
    instance_type  = "t3micro"
    volume_size    = "14.5"
    ssh_public_key = "-----BEGIN OPENSSH PRIVATE KEY-----"
    app_port       = "70000"
    wheel_key      = "wheels/x'; rm -rf /.whl"
    log_days       = "1.5"
  }

  expect_failures = [var.admin_cidr, var.stack_name, var.instance_type, var.volume_size, var.ssh_public_key, var.app_port, var.wheel_key, var.log_days]
}

run "refused_2" {
  command = plan

  variables {
    admin_cidr    = "0.0.0.0/1"
    stack_name    = "sco_1"
    instance_type = "m7gd.large"
    volume_size   = "2000"
    app_port      = "-1"
  }

  expect_failures = [var.admin_cidr, var.stack_name, var.instance_type, var.volume_size, var.app_port]
}

run "refused_3" {
  command = plan

  variables {
    admin_cidr = "10.0.0.0/7"
    stack_name = "aws-x"
    app_port   = "9100"
  }

  expect_failures = [var.admin_cidr, var.stack_name, var.app_port]
}

run "refused_4" {
  command = plan

  variables {
    admin_cidr = "2001:db8::/64"
    stack_name = "-x"
  }

  expect_failures = [var.admin_cidr, var.stack_name]
}

run "refused_5" {
  command = plan

  variables {
    admin_cidr = "203.0.113.7"
    stack_name = "a-name-that-is-too-long"
  }

  expect_failures = [var.admin_cidr, var.stack_name]
}

run "refused_6" {
  command = plan

  variables {
    admin_cidr = "203.0.113.7/24"
  }

  expect_failures = [var.admin_cidr]
}

run "refused_7" {
  command = plan

  variables {
    admin_cidr = ""
  }

  expect_failures = [var.admin_cidr]
}
