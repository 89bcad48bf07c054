"""The units, before systemd itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from smartcloudops.setup.schedule import Schedule
from smartcloudops.setup.units import units, verify

from .conftest import need


@pytest.fixture
def schedule(tmp_path: Path) -> Schedule:
    script = tmp_path / "a 50% $b" / "sco"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    state = tmp_path / "st ate%"
    return Schedule((str(script),), script.with_name("sco.toml"), {"SCO_STATE__DIR": str(state)}, (state,), 5, (3, 17))


@pytest.mark.real
@pytest.mark.parametrize("system", [True, False])
def test_systemd_finds_no_fault_with_ours(schedule: Schedule, system: bool) -> None:
    need("systemd-analyze")
    assert verify(units(schedule, system=system), system=system) is None


@pytest.mark.real
def test_systemd_finds_the_faults_of_others(schedule: Schedule) -> None:
    need("systemd-analyze")
    files = units(schedule, system=True)
    service = files["sco-train.service"]
    found = verify(files | {"sco-train.service": service.replace("NoNewPrivileges", "NoNewPrivilege")}, system=True)
    assert found is not None and "sco-train.service:" in found and "NoNewPrivilege" in found
    timer = files["sco-detect.timer"].replace("*:0/5", "at five")
    assert "calendar" in str(verify(files | {"sco-detect.timer": timer}, system=True))
    Path(schedule.argv[0]).unlink()
    assert "not executable" in str(verify(files, system=True))
