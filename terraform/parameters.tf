# What the servers look up by name while they run.
#
# Grafana's password is not here on purpose: the server makes it, and whatever Terraform manages lies in its state in
# clear. `sco infra down` deletes that parameter after the stack.

# The wheel of sco that is to be installed. It stands here and not in user data, so that a new version does not rebuild
# the server: it looks every ten minutes.
resource "aws_ssm_parameter" "wheel" {
  name        = local.wheel_parameter
  description = "Key of sco's wheel in the models bucket"
  type        = "String"
  value       = var.wheel_key == "" ? "none" : var.wheel_key
}
