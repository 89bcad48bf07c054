# What the servers may do in the account, and no more. A `*` stands only where AWS knows no narrower resource.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id

  parameter_arn = "arn:${local.partition}:ssm:${var.region}:${local.account}:parameter"
  instance_arn  = "arn:${local.partition}:ec2:${var.region}:${local.account}:instance/*"

  # What each kind of server may do; one that is both may do both.
  rights = {
    monitoring = [
      {
        Sid      = "KeepGrafanaPassword"
        Effect   = "Allow"
        Action   = ["ssm:PutParameter"]
        Resource = ["${local.parameter_arn}${local.password_parameter}"]
      },
    ]
    application = [
      {
        Sid      = "ReadWheel"
        Effect   = "Allow"
        Action   = ["ssm:GetParameter"]
        Resource = ["${local.parameter_arn}${local.wheel_parameter}"]
      },
      {
        Sid      = "ListBuckets"
        Effect   = "Allow"
        Action   = ["s3:ListBucket", "s3:GetBucketLocation"]
        Resource = [aws_s3_bucket.models.arn, aws_s3_bucket.logs.arn]
      },
      {
        Sid      = "ReadModelsWheelsAndLogs"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = ["${aws_s3_bucket.models.arn}/*", "${aws_s3_bucket.logs.arn}/*"]
      },
      {
        Sid      = "KeepModels"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = ["${aws_s3_bucket.models.arn}/models/*"]
      },
      {
        Sid      = "Repair"
        Effect   = "Allow"
        Action   = ["sts:AssumeRole"]
        Resource = [aws_iam_role.heal.arn]
      },
    ]
  }
}

resource "aws_iam_role" "host" {
  for_each = local.hosts

  name_prefix = "${var.stack_name}-${each.key}-"
  description = "What the ${each.key} of ${var.stack_name} may do"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "host" {
  for_each = local.hosts

  name_prefix = "${var.stack_name}-${each.key}-"
  role        = aws_iam_role.host[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        # Session Manager, without the managed policy, which would let every server read every parameter.
        Sid    = "SessionManager"
        Effect = "Allow"
        Action = [
          "ssm:UpdateInstanceInformation",
          "ssmmessages:CreateControlChannel",
          "ssmmessages:CreateDataChannel",
          "ssmmessages:OpenControlChannel",
          "ssmmessages:OpenDataChannel",
        ]
        Resource = ["*"]
      },
      {
        Sid      = "TellOfSetup"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.host[each.key].arn}:*"]
      },
      {
        # It may add to its own logs; reading, replacing others' and deleting are not among it.
        Sid      = "ShipOwnLogs"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = ["${aws_s3_bucket.logs.arn}/logs/${each.key}/*"]
      },
    ], flatten([for role in each.value.roles : local.rights[role]]))
  })
}

resource "aws_iam_instance_profile" "host" {
  for_each = local.hosts

  name_prefix = "${var.stack_name}-${each.key}-"
  role        = aws_iam_role.host[each.key].name
}

# What repairs assume, for as long as one takes: it can stop, start and reboot servers that are tagged
# sco:heal=allowed (heal_allowed = true), and nothing else.
resource "aws_iam_role" "heal" {
  name_prefix          = "${var.stack_name}-heal-"
  description          = "What repairs of ${var.stack_name} may do"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = aws_iam_role.host[local.application].arn }
    }]
  })
}

resource "aws_iam_role_policy" "heal" {
  name_prefix = "${var.stack_name}-heal-"
  role        = aws_iam_role.heal.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Look"
        Effect   = "Allow"
        Action   = ["ec2:DescribeInstances", "ec2:DescribeInstanceStatus"]
        Resource = ["*"]
      },
      {
        Sid      = "RestartTagged"
        Effect   = "Allow"
        Action   = ["ec2:RebootInstances", "ec2:StartInstances", "ec2:StopInstances"]
        Resource = [local.instance_arn]
        Condition = {
          StringEquals = {
            "aws:ResourceTag/sco:heal" = "allowed"
            "aws:ResourceTag/Stack"    = var.stack_name
          }
        }
      },
    ]
  })
}
