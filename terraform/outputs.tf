# What `sco infra output` shows, and `up` tries.

output "prometheus_url" {
  description = "Prometheus; a private address unless expose_prometheus is set."
  value = format("http://%s:9090", (
    var.expose_prometheus ? aws_instance.host[local.monitoring].public_ip : local.hosts[local.monitoring].address
  ))
}

output "prometheus_exposed" {
  description = "Whether prometheus_url can be reached from admin_cidr."
  value       = var.expose_prometheus
}

output "prometheus_tunnel" {
  description = "How to reach Prometheus at http://localhost:9090 without opening a port (needs AWS's session-manager-plugin)."
  value = join(" ", [
    "aws ssm start-session --region ${var.region} --target ${aws_instance.host[local.monitoring].id}",
    "--document-name AWS-StartPortForwardingSession --parameters portNumber=9090,localPortNumber=9090",
  ])
}

output "grafana_url" {
  description = "Grafana, for admin_cidr; user admin."
  value       = "http://${aws_instance.host[local.monitoring].public_ip}:3000"
}

output "grafana_password_parameter" {
  description = "SSM parameter with Grafana's password: aws ssm get-parameter --with-decryption --name …"
  value       = local.password_parameter
}

output "app_url" {
  description = "The application, for the world."
  value       = "http://${aws_instance.host[local.application].public_ip}"
}

output "models_bucket" {
  description = "Trained models below models/, sco's wheel below wheels/."
  value       = aws_s3_bucket.models.id
}

output "logs_bucket" {
  description = "Logs below logs/HOST/dt=…/hour=…/."
  value       = aws_s3_bucket.logs.id
}

output "instance_ids" {
  description = "The servers; log in with: aws ssm start-session --target ID."
  value       = { for name, host in aws_instance.host : name => host.id }
}

output "heal_role_arn" {
  description = "What repairs assume."
  value       = aws_iam_role.heal.arn
}

output "region" {
  description = "Where all of it is."
  value       = var.region
}
