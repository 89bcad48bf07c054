CREATE EXTERNAL TABLE IF NOT EXISTS `default`.`sco_web_s3access_3223e18e` (
  `line` string,
  `bucketowner` string,
  `bucket_name` string,
  `requestdatetime` string,
  `remoteip` string,
  `requester` string,
  `requestid` string,
  `operation` string,
  `key` string,
  `request_uri` string,
  `httpstatus` int,
  `errorcode` string,
  `bytessent` bigint,
  `objectsize` bigint,
  `totaltime` bigint,
  `turnaroundtime` bigint,
  `referrer` string,
  `useragent` string,
  `versionid` string,
  `hostid` string,
  `sigv` string,
  `ciphersuite` string,
  `authtype` string,
  `endpoint` string,
  `tlsversion` string,
  `accesspointarn` string,
  `aclrequired` string
)
PARTITIONED BY (`part_account` string, `part_region` string, `part_bucket` string, `part_time` string)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe'
WITH SERDEPROPERTIES (
  'serialization.format' = '1',
  'input.regex' = '(([^ ]*) ([^ ]*) \\[([^\\]]*)\\] ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ("[^"]*"|-) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ("[^"]*"|-) ("[^"]*"|-) ([^ ]*)(?: ([^ ]*)(?: ([^ ]*)(?: ([^ ]*)(?: ([^ ]*)(?: ([^ ]*)(?: ([^ ]*)(?: ([^ ]*)(?: ([^ ]*))?)?)?)?)?)?)?)?(?: .*)?|.*)'
)
STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://my-logs/access/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.part_account.type' = 'injected',
  'projection.part_region.type' = 'injected',
  'projection.part_bucket.type' = 'injected',
  'projection.part_time.type' = 'date',
  'projection.part_time.format' = 'yyyy/MM/dd',
  'projection.part_time.range' = '2006/03/01,NOW+1DAYS',
  'projection.part_time.interval' = '1',
  'projection.part_time.interval.unit' = 'DAYS',
  'storage.location.template' = 's3://my-logs/access/${part_account}/${part_region}/${part_bucket}/${part_time}/'
);

SELECT
  "$path" AS sco_object,
  to_iso8601(try(parse_datetime(requestdatetime, 'dd/MMM/yyyy:HH:mm:ss Z'))) AS sco_time,
  line AS sco_line,
  "bucketowner",
  "bucket_name",
  "requestdatetime",
  "remoteip",
  "requester",
  "requestid",
  "operation",
  "key",
  "request_uri",
  "httpstatus",
  "errorcode",
  "bytessent",
  "objectsize",
  "totaltime",
  "turnaroundtime",
  "referrer",
  "useragent",
  "versionid",
  "hostid",
  "sigv",
  "ciphersuite",
  "authtype",
  "endpoint",
  "tlsversion",
  "accesspointarn",
  "aclrequired"
FROM "default"."sco_web_s3access_3223e18e"
WHERE "part_account" IN (?)
  AND "part_region" IN (?)
  AND "part_bucket" IN (?)
  AND "part_time" >= ? AND "part_time" <= ?
  AND coalesce(try(parse_datetime(requestdatetime, 'dd/MMM/yyyy:HH:mm:ss Z')) >= from_iso8601_timestamp(?) AND try(parse_datetime(requestdatetime, 'dd/MMM/yyyy:HH:mm:ss Z')) < from_iso8601_timestamp(?), "part_time" >= ? AND "part_time" <= ?)
  AND regexp_like(line, ?)
LIMIT 20;
-- '<every account that is there>'
-- '<every region that is there>'
-- '<every bucket that is there>'
-- '2026/11/20'
-- '2026/11/22'
-- '2026-11-20T10:00:00Z'
-- '2026-11-21T02:30:00Z'
-- '2026/11/20'
-- '2026/11/21'
-- 'time\w* ?out'

SELECT
  "$path" AS sco_object,
  to_iso8601(try(parse_datetime(requestdatetime, 'dd/MMM/yyyy:HH:mm:ss Z'))) AS sco_time,
  line AS sco_line,
  "bucketowner",
  "bucket_name",
  "requestdatetime",
  "remoteip",
  "requester",
  "requestid",
  "operation",
  "key",
  "request_uri",
  "httpstatus",
  "errorcode",
  "bytessent",
  "objectsize",
  "totaltime",
  "turnaroundtime",
  "referrer",
  "useragent",
  "versionid",
  "hostid",
  "sigv",
  "ciphersuite",
  "authtype",
  "endpoint",
  "tlsversion",
  "accesspointarn",
  "aclrequired"
FROM "default"."sco_web_s3access_3223e18e"
WHERE "part_account" IN (?)
  AND "part_region" IN (?)
  AND "part_bucket" IN (?)
  AND "part_time" >= ? AND "part_time" <= ?
  AND coalesce(try(parse_datetime(requestdatetime, 'dd/MMM/yyyy:HH:mm:ss Z')) >= from_iso8601_timestamp(?) AND try(parse_datetime(requestdatetime, 'dd/MMM/yyyy:HH:mm:ss Z')) < from_iso8601_timestamp(?), "part_time" >= ? AND "part_time" <= ?)
  AND NOT (strpos(lower(line), ?) > 0)
  AND (nullif("errorcode", '-') IS NOT NULL);
-- '<every account that is there>'
-- '<every region that is there>'
-- '<every bucket that is there>'
-- '2026/11/20'
-- '2026/11/22'
-- '2026-11-20T10:00:00Z'
-- '2026-11-21T02:30:00Z'
-- '2026/11/20'
-- '2026/11/21'
-- 'it''s'
