CREATE EXTERNAL TABLE IF NOT EXISTS `default`.`sco_web_nlb_17b6f00d` (
  `line` string,
  `type` string,
  `version` string,
  `time` string,
  `elb` string,
  `listener_id` string,
  `client_ip` string,
  `client_port` int,
  `target_ip` string,
  `target_port` int,
  `tcp_connection_time_ms` double,
  `tls_handshake_time_ms` double,
  `received_bytes` bigint,
  `sent_bytes` bigint,
  `incoming_tls_alert` int,
  `cert_arn` string,
  `certificate_serial` string,
  `tls_cipher_suite` string,
  `tls_protocol_version` string,
  `tls_named_group` string,
  `domain_name` string,
  `alpn_fe_protocol` string,
  `alpn_be_protocol` string,
  `alpn_client_preference_list` string,
  `tls_connection_creation_time` string
)
PARTITIONED BY (`part_time` string)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe'
WITH SERDEPROPERTIES (
  'serialization.format' = '1',
  'input.regex' = '(([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*):([0-9]*) ([^ ]*):([0-9]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*)(?: ([^ ]*)(?: ([^ ]*)(?: ("[^"]*"|[^ ]*)(?: ([^ ]*))?)?)?)?(?: .*)?|.*)'
)
STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://my-logs/logs/AWSLogs/123456789012/elasticloadbalancing/eu-central-1/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.part_time.type' = 'date',
  'projection.part_time.format' = 'yyyy/MM/dd',
  'projection.part_time.range' = '2006/03/01,NOW+1DAYS',
  'projection.part_time.interval' = '1',
  'projection.part_time.interval.unit' = 'DAYS',
  'storage.location.template' = 's3://my-logs/logs/AWSLogs/123456789012/elasticloadbalancing/eu-central-1/${part_time}/'
);

SELECT
  "$path" AS sco_object,
  to_iso8601(try(from_iso8601_timestamp("time"))) AS sco_time,
  line AS sco_line,
  "type",
  "version",
  "time",
  "elb",
  "listener_id",
  "client_ip",
  "client_port",
  "target_ip",
  "target_port",
  "tcp_connection_time_ms",
  "tls_handshake_time_ms",
  "received_bytes",
  "sent_bytes",
  "incoming_tls_alert",
  "cert_arn",
  "certificate_serial",
  "tls_cipher_suite",
  "tls_protocol_version",
  "tls_named_group",
  "domain_name",
  "alpn_fe_protocol",
  "alpn_be_protocol",
  "alpn_client_preference_list",
  "tls_connection_creation_time"
FROM "default"."sco_web_nlb_17b6f00d"
WHERE "part_time" >= ? AND "part_time" <= ?
  AND coalesce(try(from_iso8601_timestamp("time")) >= from_iso8601_timestamp(?) AND try(from_iso8601_timestamp("time")) < from_iso8601_timestamp(?), "part_time" >= ? AND "part_time" <= ?)
  AND regexp_like(line, ?)
LIMIT 20;
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
  "version",
  "time",
  "elb",
  "listener_id",
  "client_ip",
  "client_port",
  "target_ip",
  "target_port",
  "tcp_connection_time_ms",
  "tls_handshake_time_ms",
  "received_bytes",
  "sent_bytes",
  "incoming_tls_alert",
  "cert_arn",
  "certificate_serial",
  "tls_cipher_suite",
  "tls_protocol_version",
  "tls_named_group",
  "domain_name",
  "alpn_fe_protocol",
  "alpn_be_protocol",
  "alpn_client_preference_list",
  "tls_connection_creation_time"
FROM "default"."sco_web_nlb_17b6f00d"
WHERE "part_time" >= ? AND "part_time" <= ?
  AND coalesce(try(from_iso8601_timestamp("time")) >= from_iso8601_timestamp(?) AND try(from_iso8601_timestamp("time")) < from_iso8601_timestamp(?), "part_time" >= ? AND "part_time" <= ?)
  AND NOT (strpos(lower(line), ?) > 0)
  AND (nullif("tls_protocol_version", '-') IS NOT NULL AND NOT (coalesce(nullif("tls_protocol_version", '-') = ?, false)));
-- '2026/11/20'
-- '2026/11/21'
-- '2026-11-20T10:00:00Z'
-- '2026-11-21T02:30:00Z'
-- '2026/11/20'
-- '2026/11/21'
-- 'it''s'
-- 'tlsv13'
