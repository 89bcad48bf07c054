# The servers: Amazon Linux 2023, whose image has AWS's command line and the agent of SSM Session Manager.

data "aws_ssm_parameter" "image" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

# Public addresses come from the subnets: said here, a server that is stopped for a while would be replaced.
resource "aws_instance" "host" {
  for_each = local.hosts

  ami                  = nonsensitive(data.aws_ssm_parameter.image.value)
  instance_type        = var.instance_type
  subnet_id            = aws_subnet.public[each.value.subnet].id
  private_ip           = each.value.address
  iam_instance_profile = aws_iam_instance_profile.host[each.key].name
  key_name             = local.ssh ? aws_key_pair.admin[0].key_name : null
  user_data_base64     = base64gzip(local.user_data[each.key])

  vpc_security_group_ids = [
    for role in each.value.roles :
    role == "monitoring" ? aws_security_group.monitoring.id : aws_security_group.application.id
  ]

  # IMDSv2 alone, and only for the server itself: a request forged through the application does not get credentials.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_type           = "gp3"
    volume_size           = var.volume_size
    encrypted             = true
    delete_on_termination = true
    tags                  = merge(local.tags, { Name = "${var.stack_name}-${each.key}" })
  }

  # Burst credits that are used up slow a server down; the other mode, `unlimited`, bills for them instead.
  dynamic "credit_specification" {
    for_each = can(regex("^t[0-9]", var.instance_type)) ? ["standard"] : []

    content {
      cpu_credits = credit_specification.value
    }
  }

  tags = merge(
    { Name = "${var.stack_name}-${each.key}", Role = join("+", each.value.roles) },
    { "sco:heal" = var.heal_allowed ? "allowed" : "denied" },
  )

  lifecycle {
    # AWS publishes an image every week or two, which must not rebuild a server whose disk holds Prometheus' history.
    # To take the newest: terraform apply -replace='aws_instance.host["monitoring"]'.
    ignore_changes = [ami]
  }

  # What a server does first, and needs its rights and a way out for.
  depends_on = [
    aws_iam_role_policy.host,
    aws_route_table_association.public,
    aws_ssm_parameter.wheel,
    aws_cloudwatch_log_group.host,
  ]
}
