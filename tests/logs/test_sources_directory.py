"""A directory of logs: what is opened, what never is, and what a file that changes gives."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.core.errors import ConfigError
from smartcloudops.core.settings import Logs
from smartcloudops.logs.objects import Unread
from smartcloudops.logs.sources.directory import Directory


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "logs"
    (root / "sub").mkdir(parents=True)
    (root / "a.log").write_bytes(b"a\n")
    (root / "sub/b.log").write_bytes(b"bb\n")
    return root


def opened(path) -> Directory:
    return Directory("d", Logs(uri=str(path)))


def keys(path) -> list[str]:
    return [one.key for one in opened(path).objects()]


def read_all(path) -> dict[str, bytes]:
    source = opened(path)
    reader = source.reader()
    return {one.key: reader.read(one) for one in source.objects()}


def damage(source, one) -> str:
    with pytest.raises(Unread) as e:
        source.reader().read(one)
    assert e.value.why
    return e.value.damage


def test_hidden_and_special_files_are_never_opened(root):
    (root / ".git").mkdir()
    (root / ".git/x.log").write_bytes(b"no")
    (root / ".a.log.swp").write_bytes(b"no")
    os.mkfifo(root / "pipe.log")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(os.path.relpath(root / "socket.log"))
        (root / "null.log").symlink_to("/dev/null")
        (root / "nowhere.log").symlink_to("missing")
        assert read_all(root) == {"a.log": b"a\n", "sub/b.log": b"bb\n"}
        assert list(opened(root).folders()) == ["sub/"]


def test_links_are_followed_and_circles_are_not(root, tmp_path):
    (tmp_path / "pods").mkdir()
    (tmp_path / "pods/0.log").write_bytes(b"pod\n")
    (root / "pods").symlink_to(tmp_path / "pods")
    (root / "link.log").symlink_to(tmp_path / "pods/0.log")
    (root / "sub/up").symlink_to(root)
    (root / "self").symlink_to("self")
    assert keys(root) == ["a.log", "link.log", "pods/0.log", "sub/b.log"]


def test_a_pipe_by_name_is_refused_with_what_to_do(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="neither a directory nor a file") as e:
        opened(tmp_path / "pipe")
    assert "- < " in str(e.value.hint)


@pytest.fixture
def nobody():
    """Not root for a while, whom every file would let in."""
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    yield
    if was_root:
        os.seteuid(0)


@pytest.fixture
def shut():
    """A directory in which a file and a directory let nobody in."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        (root / "sub").mkdir(mode=0)
        (root / "a.log").touch(mode=0)
        (root / "b.log").write_bytes(b"b")
        (root / "link.log").symlink_to("sub/x.log")
        yield root
        (root / "sub").chmod(0o755)


def test_what_lets_nobody_in_is_unreadable_and_not_left_out(shut, nobody):
    source = opened(shut)
    ones = list(source.objects())
    assert [one.key for one in ones] == ["a.log", "b.log", "link.log", "sub"]
    assert [damage(source, ones[n]) for n in (0, 2, 3)] == ["unreadable"] * 3
    with pytest.raises(ConfigError, match="Permission denied"):
        opened(shut / "sub")


def test_a_growing_file_is_read_as_far_as_it_was_listed(root):
    source = opened(root)
    one = next(source.objects())
    with (root / "a.log").open("ab") as f:
        f.write(b"more\n")
    assert source.reader().read(one) == b"a\n"
    grown = next(source.objects())
    assert grown.etag != one.etag and grown.size == 7
    assert b"".join(source.reader().stream(grown, start=one.size)) == b"more\n"


def test_a_file_cut_short_gives_what_is_left_and_says_so(root):
    source = opened(root)
    (root / "a.log").write_bytes(b"0123456789")
    one = next(source.objects())
    os.truncate(root / "a.log", 4)
    given = []
    with pytest.raises(Unread) as e:
        given += [next(pieces := source.reader().stream(one)), next(pieces)]
    assert e.value.damage == "changed" and "6 bytes shorter" in e.value.why
    assert next(source.reader().stream(one)) == b"0123"


def test_a_file_that_was_rotated_away_is_not_mistaken_for_its_follower(root):
    source = opened(root)
    one = next(source.objects())
    (root / "a.log").rename(root / "a.log.1")
    (root / "a.log").write_bytes(b"new and longer\n")
    assert damage(source, one) == "changed"
    (root / "a.log").unlink()
    assert damage(source, one) == "gone"
    os.mkfifo(root / "a.log")
    assert damage(source, one) == "changed"
    (root / "a.log").unlink()
    (root / "a.log").mkdir()
    assert damage(source, one) in ("changed", "unreadable")


def test_names_that_are_no_text_are_read_and_shown(root):
    Path(os.fsdecode(os.fsencode(root) + b"/\xff\x1b.log")).write_bytes(b"odd\n")
    source = opened(root)
    one = list(source.objects())[-1]
    assert source.reader().read(one) == b"odd\n"
    assert source.address(one.key).isprintable() and source.address(one.key).encode()


def test_a_file_alone_may_be_hidden(root):
    (root / ".hidden.log").write_bytes(b"h")
    assert read_all(root / ".hidden.log") == {".hidden.log": b"h"}


@settings(max_examples=40)
@given(
    st.sets(
        st.lists(st.text("ab.-é", min_size=1, max_size=3).map("k{}".format), min_size=1, max_size=3).map(tuple),
        max_size=8,
    ),
    st.text("kab.-/é", max_size=5),
    st.text("kab.-/é", max_size=5),
)
def test_listing_is_a_sorted_filter_of_all_paths(tmp_path_factory, paths, prefix, after):
    root = tmp_path_factory.mktemp("tree")
    made = set()
    for parts in sorted(paths):
        path = root.joinpath(*parts)
        if path.exists() or any(p.is_file() for p in path.parents):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        made.add("/".join(parts))
    wanted = sorted((k for k in made if k.startswith(prefix) and k.encode() > after.encode()), key=str.encode)
    assert [one.key for one in opened(root).objects(prefix, after=after)] == wanted
