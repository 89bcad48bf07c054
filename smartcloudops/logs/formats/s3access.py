"""Access logs that S3 writes of its buckets."""

from __future__ import annotations

from smartcloudops.logs.formats.columns import Columns, Fields


def _alike(fields: Fields) -> None:
    fields["status"] = fields["httpstatus"]
    fields["method"] = fields["request_verb"]


S3ACCESS = Columns(
    "s3access",
    "AWS S3 server access logs: every field by name; also `status`, `method`, `path`",
    b"79a59df900b949e5 shop-assets [20/Nov/2026:10:00:00 +0000] 192.0.2.3 arn:aws:iam::111122223333:user/ann"
    b' 3E57427F33A59F07 REST.GET.OBJECT img/a.png "GET /shop-assets/img/a.png?versionId=1 HTTP/1.1" 403 AccessDenied'
    b' 243 - 7 - "-" "aws-cli/2.15" - s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6Uk= SigV4 ECDHE-RSA-AES128-GCM-SHA256'
    b" AuthHeader shop-assets.s3.eu-west-1.amazonaws.com TLSV1.2 - -",
    "bucketowner bucket_name [requestdatetime] remoteip requester requestid operation key"
    ' "request_verb+request_url(path)+request_proto" #httpstatus errorcode #bytessent #objectsize #totaltime'
    ' #turnaroundtime "referrer" "useragent" versionid | hostid sigv ciphersuite authtype endpoint'
    " tlsversion accesspointarn aclrequired",
    "requestdatetime",
    _alike,
)
