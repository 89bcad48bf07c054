"""Rules of secrets: none where others can read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from smartcloudops.infra.policy.rule import Finding, Rule
from smartcloudops.infra.scripts import SUSPICIOUS, secret_lines
from smartcloudops.infra.seen import Resource

_USER_DATA = ("user_data", "user_data_base64")
_KEYS = {"tls_private_key": "private key", "aws_iam_access_key": "secret access key"}
_KEY = "export DB_PASSWORD=correct-horse-7\n"
_LATER = "export DB_PASSWORD=$(aws ssm get-parameter --name /db/password --with-decryption)\n"


def _in_user_data(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Where a secret stands, never what it is. Masked scripts say themselves whether they hold one."""
    for resource in resources:
        for name in _USER_DATA:
            script = resource.text(name)
            if script.startswith("(script") and SUSPICIOUS in script:
                yield Finding(resource.address, f"{name} {SUSPICIOUS}")
            elif script and (lines := secret_lines(script)):
                shown = ", ".join(str(line) for line in lines[:5]) + (" …" if len(lines) > 5 else "")
                yield Finding(resource.address, f"{name} {SUSPICIOUS}, in line {shown}")


def _in_state(resources: Sequence[Resource]) -> Iterator[Finding]:
    for resource in resources:
        what = _KEYS.get(resource.type)
        if what and not resource.get("pgp_key"):
            yield Finding(resource.address, f"its {what} lies in the state, in clear")


def _server(script: str) -> tuple[tuple[str, dict[str, Any]], ...]:
    return (("aws_instance", {"user_data": f"#!/bin/sh\n{script}"}),)


SECRET_IN_USER_DATA = Rule(
    id="secret-in-user-data",
    severity="high",
    wrong="A server's user data holds what looks like a secret; whoever may describe the server reads it",
    mend="keep it in SSM Parameter Store (SecureString), and let the server read it by its role",
    look=_in_user_data,
    bad=_server(_KEY),
    good=_server(_LATER),
)
KEY_IN_STATE = Rule(
    id="key-in-state",
    severity="medium",
    wrong="A private key is made by Terraform, so it lies in its state",
    mend="make it where it is used, or give pgp_key; a role instead of an access key",
    look=_in_state,
    bad=(("aws_iam_access_key", {"user": "deploy"}),),
    good=(("aws_iam_access_key", {"user": "deploy", "pgp_key": "keybase:someone"}),),
)
