"""Who may open Grafana: ranges that the stack takes, and the user's own address, only from a server that says so."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from smartcloudops.core.errors import DataError, UnreachableError, UsageError
from smartcloudops.infra.admin import admin_range, keep, own_address


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0.0.0.0/0", "open to the world"),
        ("128.0.0.0/1", "open to the world"),
        ("::/0", "no IPv6"),
        ("2001:db8::1/128", "no IPv6"),
        ("me and you", "no range"),
        ("203.0.113.7/33", "no range"),
        ("", "no range"),
        ("203.0.113.7/24", "does not begin its range"),
    ],
)
def test_what_is_refused(text, why):
    with pytest.raises(UsageError, match=why):
        admin_range(text)


@pytest.mark.parametrize("text", ["203.0.113.7/32", "10.0.0.0/8", "203.0.113.0/24"])
def test_ranges_stay_as_they_are(text):
    assert admin_range(text) == text


def test_escapes_reach_no_terminal():
    with pytest.raises(UsageError) as e:
        admin_range("\x1b[31m")
    assert "\x1b" not in e.value.message


@pytest.fixture
def says():
    """`says(status, body)` is the URL of a server that answers that."""
    servers = []

    def start(status, body):
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        server = HTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_ones_own_address(says):
    assert own_address(says(200, b"203.0.113.7\n")) == "203.0.113.7/32"


@pytest.mark.parametrize("body", [b"", b"<html>", b"0.0.0.0/0", b"203.0.113.7/1", b"2001:db8::1", b"\xff"])
def test_an_answer_that_is_no_address(says, body):
    with pytest.raises(DataError, match="does not say what your address is"):
        own_address(says(200, body))


def test_no_answer():
    with pytest.raises(UnreachableError, match="no answer"):
        own_address("http://127.0.0.1:9/")


def test_the_range_is_added_to_what_the_file_has(tmp_path):
    path = tmp_path / "envs" / "prod.tfvars"
    keep(path, "203.0.113.7/32")
    path.write_text('stack_name = "a"')
    keep(path, "203.0.113.7/32")
    assert path.read_text() == 'stack_name = "a"\nadmin_cidr = "203.0.113.7/32"\n'
