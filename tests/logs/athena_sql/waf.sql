CREATE EXTERNAL TABLE IF NOT EXISTS `default`.`sco_web_waf_830690e7` (
  `line` string
)
PARTITIONED BY (`part_account` string, `part_region` string, `part_acl` string, `part_time` string)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe'
WITH SERDEPROPERTIES (
  'serialization.format' = '1',
  'input.regex' = '(.*)'
)
STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://my-logs/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.part_account.type' = 'injected',
  'projection.part_region.type' = 'injected',
  'projection.part_acl.type' = 'injected',
  'projection.part_time.type' = 'date',
  'projection.part_time.format' = 'yyyy/MM/dd/HH',
  'projection.part_time.range' = '2006/03/01/00,NOW+1HOURS',
  'projection.part_time.interval' = '1',
  'projection.part_time.interval.unit' = 'HOURS',
  'storage.location.template' = 's3://my-logs/AWSLogs/${part_account}/WAFLogs/${part_region}/${part_acl}/${part_time}/'
);

SELECT
  "$path" AS sco_object,
  to_iso8601(try(from_unixtime(CAST(json_extract_scalar(line, '$.timestamp') AS double) / 1000))) AS sco_time,
  line AS sco_line
FROM "default"."sco_web_waf_830690e7"
WHERE "part_account" IN (?)
  AND "part_region" IN (?)
  AND "part_acl" IN (?)
  AND "part_time" >= ? AND "part_time" <= ?
  AND coalesce(try(from_unixtime(CAST(json_extract_scalar(line, '$.timestamp') AS double) / 1000)) >= from_iso8601_timestamp(?) AND try(from_unixtime(CAST(json_extract_scalar(line, '$.timestamp') AS double) / 1000)) < from_iso8601_timestamp(?), "part_time" >= ? AND "part_time" <= ?)
  AND regexp_like(line, ?)
LIMIT 20;
-- '<every account that is there>'
-- '<every region that is there>'
-- '<every acl that is there>'
-- '2026/11/20/07'
-- '2026/11/21/04'
-- '2026-11-20T10:00:00Z'
-- '2026-11-21T02:30:00Z'
-- '2026/11/20/10'
-- '2026/11/21/02'
-- 'time\w* ?out'

SELECT
  "$path" AS sco_object,
  to_iso8601(try(from_unixtime(CAST(json_extract_scalar(line, '$.timestamp') AS double) / 1000))) AS sco_time,
  line AS sco_line
FROM "default"."sco_web_waf_830690e7"
WHERE "part_account" IN (?)
  AND "part_region" IN (?)
  AND "part_acl" IN (?)
  AND "part_time" >= ? AND "part_time" <= ?
  AND coalesce(try(from_unixtime(CAST(json_extract_scalar(line, '$.timestamp') AS double) / 1000)) >= from_iso8601_timestamp(?) AND try(from_unixtime(CAST(json_extract_scalar(line, '$.timestamp') AS double) / 1000)) < from_iso8601_timestamp(?), "part_time" >= ? AND "part_time" <= ?)
  AND NOT (strpos(lower(line), ?) > 0)
  AND (coalesce(coalesce(json_extract_scalar(line, ?), json_extract_scalar(line, ?)) = ?, false) AND coalesce(json_extract_scalar(line, ?) = ?, false));
-- '<every account that is there>'
-- '<every region that is there>'
-- '<every acl that is there>'
-- '2026/11/20/07'
-- '2026/11/21/04'
-- '2026-11-20T10:00:00Z'
-- '2026-11-21T02:30:00Z'
-- '2026/11/20/10'
-- '2026/11/21/02'
-- 'it''s'
-- '$["httpRequest.clientIp"]'
-- '$["httpRequest"]["clientIp"]'
-- '192.0.2.7'
-- '$["action"]'
-- 'BLOCK'
