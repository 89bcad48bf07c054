CREATE EXTERNAL TABLE IF NOT EXISTS `default`.`sco_web_cloudtrail_2b9bddc0` (
  `eventversion` string,
  `useridentity` struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,accesskeyid:string,username:string,onbehalfof:struct<userid:string,identitystorearn:string>,sessioncontext:struct<attributes:struct<mfaauthenticated:string,creationdate:string>,sessionissuer:struct<type:string,principalid:string,arn:string,accountid:string,username:string>,ec2roledelivery:string,webidfederationdata:struct<federatedprovider:string,attributes:map<string,string>>>>,
  `eventtime` string,
  `eventsource` string,
  `eventname` string,
  `awsregion` string,
  `sourceipaddress` string,
  `useragent` string,
  `errorcode` string,
  `errormessage` string,
  `requestparameters` string,
  `responseelements` string,
  `additionaleventdata` string,
  `requestid` string,
  `eventid` string,
  `readonly` string,
  `resources` array<struct<arn:string,accountid:string,type:string>>,
  `eventtype` string,
  `apiversion` string,
  `recipientaccountid` string,
  `serviceeventdetails` string,
  `sharedeventid` string,
  `vpcendpointid` string,
  `vpcendpointaccountid` string,
  `eventcategory` string,
  `addendum` string,
  `sessioncredentialfromconsole` string,
  `edgedevicedetails` string,
  `tlsdetails` string
)
PARTITIONED BY (`part_region` string, `part_time` string)
ROW FORMAT SERDE 'com.amazon.emr.hive.serde.CloudTrailSerde'
STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://my-logs/AWSLogs/123456789012/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.part_region.type' = 'injected',
  'projection.part_time.type' = 'date',
  'projection.part_time.format' = 'yyyy/MM/dd',
  'projection.part_time.range' = '2006/03/01,NOW+1DAYS',
  'projection.part_time.interval' = '1',
  'projection.part_time.interval.unit' = 'DAYS',
  'storage.location.template' = 's3://my-logs/AWSLogs/123456789012/CloudTrail/${part_region}/${part_time}/'
);

SELECT
  "$path" AS sco_object,
  to_iso8601(try(from_iso8601_timestamp(eventtime))) AS sco_time,
  concat_ws(' ', eventtime, eventsource, eventname, awsregion, sourceipaddress, useragent, errorcode, errormessage, json_format(CAST(useridentity AS JSON)), requestparameters, responseelements, additionaleventdata, requestid, eventid, json_format(CAST(resources AS JSON)), eventtype, recipientaccountid, serviceeventdetails, sharedeventid, vpcendpointid) AS sco_line,
  "eventversion",
  json_format(CAST("useridentity" AS JSON)) AS "useridentity",
  "eventtime",
  "eventsource",
  "eventname",
  "awsregion",
  "sourceipaddress",
  "useragent",
  "errorcode",
  "errormessage",
  "requestparameters",
  "responseelements",
  "additionaleventdata",
  "requestid",
  "eventid",
  "readonly",
  json_format(CAST("resources" AS JSON)) AS "resources",
  "eventtype",
  "apiversion",
  "recipientaccountid",
  "serviceeventdetails",
  "sharedeventid",
  "vpcendpointid",
  "vpcendpointaccountid",
  "eventcategory",
  "addendum",
  "sessioncredentialfromconsole",
  "edgedevicedetails",
  "tlsdetails"
FROM "default"."sco_web_cloudtrail_2b9bddc0"
WHERE "part_region" IN (?)
  AND "part_time" >= ? AND "part_time" <= ?
  AND coalesce(try(from_iso8601_timestamp(eventtime)) >= from_iso8601_timestamp(?) AND try(from_iso8601_timestamp(eventtime)) < from_iso8601_timestamp(?), "part_time" >= ? AND "part_time" <= ?)
  AND regexp_like(concat_ws(' ', eventtime, eventsource, eventname, awsregion, sourceipaddress, useragent, errorcode, errormessage, json_format(CAST(useridentity AS JSON)), requestparameters, responseelements, additionaleventdata, requestid, eventid, json_format(CAST(resources AS JSON)), eventtype, recipientaccountid, serviceeventdetails, sharedeventid, vpcendpointid), ?)
LIMIT 20;
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
  to_iso8601(try(from_iso8601_timestamp(eventtime))) AS sco_time,
  concat_ws(' ', eventtime, eventsource, eventname, awsregion, sourceipaddress, useragent, errorcode, errormessage, json_format(CAST(useridentity AS JSON)), requestparameters, responseelements, additionaleventdata, requestid, eventid, json_format(CAST(resources AS JSON)), eventtype, recipientaccountid, serviceeventdetails, sharedeventid, vpcendpointid) AS sco_line,
  "eventversion",
  json_format(CAST("useridentity" AS JSON)) AS "useridentity",
  "eventtime",
  "eventsource",
  "eventname",
  "awsregion",
  "sourceipaddress",
  "useragent",
  "errorcode",
  "errormessage",
  "requestparameters",
  "responseelements",
  "additionaleventdata",
  "requestid",
  "eventid",
  "readonly",
  json_format(CAST("resources" AS JSON)) AS "resources",
  "eventtype",
  "apiversion",
  "recipientaccountid",
  "serviceeventdetails",
  "sharedeventid",
  "vpcendpointid",
  "vpcendpointaccountid",
  "eventcategory",
  "addendum",
  "sessioncredentialfromconsole",
  "edgedevicedetails",
  "tlsdetails"
FROM "default"."sco_web_cloudtrail_2b9bddc0"
WHERE "part_region" IN (?)
  AND "part_time" >= ? AND "part_time" <= ?
  AND coalesce(try(from_iso8601_timestamp(eventtime)) >= from_iso8601_timestamp(?) AND try(from_iso8601_timestamp(eventtime)) < from_iso8601_timestamp(?), "part_time" >= ? AND "part_time" <= ?)
  AND NOT (strpos(lower(concat_ws(' ', eventtime, eventsource, eventname, awsregion, sourceipaddress, useragent, errorcode, errormessage, json_format(CAST(useridentity AS JSON)), requestparameters, responseelements, additionaleventdata, requestid, eventid, json_format(CAST(resources AS JSON)), eventtype, recipientaccountid, serviceeventdetails, sharedeventid, vpcendpointid)), ?) > 0)
  AND (coalesce(regexp_like("useridentity"."arn", ?), false) AND coalesce(json_extract_scalar("requestparameters", ?) = ?, false));
-- '<every region that is there>'
-- '2026/11/20'
-- '2026/11/21'
-- '2026-11-20T10:00:00Z'
-- '2026-11-21T02:30:00Z'
-- '2026/11/20'
-- '2026/11/21'
-- 'it''s'
-- 'root'
-- '$["bucketName"]'
-- 'a'
