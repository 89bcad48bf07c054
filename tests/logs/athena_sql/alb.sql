CREATE EXTERNAL TABLE IF NOT EXISTS `default`.`sco_web_alb_ea708c93` (
  `line` string,
  `type` string,
  `time` string,
  `elb` string,
  `client_ip` string,
  `client_port` int,
  `target_ip` string,
  `target_port` int,
  `request_processing_time` double,
  `target_processing_time` double,
  `response_processing_time` double,
  `elb_status_code` int,
  `target_status_code` string,
  `received_bytes` bigint,
  `sent_bytes` bigint,
  `request_verb` string,
  `request_url` string,
  `request_proto` string,
  `user_agent` string,
  `ssl_cipher` string,
  `ssl_protocol` string,
  `target_group_arn` string,
  `trace_id` string,
  `domain_name` string,
  `chosen_cert_arn` string,
  `matched_rule_priority` string,
  `request_creation_time` string,
  `actions_executed` string,
  `redirect_url` string,
  `lambda_error_reason` string,
  `target_port_list` string,
  `target_status_code_list` string,
  `classification` string,
  `classification_reason` string,
  `conn_trace_id` string
)
PARTITIONED BY (`part_account` string, `part_region` string, `part_time` string)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe'
WITH SERDEPROPERTIES (
  'serialization.format' = '1',
  'input.regex' = '(([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*):([0-9]*) ([^ ]*)[:-]([0-9]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) "([^ ]*) ([^"]*) ([^" ]*)" "([^"]*)" ([^ ]*) ([^ ]*) ([^ ]*) "([^"]*)" "([^"]*)" "([^"]*)" ([^ ]*) ([^ ]*) "([^"]*)"(?: "([^"]*)"(?: "([^"]*)"(?: "([^"]*)"(?: "([^"]*)"(?: "([^"]*)"(?: "([^"]*)"(?: ([^ ]*))?)?)?)?)?)?)?(?: .*)?|.*)'
)
STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://my-logs/logs/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.part_account.type' = 'injected',
  'projection.part_region.type' = 'injected',
  'projection.part_time.type' = 'date',
  'projection.part_time.format' = 'yyyy/MM/dd',
  'projection.part_time.range' = '2006/03/01,NOW+1DAYS',
  'projection.part_time.interval' = '1',
  'projection.part_time.interval.unit' = 'DAYS',
  'storage.location.template' = 's3://my-logs/logs/AWSLogs/${part_account}/elasticloadbalancing/${part_region}/${part_time}/'
);

SELECT
  "$path" AS sco_object,
  to_iso8601(try(from_iso8601_timestamp("time"))) AS sco_time,
  line AS sco_line,
  "type",
  "time",
  "elb",
  "client_ip",
  "client_port",
  "target_ip",
  "target_port",
  "request_processing_time",
  "target_processing_time",
  "response_processing_time",
  "elb_status_code",
  "target_status_code",
  "received_bytes",
  "sent_bytes",
  "request_verb",
  "request_url",
  "request_proto",
  "user_agent",
  "ssl_cipher",
  "ssl_protocol",
  "target_group_arn",
  "trace_id",
  "domain_name",
  "chosen_cert_arn",
  "matched_rule_priority",
  "request_creation_time",
  "actions_executed",
  "redirect_url",
  "lambda_error_reason",
  "target_port_list",
  "target_status_code_list",
  "classification",
  "classification_reason",
  "conn_trace_id"
FROM "default"."sco_web_alb_ea708c93"
WHERE "part_account" IN (?)
  AND "part_region" IN (?)
  AND "part_time" >= ? AND "part_time" <= ?
  AND coalesce(try(from_iso8601_timestamp("time")) >= from_iso8601_timestamp(?) AND try(from_iso8601_timestamp("time")) < from_iso8601_timestamp(?), "part_time" >= ? AND "part_time" <= ?)
  AND regexp_like(line, ?)
LIMIT 20;
-- '<every account that is there>'
-- '<every region that is there>'
-- '2026/11/20'
-- '2026/11/21'
-- '2026-11-20T10:00:00Z'
-- '2026-11-21T02:30:00Z'
-- '2026/11/20'
-- '2026/11/21'
-- 'time\w* ?out'

SELECT
  "$path" AS sco_object,
  to_iso8601(try(from_iso8601_timestamp("time"))) AS sco_time,
  line AS sco_line,
  "type",
  "time",
  "elb",
  "client_ip",
  "client_port",
  "target_ip",
  "target_port",
  "request_processing_time",
  "target_processing_time",
  "response_processing_time",
  "elb_status_code",
  "target_status_code",
  "received_bytes",
  "sent_bytes",
  "request_verb",
  "request_url",
  "request_proto",
  "user_agent",
  "ssl_cipher",
  "ssl_protocol",
  "target_group_arn",
  "trace_id",
  "domain_name",
  "chosen_cert_arn",
  "matched_rule_priority",
  "request_creation_time",
  "actions_executed",
  "redirect_url",
  "lambda_error_reason",
  "target_port_list",
  "target_status_code_list",
  "classification",
  "classification_reason",
  "conn_trace_id"
FROM "default"."sco_web_alb_ea708c93"
WHERE "part_account" IN (?)
  AND "part_region" IN (?)
  AND "part_time" >= ? AND "part_time" <= ?
  AND coalesce(try(from_iso8601_timestamp("time")) >= from_iso8601_timestamp(?) AND try(from_iso8601_timestamp("time")) < from_iso8601_timestamp(?), "part_time" >= ? AND "part_time" <= ?)
  AND NOT (strpos(lower(line), ?) > 0)
  AND (coalesce("elb_status_code" >= ?, false) AND coalesce(regexp_like(nullif("request_url", '-'), ?), false));
-- '<every account that is there>'
-- '<every region that is there>'
-- '2026/11/20'
-- '2026/11/21'
-- '2026-11-20T10:00:00Z'
-- '2026-11-21T02:30:00Z'
-- '2026/11/20'
-- '2026/11/21'
-- 'it''s'
-- 500
-- '^https?://'
