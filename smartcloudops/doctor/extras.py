"""What is installed beside the core, for information."""

from __future__ import annotations

import platform
from importlib.util import find_spec

from smartcloudops import __version__
from smartcloudops.doctor.scene import Finding, Scene

_EXTRAS = {
    "simdjson": ("fast", "decodes answers faster"),
    "obstore": ("fast", "fetches logs with less work"),
    "hyperscan": ("fast", "finds patterns in logs faster"),
    "pyarrow": ("parquet", "reads and writes Parquet"),
}


def look(scene: Scene) -> Finding:
    """Versions, and which extras are there."""
    there = [name for name in _EXTRAS if find_spec(name)]
    missing = [name for name in _EXTRAS if name not in there]
    seen = f"sco {__version__}, Python {platform.python_version()}"
    seen += f"; with {', '.join(there)}" if there else ""
    if not missing:
        return Finding("info", seen)
    lacking = "; ".join(f"without {name} ({_EXTRAS[name][1]})" for name in missing)
    extras = ",".join(dict.fromkeys(_EXTRAS[name][0] for name in missing))
    return Finding("info", f"{seen}; {lacking}", f"pip install 'smartcloudops[{extras}]'")
