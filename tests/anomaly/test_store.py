"""The model store: atomic versions, a pointer, and refusal of everything that is not what was written."""

from __future__ import annotations

import io
import os
import resource
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from fakes.models import ABOUT, forge

from smartcloudops.anomaly.model import GroupInfo, GroupModel, pack
from smartcloudops.anomaly.store import LocalStore
from smartcloudops.core.errors import ModelError, ScoError, UsageError

NOW = 1_700_000_000_000


def shards(seed: int = 0, groups: int = 3):
    rng = np.random.default_rng(seed)
    models = [
        GroupModel(
            GroupInfo(f'{{instance="{i}"}}', ("cpu", "memory"), ("cpu", "memory"), 100, {"trees": 4}),
            {"features.centre": rng.normal(size=2), "forest.feature": np.arange(7, dtype=np.uint16)},
        )
        for i in range(groups)
    ]
    return pack(models)


def saved(store: LocalStore, seed: int = 0, now: int = NOW) -> str:
    version = store.save(shards(seed), {**ABOUT, "seed": seed}, now=now)
    store.promote(version)
    return version


def shard_file(store: LocalStore, version: str) -> Path:
    return store.directory / "versions" / version / "shard-0000.npz"


def test_what_was_saved_is_read_back(tmp_path):
    store = LocalStore(tmp_path)
    version = saved(store)
    (shard,) = store.open(version).shards()
    (wrote,) = shards()
    assert shard.groups == wrote.groups
    for key, array in wrote.arrays.items():
        np.testing.assert_array_equal(shard.arrays[key], array)
        assert shard.arrays[key].dtype == array.dtype


def test_groups_of_unlike_shape_go_to_different_shards():
    (a, b) = shards(groups=2)[0].groups
    models = [
        GroupModel(a, {"x": np.zeros(3)}),
        GroupModel(b, {"x": np.zeros(4)}),
        GroupModel(a, {"x": np.ones(3)}),
    ]
    assert [len(s.groups) for s in pack(models)] == [2, 1]


def test_the_same_input_gives_the_same_bytes(tmp_path):
    a, b = LocalStore(tmp_path / "a"), LocalStore(tmp_path / "b")
    assert saved(a) == saved(b)
    assert shard_file(a, a.versions()[0]).read_bytes() == shard_file(b, b.versions()[0]).read_bytes()


def test_promote_and_rollback_move_the_pointer(tmp_path):
    store = LocalStore(tmp_path)
    first, second = saved(store, 1), saved(store, 2, NOW + 60_000)
    assert store.candidates() == [second, first]
    assert store.rollback() == (second, first)
    assert store.pointer() == {"version": first, "history": []}
    with pytest.raises(UsageError, match="no earlier model"):
        store.rollback()
    store.promote(second)
    assert store.candidates() == [second, first]


def test_a_wrong_version_names_the_nearest(tmp_path):
    store = LocalStore(tmp_path)
    version = saved(store)
    with pytest.raises(UsageError) as e:
        store.promote(version[:-1] + ("0" if version[-1] != "0" else "1"))
    assert version in str(e.value.hint)


@pytest.mark.parametrize("path", ["../../etc", "", "20260101T000000Z-zzzzzz"])
def test_a_version_is_never_a_path(tmp_path, path):
    with pytest.raises(UsageError):
        LocalStore(tmp_path).promote(path)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _grow(path: Path) -> None:
    os.truncate(path, (1 << 30) + 1)


@pytest.mark.parametrize(
    ("damage", "why"),
    [(_truncate, "bytes, the manifest says"), (_flip, "checksum"), (_grow, "more than"), (Path.unlink, "No such file")],
)
def test_a_damaged_file_is_refused_by_name(tmp_path, damage, why):
    store = LocalStore(tmp_path)
    version = saved(store)
    damage(shard_file(store, version))
    with pytest.raises(ModelError, match=rf"shard-0000.npz is refused: .*{why}"):
        store.open(version)


def _foreign(store: LocalStore, version: str, data: bytes) -> str:
    """Replace a shard and make the manifest agree: only the contents are foreign."""
    return forge(store.directory / "versions" / version, lambda manifest: None, data)


def _npz(save=np.savez, **arrays) -> bytes:
    buffer = io.BytesIO()
    save(buffer, **arrays)
    return buffer.getvalue()


class Bomb:
    def __reduce__(self):
        return (os.abort, ())


