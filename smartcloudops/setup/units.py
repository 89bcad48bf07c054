"""systemd units: a service and a timer each for train and detect, with the least rights that they need."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from smartcloudops.core.errors import ScoError
from smartcloudops.core.schedules import SYSTEM_UNITS, user_units
from smartcloudops.setup.schedule import Schedule

_ABOUT = {"train": "learn what is normal", "detect": "score the newest metrics, keep incidents"}
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))


def directory(*, system: bool, environ: Mapping[str, str], home: Path) -> Path:
    """Where units are put."""
    return Path("/") / SYSTEM_UNITS if system else user_units(environ, home)


def units(schedule: Schedule, *, system: bool) -> dict[str, str]:
    """File name to content: two services, two timers."""
    found = {}
    for kind in _ABOUT:
        found[f"sco-{kind}.service"] = _service(schedule, kind, system=system)
        found[f"sco-{kind}.timer"] = _timer(schedule, kind)
    return found


def verify(files: Mapping[str, str], *, system: bool) -> str | None:
    """What `systemd-analyze verify` holds against the units; None where it finds no fault.

    Raises ScoError where they cannot be checked here.
    """
    from smartcloudops.core.process import run

    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            Path(folder, name).write_text(text)
        paths = [str(Path(folder, name)) for name in files]
        # Another user's manager is asked for nothing: only its directory for temporary files must be there.
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "XDG_RUNTIME_DIR": folder, "HOME": folder}
        who = [] if system else ["--user"]
        done = run(["systemd-analyze", *who, "verify", *paths], timeout_s=20, env=env, check=False)
        about = [line for line in done.stderr.splitlines() if any(name in line for name in files)]
        if about:
            return "\n".join(line.replace(f"{folder}/", "") for line in about)
        if done.status:
            raise ScoError(f"systemd-analyze cannot check units here: {done.stderr.strip()}")
    return None


def _service(schedule: Schedule, kind: str, *, system: bool) -> str:
    environment = [f"Environment={_quoted(f'{name}={value}')}" for name, value in schedule.environment.items()]
    return "\n".join(
        [
            "[Unit]",
            f"Description=sco {kind}: {_ABOUT[kind]}",
            "Wants=network-online.target",
            "After=network-online.target",
            "",
            "[Service]",
            "Type=oneshot",
            f"ExecStart={_command_line(schedule.command(kind))}",
            *environment,
            "# Partly done: something was skipped, and named in the journal.",
            "SuccessExitStatus=4",
            f"TimeoutStartSec={'6h' if kind == 'train' else '30min'}",
            "Nice=10",
            *(_system_limits(schedule) if system else []),
            *_LIMITS,
            "",
        ]
    )


# What an unprivileged manager can enforce too.
_LIMITS = (
    "UMask=0077",
    "NoNewPrivileges=yes",
    "LockPersonality=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "RestrictNamespaces=yes",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
    "SystemCallArchitectures=native",
)


def _system_limits(schedule: Schedule) -> list[str]:
    """What only the machine's own manager can enforce."""
    rights = [
        "# Reading secrets, and writing directories, of other users; nothing else that root may.",
        "CapabilityBoundingSet=CAP_DAC_OVERRIDE",
    ]
    if schedule.watches_itself:
        return [*rights, "# This machine's file systems are looked at: none may be hidden or mounted anew here."]
    return [*rights, *_view(schedule)]


def _view(schedule: Schedule) -> list[str]:
    """Everything is read-only but what sco writes; homes and /tmp are hidden where nothing of sco's is there."""
    program = Path(schedule.argv[0])
    read = (program, program.resolve(), *([schedule.config] if schedule.config else []), *schedule.writes)
    in_home, in_temporary = _any_below(read, _HOMES), _any_below(read, _TEMPORARY)
    writes = (*schedule.writes, *(_TEMPORARY if in_temporary else ()))
    return [
        "ProtectSystem=strict",
        *(f"ReadWritePaths={_quoted(f'-{path}')}" for path in writes),
        f"ProtectHome={'read-only' if in_home else 'yes'}",
        f"PrivateTmp={'no' if in_temporary else 'yes'}",
        "PrivateDevices=yes",
        "ProtectClock=yes",
        "ProtectControlGroups=yes",
        "ProtectHostname=yes",
        "ProtectKernelLogs=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelTunables=yes",
    ]


def _any_below(paths: tuple[Path, ...], tops: tuple[Path, ...]) -> bool:
    return any(path.is_relative_to(top) for path in paths for top in tops)


def _timer(schedule: Schedule, kind: str) -> str:
    hour, minute = schedule.at
    every = "hourly" if schedule.every_min == 60 else f"*:0/{schedule.every_min}"
    when = [f"OnCalendar={every}", "AccuracySec=5s"]
    if kind == "train":
        when = [f"OnCalendar=*-*-* {hour:02d}:{minute:02d}:00", "RandomizedDelaySec=5min", "Persistent=yes"]
    head = ["[Unit]", f"Description=When to run sco {kind}", "", "[Timer]"]
    return "\n".join([*head, *when, "", "[Install]", "WantedBy=timers.target", ""])


def _command_line(argv: Sequence[str]) -> str:
    """`$` means something in arguments, though not in the program's name."""
    program, *arguments = map(_quoted, argv)
    return " ".join([program, *(word.replace("$", "$$") for word in arguments)])


def _quoted(word: str) -> str:
    """A word as systemd reads it: `%` means something to it, spaces and quotes too."""
    safe = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{safe}"' if any(c.isspace() or c in "\"'\\;" for c in safe) else safe
