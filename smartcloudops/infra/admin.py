"""Who may open Grafana: the range of addresses that the stack's `admin_cidr` is given."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from pathlib import Path

from smartcloudops.core.errors import DataError, UnreachableError, UsageError
from smartcloudops.core.files import write_atomic
from smartcloudops.core.text import printable

ASKED = "https://checkip.amazonaws.com"
_WIDEST = 8
_TIMEOUT_S = 5.0


def admin_range(text: str) -> str:
    """The range as the stack takes it; UsageError for one that is none, or is open to the world.

    >>> admin_range("203.0.113.7")
    '203.0.113.7/32'
    """
    said = printable(text)
    if ":" in text:
        raise UsageError(f"admin_cidr {said}: the stack has no IPv6", hint="give an IPv4 range, as 203.0.113.7/32")
    try:
        network = IPv4Network(text, strict=False)
    except (AddressValueError, NetmaskValueError, ValueError) as e:
        raise UsageError(f"admin_cidr {said} is no range of addresses", hint="write it as 203.0.113.7/32") from e
    if network.prefixlen < _WIDEST:
        hint = "name your own address or network: --admin-cidr 203.0.113.7/32, or --admin-cidr me"
        raise UsageError(f"admin_cidr {said} is open to the world", hint=hint)
    if "/" in text and str(network) != text:
        raise UsageError(f"admin_cidr {said} does not begin its range", hint=f"--admin-cidr {network}")
    return str(network)


def own_address(url: str = ASKED) -> str:
    """This machine's public address, as a server of Amazon's sees it; only ever asked when the user says so.

    Raises UnreachableError where it does not answer, DataError where what it says is no address.
    """
    import requests

    hint = "give it yourself: --admin-cidr 203.0.113.7/32"
    try:
        answer = requests.get(url, timeout=_TIMEOUT_S, allow_redirects=False)
    except requests.RequestException as e:
        raise UnreachableError(f"{url} does not say what your address is: no answer", hint=hint) from e
    try:
        return admin_range(f"{answer.text.strip()}/32")
    except UsageError as e:
        raise DataError(f"{url} does not say what your address is (status {answer.status_code})", hint=hint) from e


def keep(path: Path, cidr: str) -> None:
    """Add the range to a file of variables, which keeps what it has."""
    before = path.read_text() if path.exists() else ""
    gap = "" if not before or before.endswith("\n") else "\n"
    write_atomic(path, f'{before}{gap}admin_cidr = "{cidr}"\n'.encode())
