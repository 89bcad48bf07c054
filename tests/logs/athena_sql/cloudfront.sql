CREATE EXTERNAL TABLE IF NOT EXISTS `default`.`sco_web_cloudfront_acf730c6` (
  `line` string,
  `date` string,
  `time` string,
  `x_edge_location` string,
  `sc_bytes` bigint,
  `c_ip` string,
  `cs_method` string,
  `cs_host` string,
  `cs_uri_stem` string,
  `sc_status` int,
  `cs_referer` string,
  `cs_user_agent` string,
  `cs_uri_query` string,
  `cs_cookie` string,
  `x_edge_result_type` string,
  `x_edge_request_id` string,
  `x_host_header` string,
  `cs_protocol` string,
  `cs_bytes` bigint,
  `time_taken` double,
  `x_forwarded_for` string,
  `ssl_protocol` string,
  `ssl_cipher` string,
  `x_edge_response_result_type` string,
  `cs_protocol_version` string,
  `fle_status` string,
  `fle_encrypted_fields` string,
  `c_port` int,
  `time_to_first_byte` double,
  `x_edge_detailed_result_type` string,
  `sc_content_type` string,
  `sc_content_len` bigint,
  `sc_range_start` bigint,
  `sc_range_end` bigint
)
PARTITIONED BY (`part_account` string, `part_distribution` string, `part_time` string)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe'
WITH SERDEPROPERTIES (
  'serialization.format' = '1',
  'input.regex' = '(([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)(?:\\t.*)?|.*)'
)
STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://my-logs/'
TBLPROPERTIES (
  'skip.header.line.count' = '2',
  'projection.enabled' = 'true',
  'projection.part_account.type' = 'injected',
  'projection.part_distribution.type' = 'injected',
  'projection.part_time.type' = 'date',
  'projection.part_time.format' = 'yyyy/MM/dd/HH',
  'projection.part_time.range' = '2006/03/01/00,NOW+1HOURS',
  'projection.part_time.interval' = '1',
  'projection.part_time.interval.unit' = 'HOURS',
  'storage.location.template' = 's3://my-logs/AWSLogs/${part_account}/CloudFront/${part_distribution}/${part_time}/'
);

SELECT
  "$path" AS sco_object,
  to_iso8601(try(from_iso8601_timestamp("date" || 'T' || "time" || 'Z'))) AS sco_time,
  line AS sco_line,
  "date",
  "time",
  "x_edge_location",
  "sc_bytes",
  "c_ip",
  "cs_method",
  "cs_host",
  "cs_uri_stem",
  "sc_status",
  "cs_referer",
  "cs_user_agent",
  "cs_uri_query",
  "cs_cookie",
  "x_edge_result_type",
  "x_edge_request_id",
  "x_host_header",
  "cs_protocol",
  "cs_bytes",
  "time_taken",
  "x_forwarded_for",
  "ssl_protocol",
  "ssl_cipher",
  "x_edge_response_result_type",
  "cs_protocol_version",
  "fle_status",
  "fle_encrypted_fields",
  "c_port",
  "time_to_first_byte",
  "x_edge_detailed_result_type",
  "sc_content_type",
  "sc_content_len",
  "sc_range_start",
  "sc_range_end"
FROM "default"."sco_web_cloudfront_acf730c6"
WHERE "part_account" IN (?)
  AND "part_distribution" IN (?)
  AND "part_time" >= ? AND "part_time" <= ?
  AND coalesce(try(from_iso8601_timestamp("date" || 'T' || "time" || 'Z')) >= from_iso8601_timestamp(?) AND try(from_iso8601_timestamp("date" || 'T' || "time" || 'Z')) < from_iso8601_timestamp(?), "part_time" >= ? AND "part_time" <= ?)
  AND regexp_like(line, ?)
LIMIT 20;
-- '<every account that is there>'
-- '<every distribution that is there>'
-- '2026/11/19/08'
-- '2026/11/22/04'
-- '2026-11-20T10:00:00Z'
-- '2026-11-21T02:30:00Z'
-- '2026/11/20/10'
-- '2026/11/21/02'
-- 'time\w* ?out'

SELECT
  "$path" AS sco_object,
  to_iso8601(try(from_iso8601_timestamp("date" || 'T' || "time" || 'Z'))) AS sco_time,
  line AS sco_line,
  "date",
  "time",
  "x_edge_location",
  "sc_bytes",
  "c_ip",
  "cs_method",
  "cs_host",
  "cs_uri_stem",
  "sc_status",
  "cs_referer",
  "cs_user_agent",
  "cs_uri_query",
  "cs_cookie",
  "x_edge_result_type",
  "x_edge_request_id",
  "x_host_header",
  "cs_protocol",
  "cs_bytes",
  "time_taken",
  "x_forwarded_for",
  "ssl_protocol",
  "ssl_cipher",
  "x_edge_response_result_type",
  "cs_protocol_version",
  "fle_status",
  "fle_encrypted_fields",
  "c_port",
  "time_to_first_byte",
  "x_edge_detailed_result_type",
  "sc_content_type",
  "sc_content_len",
  "sc_range_start",
  "sc_range_end"
FROM "default"."sco_web_cloudfront_acf730c6"
WHERE "part_account" IN (?)
  AND "part_distribution" IN (?)
  AND "part_time" >= ? AND "part_time" <= ?
  AND coalesce(try(from_iso8601_timestamp("date" || 'T' || "time" || 'Z')) >= from_iso8601_timestamp(?) AND try(from_iso8601_timestamp("date" || 'T' || "time" || 'Z')) < from_iso8601_timestamp(?), "part_time" >= ? AND "part_time" <= ?)
  AND NOT (strpos(lower(line), ?) > 0)
  AND ((coalesce("sc_status" = ?, false) OR coalesce("sc_status" = ?, false)) OR coalesce(NOT regexp_like(nullif("cs_user_agent", '-'), ?), false));
-- '<every account that is there>'
-- '<every distribution that is there>'
-- '2026/11/19/08'
-- '2026/11/22/04'
-- '2026-11-20T10:00:00Z'
-- '2026-11-21T02:30:00Z'
-- '2026/11/20/10'
-- '2026/11/21/02'
-- 'it''s'
-- 502
-- 503
-- 'bot'
