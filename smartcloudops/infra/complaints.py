"""Terraform's diagnostics as errors of ours: what happened, where, and the next command to try. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from smartcloudops.core.errors import ConfigError, LockedError, ScoError, UnreachableError
from smartcloudops.core.redact import redact
from smartcloudops.core.text import printable
from smartcloudops.infra.records import Complaint

STALE = "the state changed after the plan was made; nothing was applied"
_LONGEST = 400
_LOCK = re.compile(r"^\s*(ID|Who|Operation|Created):[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_VARIABLE = re.compile(r'variable "([^"]+)"')
_NOISE = re.compile(
    r"Please see https://registry\.terraform\.io\S*\s+for more information about providing credentials\."
)


@dataclass(frozen=True, slots=True)
class Scene:
    """Where it happened: `command` is what a person types to run Terraform for the same environment, `here` is how
    this user on this machine signs a lock, `holder` the process of another Terraform that runs there now."""

    command: str = "terraform"
    here: str = ""
    holder: int | None = None


@dataclass(frozen=True, slots=True)
class _Rule:
    """Text that a complaint has (a regular expression), and the error it is."""

    pattern: str
    error: Callable[[Complaint, str, Scene], ScoError]


def error_of(
    complaints: Sequence[Complaint], *, stderr: str = "", status: int = 1, scene: Scene | None = None
) -> ScoError:
    """The error that a failed run ends in; the first complaint that is known says what to do."""
    scene = scene or Scene()
    errors = [c for c in complaints if c.severity == "error"]
    for complaint in errors:
        text = f"{complaint.summary}\n{complaint.detail}"
        for rule in _RULES:
            if re.search(rule.pattern, text, re.IGNORECASE):
                return rule.error(complaint, text, scene)
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        return ScoError(f"Terraform: {sentence(errors[0])}{more}", hint=_where(errors[0]))
    if status < 0:
        hint = "the next run says whether the state is locked, and what unlocks it"
        return ScoError(f"Terraform was ended by signal {-status}", hint=hint)
    said = _plain(stderr) or f"it ended with status {status} and said nothing"
    return _from_text(stderr, scene) or ScoError(f"Terraform failed: {said}", hint="terraform plan, by hand, says more")


def sentence(complaint: Complaint) -> str:
    """A complaint on one line, with the file it points at; nothing that a terminal would obey, no secrets."""
    at = f" ({complaint.file}:{complaint.line})" if complaint.file else ""
    of = f"{complaint.address}: " if complaint.address else ""
    detail = _plain(complaint.detail)
    return f"{of}{_plain(complaint.summary)}{at}{f': {detail}' if detail else ''}"


def _where(complaint: Complaint) -> str | None:
    return f"see {printable(complaint.file)}, line {complaint.line}" if complaint.file else None


def _plain(text: str) -> str:
    found = redact(printable(_NOISE.sub("", text)))
    return found if len(found) <= _LONGEST else f"{found[:_LONGEST]}…"


def _from_text(stderr: str, scene: Scene) -> ScoError | None:
    """What commands without `-json` print, as one complaint."""
    complaint = Complaint("error", "", stderr)
    for rule in _RULES:
        if re.search(rule.pattern, stderr, re.IGNORECASE):
            return rule.error(complaint, stderr, scene)
    return None


def _locked(complaint: Complaint, text: str, scene: Scene) -> ScoError:
    known = {name: printable(value) for name, value in _LOCK.findall(text)}
    who, identity = known.get("Who") or "somebody", known.get("ID") or "ID"
    since = f" since {known['Created'][:19]} UTC" if known.get("Created") else ""
    doing = known.get("Operation", "").removeprefix("OperationType").lower()
    said = f"the state is locked by {who}{since}{f', to {doing}' if doing else ''}"
    unlock = f"{scene.command} force-unlock -force {identity}"
    if who != scene.here:
        return LockedError(said, hint=f"wait until that ends; only if it is dead for sure: {unlock}")
    if scene.holder is not None:
        return LockedError(f"{said}; it runs here as process {scene.holder}", hint="wait until that ends")
    return LockedError(f"{said}; that run is dead: no Terraform works there on this machine now", hint=unlock)


def _corrupt(complaint: Complaint, text: str, scene: Scene) -> ScoError:
    hint = "put the newest backup back: sco infra status names it, and how"
    return ScoError("the state file cannot be read: it is no JSON that Terraform wrote", hint=hint)


def _variable(complaint: Complaint, text: str, scene: Scene) -> ScoError:
    found = _VARIABLE.search(text)
    name = found[1] if found else "NAME"
    hint = f"--var {name}=…, or write it into the environment's .tfvars file"
    return ConfigError(f"the stack's variable `{name}` is not set and has no default", hint=hint)


def _stale(complaint: Complaint, text: str, scene: Scene) -> ScoError:
    return ScoError(STALE, hint="run the command again")


def _credentials(complaint: Complaint, text: str, scene: Scene) -> ScoError:
    hint = "aws configure, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    return ConfigError("AWS: there are no credentials, or they are refused", hint=hint)


def _expired(complaint: Complaint, text: str, scene: Scene) -> ScoError:
    return ConfigError("AWS: the credentials have expired or are not valid", hint="sign in again: aws sso login")


def _denied(complaint: Complaint, text: str, scene: Scene) -> ScoError:
    return ConfigError(f"AWS refuses: {sentence(complaint)}", hint="allow it for these credentials, or use others")


def _unreachable(complaint: Complaint, text: str, scene: Scene) -> ScoError:
    hint = "check the network, the region and AWS_ENDPOINT_URL; what was made so far is in the state"
    return UnreachableError(f"AWS does not answer: {sentence(complaint)}", hint=hint)


def _uninitialised(complaint: Complaint, text: str, scene: Scene) -> ScoError:
    return ConfigError("the stack's directory is not initialised for this backend", hint="sco infra init")


def _provider(complaint: Complaint, text: str, scene: Scene) -> ScoError:
    hint = "check the network (registry.terraform.io), or a mirror in ~/.terraformrc"
    return UnreachableError(f"the AWS provider cannot be had: {sentence(complaint)}", hint=hint)


def _exists(complaint: Complaint, text: str, scene: Scene) -> ScoError:
    take = f"{scene.command} import {shlex.quote(complaint.address or 'ADDRESS')} ID"
    hint = f"left by a run that was killed? take it into the state ({take}), or delete it"
    return ScoError(f"it is in AWS but not in the state: {sentence(complaint)}", hint=hint)


def _instance_type(complaint: Complaint, text: str, scene: Scene) -> ScoError:
    hint = "--var instance_type=t3.micro (new accounts' free tier), or t2.micro in older ones"
    return ConfigError(f"AWS refuses the instance type: {sentence(complaint)}", hint=hint)


_RULES = (
    _Rule(r"state file could not be parsed|unsupported state file format", _corrupt),
    _Rule(r"error acquiring the state lock|error locking state", _locked),
    _Rule(r"no value for required variable", _variable),
    _Rule(r"saved plan is stale", _stale),
    _Rule(
        r"backend initialization required|backend configuration changed|module not installed"
        r"|inconsistent dependency lock|required plugins are not installed|please run \"terraform init\"",
        _uninitialised,
    ),
    _Rule(r"failed to query available provider packages|failed to install provider", _provider),
    _Rule(
        r"expiredtoken|token.{0,40}(?:has )?expired|invalidclienttokenid"
        r"|security token included in the request is invalid|signaturedoesnotmatch|authfailure",
        _expired,
    ),
    _Rule(r"no valid credential sources|nocredentialproviders|failed to refresh cached credentials", _credentials),
    _Rule(r"not eligible for free tier|unsupported: your requested instance type", _instance_type),
    _Rule(r"alreadyexists|already exists|alreadyowned|invalidgroup\.duplicate|invalidkeypair\.duplicate", _exists),
    _Rule(r"unauthorizedoperation|accessdenied|access denied|is not authorized to perform", _denied),
    _Rule(r"connection refused|no such host|i/o timeout|requesterror: send request failed|dial tcp", _unreachable),
)
