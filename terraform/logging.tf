# What AWS watches by itself: what the servers said while they were set up, and their processors.

resource "aws_cloudwatch_log_group" "host" {
  for_each = local.log_groups

  name              = each.value
  retention_in_days = var.setup_log_days
}

# Half an hour near the ceiling: a t3.micro may use a tenth of it for good, and burst credits pay for the rest.
resource "aws_cloudwatch_metric_alarm" "cpu" {
  for_each = aws_instance.host

  alarm_name          = "${var.stack_name}-${each.key}-cpu"
  alarm_description   = "The processor of ${each.key} is busy"
  namespace           = "AWS/EC2"
  metric_name         = "CPUUtilization"
  dimensions          = { InstanceId = each.value.id }
  statistic           = "Average"
  period              = 300
  evaluation_periods  = 6
  datapoints_to_alarm = 6
  threshold           = 80
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "missing"
  alarm_actions       = var.alarm_topic_arn == "" ? [] : [var.alarm_topic_arn]
  ok_actions          = var.alarm_topic_arn == "" ? [] : [var.alarm_topic_arn]
}
