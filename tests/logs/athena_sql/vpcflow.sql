CREATE EXTERNAL TABLE IF NOT EXISTS `default`.`sco_web_vpcflow_e3eefab8` (
  `line` string,
  `version` int,
  `account_id` string,
  `interface_id` string,
  `srcaddr` string,
  `dstaddr` string,
  `srcport` int,
  `dstport` int,
  `protocol` int,
  `packets` bigint,
  `bytes` bigint,
  `start` bigint,
  `end` bigint,
  `action` string,
  `log_status` string
)
PARTITIONED BY (`part_account` string, `part_region` string, `part_time` string)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe'
WITH SERDEPROPERTIES (
  'serialization.format' = '1',
  'input.regex' = '(([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*)(?: .*)?|.*)'
)
STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://my-logs/'
TBLPROPERTIES (
  'skip.header.line.count' = '1',
  'projection.enabled' = 'true',
  'projection.part_account.type' = 'injected',
  'projection.part_region.type' = 'injected',
  'projection.part_time.type' = 'date',
  'projection.part_time.format' = 'yyyy/MM/dd/HH',
  'projection.part_time.range' = '2006/03/01/00,NOW+1HOURS',
  'projection.part_time.interval' = '1',
  'projection.part_time.interval.unit' = 'HOURS',
  'storage.location.template' = 's3://my-logs/AWSLogs/${part_account}/vpcflowlogs/${part_region}/${part_time}/'
);

SELECT
  "$path" AS sco_object,
  to_iso8601(from_unixtime("start")) AS sco_time,
  line AS sco_line,
  "version",
  "account_id",
  "interface_id",
  "srcaddr",
  "dstaddr",
  "srcport",
  "dstport",
  "protocol",
  "packets",
  "bytes",
  "start",
  "end",
  "action",
  "log_status"
FROM "default"."sco_web_vpcflow_e3eefab8"
WHERE "part_account" IN (?)
  AND "part_region" IN (?)
  AND "part_time" >= ? AND "part_time" <= ?
  AND coalesce(from_unixtime("start") >= from_iso8601_timestamp(?) AND from_unixtime("start") < from_iso8601_timestamp(?), "part_time" >= ? AND "part_time" <= ?)
  AND regexp_like(line, ?)
LIMIT 20;
-- '<every account that is there>'
-- '<every region that is there>'
-- '2026/11/20/07'
-- '2026/11/21/04'
-- '2026-11-20T10:00:00Z'
-- '2026-11-21T02:30:00Z'
-- '2026/11/20/10'
-- '2026/11/21/02'
-- 'time\w* ?out'

SELECT
  "$path" AS sco_object,
  to_iso8601(from_unixtime("start")) AS sco_time,
  line AS sco_line,
  "version",
  "account_id",
  "interface_id",
  "srcaddr",
  "dstaddr",
  "srcport",
  "dstport",
  "protocol",
  "packets",
  "bytes",
  "start",
  "end",
  "action",
  "log_status"
FROM "default"."sco_web_vpcflow_e3eefab8"
WHERE "part_account" IN (?)
  AND "part_region" IN (?)
  AND "part_time" >= ? AND "part_time" <= ?
  AND coalesce(from_unixtime("start") >= from_iso8601_timestamp(?) AND from_unixtime("start") < from_iso8601_timestamp(?), "part_time" >= ? AND "part_time" <= ?)
  AND NOT (strpos(lower(line), ?) > 0)
  AND ((NOT coalesce(nullif("action", '-') = ?, false)) AND coalesce("dstport" < ?, false));
-- '<every account that is there>'
-- '<every region that is there>'
-- '2026/11/20/07'
-- '2026/11/21/04'
-- '2026-11-20T10:00:00Z'
-- '2026-11-21T02:30:00Z'
-- '2026/11/20/10'
-- '2026/11/21/02'
-- 'it''s'
-- 'ACCEPT'
-- 1024
