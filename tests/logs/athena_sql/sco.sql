CREATE EXTERNAL TABLE IF NOT EXISTS `default`.`sco_web_sco_84f1a9a2` (
  `line` string
)
PARTITIONED BY (`part_host` string, `part_time` string)
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
  'projection.part_host.type' = 'injected',
  'projection.part_time.type' = 'date',
  'projection.part_time.format' = 'yyyy-MM-dd/\'hour=\'HH',
  'projection.part_time.range' = '2006-03-01/hour=00,NOW+1HOURS',
  'projection.part_time.interval' = '1',
  'projection.part_time.interval.unit' = 'HOURS',
  'storage.location.template' = 's3://my-logs/logs/${part_host}/dt=${part_time}/'
);

SELECT
  "$path" AS sco_object,
  to_iso8601(try(from_iso8601_timestamp(replace(coalesce(json_extract_scalar(line, '$.time'), json_extract_scalar(line, '$.timestamp'), json_extract_scalar(line, '$["@timestamp"]'), json_extract_scalar(line, '$.ts'), regexp_extract(line, '\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}([.]\d+){0,1}(Z|[+-]\d{2}:{0,1}\d{2}){0,1}')), ' ', 'T')))) AS sco_time,
  line AS sco_line
FROM "default"."sco_web_sco_84f1a9a2"
WHERE "part_host" IN (?)
  AND "part_time" >= ? AND "part_time" <= ?
  AND coalesce(try(from_iso8601_timestamp(replace(coalesce(json_extract_scalar(line, '$.time'), json_extract_scalar(line, '$.timestamp'), json_extract_scalar(line, '$["@timestamp"]'), json_extract_scalar(line, '$.ts'), regexp_extract(line, '\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}([.]\d+){0,1}(Z|[+-]\d{2}:{0,1}\d{2}){0,1}')), ' ', 'T'))) >= from_iso8601_timestamp(?) AND try(from_iso8601_timestamp(replace(coalesce(json_extract_scalar(line, '$.time'), json_extract_scalar(line, '$.timestamp'), json_extract_scalar(line, '$["@timestamp"]'), json_extract_scalar(line, '$.ts'), regexp_extract(line, '\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}([.]\d+){0,1}(Z|[+-]\d{2}:{0,1}\d{2}){0,1}')), ' ', 'T'))) < from_iso8601_timestamp(?), "part_time" >= ? AND "part_time" <= ?)
  AND regexp_like(line, ?)
LIMIT 20;
-- '<every host that is there>'
-- '2026-11-20/hour=08'
-- '2026-11-21/hour=03'
-- '2026-11-20T10:00:00Z'
-- '2026-11-21T02:30:00Z'
-- '2026-11-20/hour=10'
-- '2026-11-21/hour=02'
-- 'time\w* ?out'

SELECT
  "$path" AS sco_object,
  to_iso8601(try(from_iso8601_timestamp(replace(coalesce(json_extract_scalar(line, '$.time'), json_extract_scalar(line, '$.timestamp'), json_extract_scalar(line, '$["@timestamp"]'), json_extract_scalar(line, '$.ts'), regexp_extract(line, '\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}([.]\d+){0,1}(Z|[+-]\d{2}:{0,1}\d{2}){0,1}')), ' ', 'T')))) AS sco_time,
  line AS sco_line
FROM "default"."sco_web_sco_84f1a9a2"
WHERE "part_host" IN (?)
  AND "part_time" >= ? AND "part_time" <= ?
  AND coalesce(try(from_iso8601_timestamp(replace(coalesce(json_extract_scalar(line, '$.time'), json_extract_scalar(line, '$.timestamp'), json_extract_scalar(line, '$["@timestamp"]'), json_extract_scalar(line, '$.ts'), regexp_extract(line, '\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}([.]\d+){0,1}(Z|[+-]\d{2}:{0,1}\d{2}){0,1}')), ' ', 'T'))) >= from_iso8601_timestamp(?) AND try(from_iso8601_timestamp(replace(coalesce(json_extract_scalar(line, '$.time'), json_extract_scalar(line, '$.timestamp'), json_extract_scalar(line, '$["@timestamp"]'), json_extract_scalar(line, '$.ts'), regexp_extract(line, '\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}([.]\d+){0,1}(Z|[+-]\d{2}:{0,1}\d{2}){0,1}')), ' ', 'T'))) < from_iso8601_timestamp(?), "part_time" >= ? AND "part_time" <= ?)
  AND NOT (strpos(lower(line), ?) > 0)
  AND ((coalesce(TRY_CAST(coalesce(json_extract_scalar(line, ?), json_extract_scalar(line, ?)) AS double) = ?, false) OR coalesce(coalesce(json_extract_scalar(line, ?), json_extract_scalar(line, ?)) = ?, false)) AND coalesce(TRY_CAST(json_extract_scalar(line, ?) AS double) >= ?, false));
-- '<every host that is there>'
-- '2026-11-20/hour=08'
-- '2026-11-21/hour=03'
-- '2026-11-20T10:00:00Z'
-- '2026-11-21T02:30:00Z'
-- '2026-11-20/hour=10'
-- '2026-11-21/hour=02'
-- 'it''s'
-- '$["user.id"]'
-- '$["user"]["id"]'
-- 7
-- '$["user.id"]'
-- '$["user"]["id"]'
-- 'x'
-- '$["status"]'
-- 500.5
