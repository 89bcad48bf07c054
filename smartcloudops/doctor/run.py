"""All checks at once, in threads that nobody waits for longer than their check may take."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from smartcloudops.core.errors import ScoError
from smartcloudops.core.redact import redact
from smartcloudops.doctor import CHECKS, Check
from smartcloudops.doctor.scene import Finding, Scene


class _Examination:
    """One check under way: `finding` is there once `done` is set."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self.done = threading.Event()
        self.finding = Finding("fail", "it did not begin")

    def settle(self, finding: Finding) -> None:
        """The first finding counts: a check that answers too late has failed."""
        if not self.done.is_set():
            self.finding = finding
            self.done.set()


def examine(scene: Scene, checks: Sequence[Check] = CHECKS) -> list[tuple[Check, Finding]]:
    """Every check's finding, in order; never raises for what a check does.

    A check waits for the one it needs, and is not made if that has failed. One that takes longer than its time has
    failed, so all of them together take at most the sum along the longest chain of needs.
    """
    under_way = {check.name: _Examination(check) for check in checks}
    for one in under_way.values():
        need = under_way.get(one.check.needs or "")
        # A daemon: a check that hangs in the kernel must not keep the process from ending.
        threading.Thread(target=_bounded, args=(one, need, scene), daemon=True).start()
    for one in under_way.values():
        one.done.wait()
    return [(one.check, one.finding) for one in under_way.values()]


def _bounded(one: _Examination, need: _Examination | None, scene: Scene) -> None:
    if need is not None:
        need.done.wait()
        if need.finding.level == "fail":
            one.settle(Finding("info", f"not looked at, since {need.check.name} failed"))
            return
    worker = threading.Thread(target=lambda: one.settle(_examined(one.check, scene)), daemon=True)
    started = time.monotonic()
    worker.start()
    worker.join(one.check.timeout_s)
    one.settle(
        Finding("fail", f"no answer within {time.monotonic() - started:.0f} s", "sco -vv doctor " + one.check.name)
    )


def _examined(check: Check, scene: Scene) -> Finding:
    try:
        found = check.load()(scene)
    except ScoError as e:
        return Finding("fail", redact(e.message), redact(e.hint) if e.hint else None)
    except Exception as e:  # noqa: BLE001 - one broken check must not hide what the others saw
        return Finding("fail", redact(f"a bug in this check: {type(e).__name__}: {e}"), "please report it")
    return Finding(found.level, redact(found.seen), redact(found.mend) if found.mend else None)
