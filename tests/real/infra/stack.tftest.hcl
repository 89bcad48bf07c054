# The many cases of the stack, without a cloud: the provider is a mock, what Terraform makes of the files is real.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["us-east-1a", "us-east-1b", "us-east-1c"] }
  }

  mock_data "aws_ssm_parameter" {
    defaults = { value = "ami-0123456789abcdef0" }
  }

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_resource "aws_s3_bucket" {
    defaults = { id = "bucket-1", arn = "arn:aws:s3:::bucket-1" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/r" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:g" }
  }
}

variables {
  admin_cidr = "203.0.113.7/32"
}

run "as_it_comes" {
  assert {
    condition     = aws_vpc.main.cidr_block == "10.0.0.0/16" && aws_vpc.main.enable_dns_support && aws_vpc.main.enable_dns_hostnames
    error_message = "the VPC is not 10.0.0.0/16 with DNS"
  }

  assert {
    condition     = length(toset([for s in aws_subnet.public : s.availability_zone])) == 2 && alltrue([for s in aws_subnet.public : s.map_public_ip_on_launch])
    error_message = "there are not two public subnets in two zones"
  }

  assert {
    condition     = toset(keys(aws_instance.host)) == toset(["monitoring", "application"])
    error_message = "there are not two servers"
  }

  assert {
    condition     = alltrue([for h in aws_instance.host : h.instance_type == "t3.micro"])
    error_message = "the servers are no t3.micro"
  }

  assert {
    condition     = alltrue([for h in aws_instance.host : h.metadata_options[0].http_tokens == "required" && h.metadata_options[0].http_put_response_hop_limit == 1])
    error_message = "IMDSv1 is on, or what runs in a container reaches the metadata"
  }

  assert {
    condition     = alltrue([for h in aws_instance.host : h.root_block_device[0].encrypted && h.root_block_device[0].volume_size == 14])
    error_message = "a disk is not encrypted, or not of 14 GiB"
  }

  assert {
    condition     = sum([for h in aws_instance.host : h.root_block_device[0].volume_size]) <= 30
    error_message = "the disks are beyond the free tier"
  }

  assert {
    condition     = alltrue([for h in aws_instance.host : h.credit_specification[0].cpu_credits == "standard"])
    error_message = "burst credits could be billed"
  }

  assert {
    condition     = length(aws_key_pair.admin) == 0
    error_message = "there is a key pair that nobody asked for"
  }

  assert {
    condition     = alltrue([for h in aws_instance.host : h.tags["sco:heal"] == "denied"])
    error_message = "repairs are allowed unasked"
  }

  # Exactly these ports, each to exactly these.
  assert {
    condition = toset([for r in aws_security_group.monitoring.ingress : "${r.from_port}-${r.to_port} ${r.protocol} ${join(",", r.cidr_blocks)}"]) == toset([
      "3000-3000 tcp 203.0.113.7/32", "9090-9090 tcp 10.0.0.0/16", "9100-9100 tcp 10.0.0.0/16",
    ])
    error_message = "the monitoring server has other ports open"
  }

  assert {
    condition = toset([for r in aws_security_group.application.ingress : "${r.from_port}-${r.to_port} ${r.protocol} ${join(",", r.cidr_blocks)}"]) == toset([
      "80-80 tcp 0.0.0.0/0", "9100-9100 tcp 10.0.0.0/16",
    ])
    error_message = "the application server has other ports open"
  }

  assert {
    condition     = length(aws_default_security_group.closed.ingress) == 0 && length(aws_default_security_group.closed.egress) == 0
    error_message = "the default security group lets something through"
  }

  assert {
    condition = alltrue([for b in [aws_s3_bucket.models, aws_s3_bucket.logs] : (
      b.versioning[0].enabled
      && b.server_side_encryption_configuration[0].rule[0].apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
      && b.lifecycle_rule[0].enabled && b.lifecycle_rule[0].abort_incomplete_multipart_upload_days == 1
    )])
    error_message = "a bucket is not encrypted, versioned and tidied"
  }

  assert {
    condition = alltrue([for b in aws_s3_bucket_public_access_block.closed : (
      b.block_public_acls && b.block_public_policy && b.ignore_public_acls && b.restrict_public_buckets
    )]) && length(aws_s3_bucket_public_access_block.closed) == 2
    error_message = "a bucket is not closed to the public"
  }

  assert {
    condition     = alltrue([for p in aws_s3_bucket_policy.tls_only : jsondecode(p.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false" && jsondecode(p.policy).Statement[0].Effect == "Deny"])
    error_message = "a bucket answers without TLS"
  }

  assert {
    condition     = aws_s3_bucket.models.bucket_prefix == "sco-ml-models-" && aws_s3_bucket.logs.bucket_prefix == "sco-logs-"
    error_message = "the buckets have other prefixes"
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.cpu) == 2 && alltrue([for g in aws_cloudwatch_log_group.host : g.retention_in_days == 14])
    error_message = "an alarm is missing, or logs are kept for ever"
  }

  # No role may do everything; `*` as a resource only where AWS knows no narrower one.
  assert {
    condition = alltrue(flatten([for p in concat(values(aws_iam_role_policy.host), [aws_iam_role_policy.heal]) : [
      for s in jsondecode(p.policy).Statement : [for a in s.Action : !strcontains(a, "*")]
    ]]))
    error_message = "a role may do more than it names"
  }

  assert {
    condition = toset(flatten([for p in concat(values(aws_iam_role_policy.host), [aws_iam_role_policy.heal]) : [
      for s in jsondecode(p.policy).Statement : s.Sid if contains(s.Resource, "*")
    ]])) == toset(["SessionManager", "Look"])
    error_message = "another statement than those of Session Manager and of looking is for every resource"
  }

  assert {
    condition = [for s in jsondecode(aws_iam_role_policy.heal.policy).Statement : s.Condition.StringEquals if s.Sid == "RestartTagged"] == [
      { "aws:ResourceTag/sco:heal" = "allowed", "aws:ResourceTag/Stack" = "sco" }
    ]
    error_message = "repairs are not limited by the tag"
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.host["application"].policy, "ssm:PutParameter") && !strcontains(aws_iam_role_policy.host["monitoring"].policy, "s3:GetObject")
    error_message = "a server may do what the other one needs"
  }

  assert {
    condition     = aws_ssm_parameter.wheel.value == "none"
    error_message = "without a wheel, none is named"
  }

  assert {
    condition     = output.prometheus_url == "http://10.0.0.10:9090" && output.grafana_password_parameter == "/sco/grafana/admin-password" && !output.prometheus_exposed
    error_message = "outputs are other than they should be"
  }
}

run "one_server" {
  variables {
    single_instance = true
  }

  assert {
    condition     = keys(aws_instance.host) == ["server"] && length(aws_instance.host["server"].vpc_security_group_ids) == 2
    error_message = "there is not one server with both groups"
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.cpu) == 1 && length(aws_iam_role.host) == 1 && length(aws_cloudwatch_log_group.host) == 1
    error_message = "something of a second server is left"
  }

  assert {
    condition     = alltrue([for action in ["ssm:PutParameter", "s3:GetObject", "sts:AssumeRole"] : strcontains(aws_iam_role_policy.host["server"].policy, action)])
    error_message = "the one server may not do what both did"
  }
}