@pytest.mark.parametrize(
    "data",
    [
        b"not a zip at all",
        _npz(x=np.array([Bomb()] * 3, dtype=object)),
        _npz(save=np.savez_compressed, x=np.zeros(3)),
        _npz(x=np.zeros(5)),
        _npz(x=np.array(["a", "b", "c"])),
    ],
    ids=["no zip", "pickle", "compressed", "wrong length", "text"],
)
def test_a_foreign_file_is_refused_even_where_the_manifest_agrees(tmp_path, data):
    store = LocalStore(tmp_path)
    version = saved(store)
    version = _foreign(store, version, data)
    with pytest.raises(ModelError, match=r"shard-0000\.npz is refused"):
        list(store.open(version).shards())


def test_a_lying_array_header_is_refused(tmp_path):
    store = LocalStore(tmp_path)
    version = saved(store)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        body = io.BytesIO()
        np.lib.format.write_array_header_1_0(body, {"descr": "<f8", "fortran_order": False, "shape": (3, 1 << 40)})
        archive.writestr("x.npy", body.getvalue())
    version = _foreign(store, version, buffer.getvalue())
    with pytest.raises(ModelError, match="refused"):
        list(store.open(version).shards())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 200_000,
        '{"schema_version": 99, "shards": []}',
        '{"schema_version": 1, "shards": [{"file": "../x"}]}',
    ],
)
def test_a_foreign_manifest_is_refused(tmp_path, text):
    store = LocalStore(tmp_path)
    version = saved(store)
    (store.directory / "versions" / version / "manifest.json").write_text(text)
    with pytest.raises(ModelError, match=r"manifest\.json is refused"):
        store.open(version)


@pytest.mark.parametrize("name", ABOUT)
@pytest.mark.parametrize("value", [None, 3, "x"])
def test_a_manifest_with_a_field_of_another_type_is_refused(tmp_path, name, value):
    store = LocalStore(tmp_path)
    version = forge(store.directory / "versions" / saved(store), lambda manifest: manifest.update({name: value}))
    with pytest.raises(ModelError, match=f"its '{name}' is missing or of another type"):
        store.open(version)


def test_a_manifest_that_was_changed_by_hand_is_refused(tmp_path):
    store = LocalStore(tmp_path)
    version = saved(store)
    path = store.directory / "versions" / version / "manifest.json"
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 1'))
    with pytest.raises(ModelError, match="not what this version was named after"):
        store.open(version)


def test_a_damaged_pointer_falls_back_to_the_newest_versions(tmp_path):
    store = LocalStore(tmp_path)
    first, second = saved(store, 1), saved(store, 2, NOW + 60_000)
    (tmp_path / "current.json").write_text('{"version": "../../etc/passwd", "history": []}')
    with pytest.raises(ModelError, match=r"current\.json"):
        store.pointer()
    assert store.candidates() == [second, first]
    store.promote(first)
    assert store.candidates() == [first, second]


SAVE = """
import resource, signal, sys
sys.path.insert(0, {here!r})
from pathlib import Path
import numpy as np
from smartcloudops.anomaly.model import GroupInfo, GroupModel, pack
from smartcloudops.anomaly.store import LocalStore
from smartcloudops.core.errors import ScoError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
if {limit}:
    resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
info = GroupInfo("g", ("a",), ("a",), 1, {{}})
models = [GroupModel(info, {{"x": np.zeros(2_000_000 + i)}}) for i in range(40)]
print("saving", flush=True)
try:
    LocalStore(Path({path!r})).save(pack(models), {{}}, now=1_800_000_000_000)
except ScoError as e:
    print("error", e.message, flush=True)
"""


def _saving(path: Path, limit: int = 0) -> subprocess.Popen[str]:
    here = str(Path(__file__).parents[2])
    code = SAVE.format(here=here, path=str(path), limit=limit)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def test_a_kill_during_save_leaves_the_previous_model_in_use(tmp_path):
    store = LocalStore(tmp_path)
    version = saved(store)
    child = _saving(tmp_path)
    deadline = time.monotonic() + 30
    while not list((tmp_path / "versions").glob(".saving-*/shard-0003.npz")):
        assert child.poll() is None and time.monotonic() < deadline
        time.sleep(0.001)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert child.stdout is not None
    child.stdout.close()
    assert store.versions() == [version]
    assert list(store.open(store.candidates()[0]).shards())
    saved(store, 5, NOW + 60_000)
    assert not list((tmp_path / "versions").glob(".saving-*"))


def test_a_full_disk_during_save_is_an_error_and_leaves_nothing(tmp_path):
    store = LocalStore(tmp_path)
    version = saved(store)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)
    out, _ = _saving(tmp_path, limit=1_000_000).communicate(timeout=60)
    assert "error cannot write" in out
    assert [p.name for p in (tmp_path / "versions").iterdir()] == [version]


def test_a_directory_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "versions").write_text("in the way")
    with pytest.raises(ScoError, match="cannot write"):
        LocalStore(tmp_path).save(shards(), {}, now=NOW)
