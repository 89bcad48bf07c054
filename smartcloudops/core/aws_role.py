"""An AWS role in place of the account's own credentials: assumed when something is to be signed, and again in time."""

from __future__ import annotations

from functools import partial
from typing import Any

from smartcloudops.core.aws import code_of, translate
from smartcloudops.core.errors import ConfigError, ScoError
from smartcloudops.core.registry import as_any
from smartcloudops.core.text import printable

_NAME = "sco"
# STS answers in every region; with none configured this one is asked.
_STS_REGION = "us-east-1"


def assume(session: Any, role: str) -> None:
    """From now on a botocore session signs as that role; its own credentials ask for it. Nothing is sent yet."""
    resolver = session.get_component("credential_provider")
    resolver.providers.insert(0, _Assumed(session, role, resolver.load_credentials()))


class _Assumed:
    """A provider of credentials, as botocore's chain knows them."""

    METHOD = CANONICAL_NAME = "sco-role"

    def __init__(self, session: Any, role: str, source: Any) -> None:
        self._session, self._role, self._source = session, role, source

    def load(self) -> Any:
        """Credentials that are fetched when first used."""
        from botocore.credentials import DeferredRefreshableCredentials

        return as_any(DeferredRefreshableCredentials)(method=self.METHOD, refresh_using=self._fetch)

    def _fetch(self) -> Any:
        from botocore.credentials import AssumeRoleCredentialFetcher
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        region = self._session.get_config_variable("region") or _STS_REGION
        try:
            if self._source is None:
                raise NoCredentialsError
            fetcher = AssumeRoleCredentialFetcher(
                partial(self._session.create_client, region_name=region),
                self._source,
                self._role,
                extra_args={"RoleSessionName": _NAME},
            )
            return as_any(fetcher).fetch_credentials()
        except (BotoCoreError, ClientError) as e:
            raise _refused(e, self._role) from e


def _refused(e: Exception, role: str) -> ScoError:
    """Why it was not lent; raised where something was to be signed with it."""
    if code_of(e) in ("AccessDenied", "ValidationError"):
        words = printable(str(as_any(e).response["Error"].get("Message", "")))
        hint = "allow sts:AssumeRole on it for these credentials, and trust them in the role's own policy"
        return ConfigError(f"the role {printable(role)} cannot be assumed: {words}", hint=hint)
    return translate(e, f"the role {printable(role)}", "assume it", reading=True)