run "everything_switched_on" {
  variables {
    ssh_public_key    = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ me@laptop"
    expose_prometheus = true
    app_port          = 8080
    heal_allowed      = true
    wheel_key         = "wheels/smartcloudops-0.1.0-py3-none-any.whl"
    stack_name        = "sco-prod"
    alarm_topic_arn   = "arn:aws:sns:us-east-1:123456789012:alarms"
    force_destroy     = false
    tags              = { team = "platform" }
  }

  assert {
    condition = toset([for r in aws_security_group.monitoring.ingress : "${r.from_port} ${join(",", sort(r.cidr_blocks))}"]) == toset([
      "3000 203.0.113.7/32", "9090 10.0.0.0/16,203.0.113.7/32", "9100 10.0.0.0/16", "22 203.0.113.7/32",
    ])
    error_message = "the monitoring server has other ports open"
  }

  assert {
    condition = toset([for r in aws_security_group.application.ingress : "${r.from_port} ${join(",", r.cidr_blocks)}"]) == toset([
      "80 0.0.0.0/0", "9100 10.0.0.0/16", "22 203.0.113.7/32",
    ])
    error_message = "the application server has other ports open"
  }

  assert {
    condition     = length(aws_key_pair.admin) == 1 && alltrue([for h in aws_instance.host : h.tags["sco:heal"] == "allowed"])
    error_message = "there is no key pair, or no permission to repair"
  }

  assert {
    condition     = aws_ssm_parameter.wheel.value == var.wheel_key && aws_ssm_parameter.wheel.name == "/sco-prod/sco/wheel"
    error_message = "the servers are not told of the wheel"
  }

  assert {
    condition     = alltrue([for a in aws_cloudwatch_metric_alarm.cpu : contains(a.alarm_actions, var.alarm_topic_arn)]) && !aws_s3_bucket.logs.force_destroy
    error_message = "nobody hears of alarms, or a bucket goes with what is in it"
  }
}

run "one_server_with_everything" {
  variables {
    single_instance   = true
    ssh_public_key    = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ"
    expose_prometheus = true
    app_port          = 8080
  }
}

run "a_type_without_credits" {
  variables {
    instance_type = "m5.large"
  }

  assert {
    condition     = alltrue([for h in aws_instance.host : length(h.credit_specification) == 0])
    error_message = "credits are named for a type that has none"
  }
}

run "another_version_of_sco" {
  variables {
    wheel_key = "wheels/other.whl"
  }

  # Same as as_it_comes: a wheel does not rebuild a server.
  assert {
    condition     = alltrue([for name, h in aws_instance.host : !strcontains(local.user_data[name], "other.whl")])
    error_message = "a new wheel is in user data, which rebuilds the server"
  }
}
