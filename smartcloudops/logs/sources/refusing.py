"""What S3 says no with to one object: what that means for it, or for all of them."""

from __future__ import annotations

from typing import Any

from smartcloudops.core import aws
from smartcloudops.core.errors import ScoError
from smartcloudops.core.text import printable
from smartcloudops.logs.objects import Damage, LogObject, Unread
from smartcloudops.logs.sources.reading import Again

_DOING = "read it"
_LONGEST = 300
_DAMAGE: dict[str, Damage] = {
    "NoSuchKey": "gone",
    "404": "gone",
    "PreconditionFailed": "changed",
    "412": "changed",
    "InvalidRange": "changed",
    "416": "changed",
    "InvalidObjectState": "archived",
    "AccessDenied": "denied",
    "AllAccessDisabled": "denied",
    "Forbidden": "denied",
    "403": "denied",
}
_WHY: dict[Damage, str] = {
    "gone": "deleted since it was listed",
    "changed": "replaced since it was listed",
}
# A bucket that is asked in the wrong place.
ELSEWHERE = ("PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "301", "302", "307")


def refused(e: Any, one: LogObject, address: str) -> Unread | Again | ScoError:
    """What botocore's ClientError about an object is in our words."""
    error = e.response.get("Error", {})
    code, words = aws.code_of(e), printable(str(error.get("Message", "")))[:_LONGEST]
    if code in _DAMAGE:
        damage = _DAMAGE[code]
        why = f"in storage class {printable(one.storage)}: restore it first" if damage == "archived" else ""
        return Unread(damage, why or _WHY.get(damage) or words or "access denied")
    if code.startswith("KMS.") or "Server Side Encryption" in words:
        return Unread("denied", f"encrypted with a key that cannot be used ({code}): {words}")
    if aws.is_busy(e):
        return Again(Unread("busy", f"the server is busy or broken ({code}), also when asked again"), busy=True)
    found = aws.translate(e, address, _DOING, reading=True)
    return Unread("unreadable", f"S3 refuses it ({code}): {words}") if type(found) is ScoError else found


def broken(e: Exception, address: str, got: bytes = b"") -> Again | ScoError:
    """What another error of botocore is: worth another try, or a setting that is wrong."""
    from botocore import exceptions as raised

    found = aws.translate(e, address, _DOING, reading=True)
    absent = (raised.EndpointConnectionError, raised.ConnectTimeoutError, raised.ProxyConnectionError)
    if isinstance(e, absent):
        return Again(found, got=got)
    cut = (raised.HTTPClientError, raised.ConnectionError, raised.IncompleteReadError)
    if isinstance(e, cut) and not isinstance(e, raised.SSLError):
        return Again(broken_off(), got=got)
    return found


def broken_off() -> Unread:
    """A connection that ended too early, also when resumed."""
    return Unread("broken off", "the connection broke, also when resumed")
