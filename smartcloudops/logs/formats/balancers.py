"""Access logs of AWS load balancers: application, network (TLS) and classic ones."""

from __future__ import annotations

from smartcloudops.logs.formats.columns import Columns, Fields


def _alike(fields: Fields) -> None:
    fields["status"] = fields["elb_status_code"]
    fields["method"] = fields["request_verb"]


ALB = Columns(
    "alb",
    "AWS Application Load Balancer: every field by name; also `status`, `method`, `path`",
    b"https 2026-11-20T10:00:00.123456Z app/shop/50dc6c495c0c9188 192.0.2.7:2817 10.0.0.1:80 0.000 0.001 0.000 503 503"
    b' 34 366 "POST https://shop.example:443/pay?id=7 HTTP/1.1" "curl/8.5.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2'
    b" arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shop/73e2d6bc24d8a067"
    b' "Root=1-58337281-1d84f3d73c47ec4e58577259" "shop.example" "arn:aws:acm:eu-west-1:111122223333:certificate/1"'
    b' 1 2026-11-20T10:00:00.120000Z "forward" "-" "-" "10.0.0.1:80" "503" "-" "-" TID_1',
    "type=http/https/h2/grpcs/ws/wss time elb client_ip:#client_port target_ip:#target_port request_processing_time"
    " target_processing_time response_processing_time #elb_status_code #target_status_code #received_bytes #sent_bytes"
    ' "request_verb+request_url(path)+request_proto" "user_agent" ssl_cipher ssl_protocol target_group_arn "trace_id"'
    ' "domain_name" "chosen_cert_arn" matched_rule_priority request_creation_time "actions_executed" "redirect_url"'
    ' | "lambda_error_reason" "target_port_list" "target_status_code_list" "classification" "classification_reason"'
    ' conn_trace_id "transformed_host" "transformed_uri" "request_transform_status"',
    "time",
    _alike,
)
NLB = Columns(
    "nlb",
    "AWS Network Load Balancer, TLS listeners",
    b"tls 2.0 2026-11-20T10:00:00 net/shop/c6e77e28c25b2234 g3d4b5e8bb8464cd 192.0.2.7:51341 10.0.0.1:443 5 2 98 246 -"
    b" arn:aws:acm:eu-west-1:111122223333:certificate/1 - ECDHE-RSA-AES128-SHA tlsv12 - shop.example h2 h2"
    b' "h2","http/1.1" 2026-11-20T09:59:59',
    "type=tls version time elb listener_id client_ip:#client_port target_ip:#target_port #tcp_connection_time_ms"
    " #tls_handshake_time_ms #received_bytes #sent_bytes incoming_tls_alert cert_arn certificate_serial"
    " tls_cipher_suite tls_protocol_version tls_named_group domain_name alpn_fe_protocol alpn_be_protocol"
    " | alpn_client_preference_list tls_connection_creation_time",
    "time",
)
ELB = Columns(
    "elb",
    "AWS Classic Load Balancer; also `status`, `method`, `path`",
    b"2026-11-20T10:00:00.123456Z shop 192.0.2.7:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29"
    b' "GET http://shop.example:80/cart HTTP/1.1" "curl/8.5.0" - -',
    "time elb client_ip:#client_port target_ip:#target_port request_processing_time target_processing_time"
    " response_processing_time #elb_status_code #target_status_code #received_bytes #sent_bytes"
    ' "request_verb+request_url(path)+request_proto" | "user_agent" ssl_cipher ssl_protocol',
    "time",
    _alike,
)
