# Values that the stack refuses before anything is made.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["us-east-1a", "us-east-1b"] }
  }
}

variables {
  admin_cidr = "203.0.113.7/32"
}

run "admin_cidr_0" {
  command = plan

  variables {
    admin_cidr = "0.0.0.0/0"
  }

  expect_failures = [var.admin_cidr]
}

run "admin_cidr_1" {
  command = plan

  variables {
    admin_cidr = "::/0"
  }

  expect_failures = [var.admin_cidr]
}

run "admin_cidr_2" {
  command = plan

  variables {
    admin_cidr = "0.0.0.0/1"
  }

  expect_failures = [var.admin_cidr]
}

run "admin_cidr_3" {
  command = plan

  variables {
    admin_cidr = "10.0.0.0/7"
  }

  expect_failures = [var.admin_cidr]
}

run "admin_cidr_4" {
  command = plan

  variables {
    admin_cidr = "2001:db8::/64"
  }

  expect_failures = [var.admin_cidr]
}

run "admin_cidr_5" {
  command = plan

  variables {
    admin_cidr = "203.0.113.7"
  }

  expect_failures = [var.admin_cidr]
}

run "admin_cidr_6" {
  command = plan

  variables {
    admin_cidr = "203.0.113.7/24"
  }

  expect_failures = [var.admin_cidr]
}

run "admin_cidr_7" {
  command = plan

  variables {
    admin_cidr = ""
  }

  expect_failures = [var.admin_cidr]
}

run "stack_name_0" {
  command = plan

  variables {
    stack_name = "SCO"
  }

  expect_failures = [var.stack_name]
}

run "stack_name_1" {
  command = plan

  variables {
    stack_name = "a"
  }

  expect_failures = [var.stack_name]
}

run "stack_name_2" {
  command = plan

  variables {
    stack_name = "sco_1"
  }

  expect_failures = [var.stack_name]
}

run "stack_name_3" {
  command = plan

  variables {
    stack_name = "aws-x"
  }

  expect_failures = [var.stack_name]
}

run "stack_name_4" {
  command = plan

  variables {
    stack_name = "-x"
  }

  expect_failures = [var.stack_name]
}

run "stack_name_5" {
  command = plan

  variables {
    stack_name = "a-name-that-is-too-long"
  }

  expect_failures = [var.stack_name]
}

run "instance_type_0" {
  command = plan

  variables {
    instance_type = "t4g.micro"
  }

  expect_failures = [var.instance_type]
}

run "instance_type_1" {
  command = plan

  variables {
    instance_type = "t3micro"
  }

  expect_failures = [var.instance_type]
}

run "volume_size_0" {
  command = plan

  variables {
    volume_size = "8"
  }

  expect_failures = [var.volume_size]
}

run "volume_size_1" {
  command = plan

  variables {
    volume_size = "14.5"
  }

  expect_failures = [var.volume_size]
}

run "ssh_public_key_0" {
  command = plan

  variables {
    ssh_public_key = "ecdsa-sha2-nistp256 AAAA"
  }

  expect_failures = [var.ssh_public_key]
}

run "ssh_public_key_1" {
  command = plan

  variables {
    ssh_public_key = "-----BEGIN OPENSSH PRIVATE KEY-----"
  }

  expect_failures = [var.ssh_public_key]
}

run "app_port_0" {
  command = plan

  variables {
    app_port = "80"
  }

  expect_failures = [var.app_port]
}

run "app_port_1" {
  command = plan

  variables {
    app_port = "70000"
  }

  expect_failures = [var.app_port]
}

run "app_port_2" {
  command = plan

  variables {
    app_port = "-1"
  }

  expect_failures = [var.app_port]
}

run "wheel_key_0" {
  command = plan

  variables {
    wheel_key = "models/x.whl"
  }

  expect_failures = [var.wheel_key]
}

run "wheel_key_1" {
  command = plan

  variables {
    wheel_key = "wheels/../x'; rm -rf /.whl"
  }

  expect_failures = [var.wheel_key]
}

run "region_0" {
  command = plan

  variables {
    region = "mars"
  }

  expect_failures = [var.region]
}

run "setup_log_days_0" {
  command = plan

  variables {
    setup_log_days = "2"
  }

  expect_failures = [var.setup_log_days]
}

run "log_days_0" {
  command = plan

  variables {
    log_days = "0"
  }

  expect_failures = [var.log_days]
}

run "alarm_topic_arn_0" {
  command = plan

  variables {
    alarm_topic_arn = "me@example.com"
  }

  expect_failures = [var.alarm_topic_arn]
}
