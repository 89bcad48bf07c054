# Everything that can be chosen. Only admin_cidr has no default: nobody else knows your address.

variable "admin_cidr" {
  description = "IPv4 range that may open Grafana (and ssh and Prometheus, where they are switched on), as 203.0.113.7/32."
  type        = string

  validation {
    # The stack has no IPv6, so a range like ::/0 is refused here as well.
    condition     = can(cidrnetmask(var.admin_cidr))
    error_message = "The admin_cidr must be an IPv4 range like 203.0.113.7/32."
  }

  validation {
    # Half of the internet is no better than all of it: nothing wider than a /8.
    condition     = try(tonumber(split("/", var.admin_cidr)[1]) >= 8, false)
    error_message = "The admin_cidr must not be open to the world: name your own address or network, at most a /8."
  }

  validation {
    condition     = try(cidrhost(var.admin_cidr, 0) == split("/", var.admin_cidr)[0], false)
    error_message = "The admin_cidr must begin at the first address of its range, as 203.0.113.0/24."
  }
}

variable "region" {
  description = "AWS region of everything."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "The region must be the name of an AWS region, like us-east-1."
  }
}

variable "stack_name" {
  description = "Begins the name of everything, so that two stacks can live in one account."
  type        = string
  default     = "sco"

  validation {
    # IAM and S3 put 26 characters behind a prefix; names of SSM parameters may not begin with aws or ssm.
    condition     = can(regex("^[a-z][a-z0-9-]{0,14}[a-z0-9]$", var.stack_name)) && !can(regex("^(aws|ssm)", var.stack_name))
    error_message = "The stack_name must have 2 to 16 small letters, digits and hyphens, begin with a letter, and not with aws or ssm."
  }
}

variable "instance_type" {
  description = "Type of the servers. New accounts refuse t2.micro, so t3.micro; both are in the free tier of older ones."
  type        = string
  default     = "t3.micro"

  validation {
    # The programs that the servers fetch are pinned for x86-64.
    condition     = can(regex("^[a-z][a-z0-9-]*[.][a-z0-9-]+$", var.instance_type)) && !can(regex("^([a-z]+[0-9]+g[a-z]*|a1)[.]", var.instance_type))
    error_message = "The instance_type must be an x86-64 type like t3.micro; Graviton types (t4g, m7g …) are not supported."
  }
}

variable "single_instance" {
  description = "Put everything on one server: 730 hours a month, which the legacy free tier (750) covers; two need 1,460."
  type        = bool
  default     = false
}

variable "volume_size" {
  description = "GiB of each server's encrypted disk. Two of 14 stay within the 30 of the free tier."
  type        = number
  default     = 14

  validation {
    condition     = var.volume_size >= 12 && var.volume_size <= 1000 && floor(var.volume_size) == var.volume_size
    error_message = "The volume_size must be 12 to 1000 GiB: system, swap, Prometheus and sco do not fit into less."
  }
}

variable "ssh_public_key" {
  description = "OpenSSH public key: makes a key pair and opens port 22 to admin_cidr. Empty: neither; use SSM Session Manager."
  type        = string
  default     = ""

  validation {
    condition     = var.ssh_public_key == "" || can(regex("^(ssh-(rsa|ed25519)) [A-Za-z0-9+/=]+( .*)?$", trimspace(var.ssh_public_key)))
    error_message = "The ssh_public_key must be the one line of an RSA or Ed25519 public key (….pub), which is all that EC2 takes."
  }
}

variable "expose_prometheus" {
  description = "Also open Prometheus (9090) to admin_cidr. It has no password; else it is reached inside the VPC only."
  type        = bool
  default     = false
}

variable "app_port" {
  description = "Port on the application server that nginx passes requests on to; 0 while there is no application."
  type        = number
  default     = 0

  validation {
    condition = (
      floor(var.app_port) == var.app_port && var.app_port >= 0 && var.app_port < 65536
      && !contains([22, 80, 3000, 9090, 9100], var.app_port)
    )
    error_message = "The app_port must be 0, or a free port below 65536; 22, 80, 3000, 9090 and 9100 are taken."
  }
}

variable "wheel_key" {
  description = "Key of sco's wheel in the models bucket, set by `sco infra up`. Empty: sco is not installed."
  type        = string
  default     = ""

  validation {
    condition     = var.wheel_key == "" || can(regex("^wheels/[A-Za-z0-9._/+-]+[.]whl$", var.wheel_key))
    error_message = "The wheel_key must be a key like wheels/smartcloudops-1.0-py3-none-any.whl."
  }
}

variable "heal_allowed" {
  description = "Tag the servers sco:heal=allowed, so that the repair role may stop, start and reboot them."
  type        = bool
  default     = false
}

variable "log_days" {
  description = "Days that shipped logs are kept in the logs bucket."
  type        = number
  default     = 90

  validation {
    condition     = var.log_days >= 1 && floor(var.log_days) == var.log_days
    error_message = "The log_days must be a whole number of days, at least 1."
  }
}

variable "setup_log_days" {
  description = "Days that CloudWatch keeps what the servers said while they were set up."
  type        = number
  default     = 14

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365], var.setup_log_days)
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180 or 365 days."
  }
}

variable "alarm_topic_arn" {
  description = "SNS topic that hears of the CPU alarms. Empty: they only show in CloudWatch."
  type        = string
  default     = ""

  validation {
    condition     = var.alarm_topic_arn == "" || can(regex("^arn:aws[a-z-]*:sns:", var.alarm_topic_arn))
    error_message = "The alarm_topic_arn must be the ARN of an SNS topic."
  }
}

variable "force_destroy" {
  description = "Let `sco infra down` delete the buckets with what is in them. false: it stops at a bucket that is not empty."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Further tags of everything."
  type        = map(string)
  default     = {}
}
