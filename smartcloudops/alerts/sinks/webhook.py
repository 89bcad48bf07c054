"""A webhook: each notification is one POST of JSON, signed where a key is set."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence

from smartcloudops.alerts.notices import Notice
from smartcloudops.core.address import parse_url
from smartcloudops.core.config import Config
from smartcloudops.core.http import Endpoint, declared
from smartcloudops.core.posting import Poster
from smartcloudops.core.redact import register

_PRIVATE = 16


class Webhook:
    """One `[alerts.NAME]` of type webhook. Its URL's path may be a secret: it is never shown."""

    def __init__(self, config: Config, name: str) -> None:
        """Raises ConfigError: no URL, or a secret that cannot be had."""
        section = f"alerts.{name}"
        endpoint = Endpoint(**declared(config, section, config.alerts[name]))
        address = parse_url(endpoint.url, section)
        path = address.whole.removeprefix(address.origin)
        if len(path) >= _PRIVATE:
            register(path)
        secret = config.secret(section, "secret")
        self._key = secret.encode() if secret else None
        self._poster = Poster(endpoint, private_path=True)
        self.where = self._poster.where

    def send(self, notice: Notice, *, ends: int) -> None:
        """POST the document; `X-Sco-Signature` is the HMAC-SHA256 of the body, as GitHub's is."""
        body = json.dumps(notice.document).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": notice.key, "X-Sco-Event": notice.kind}
        if self._key:
            headers["X-Sco-Signature"] = f"sha256={hmac.new(self._key, body, hashlib.sha256).hexdigest()}"
        self._poster.post(body, headers)

    def refresh(self, still_open: Sequence[Notice], *, ends: int) -> None:
        """Nothing: a webhook hears of what is new, and of reminders."""
