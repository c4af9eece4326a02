import os
import signal

import pytest

from pipeline import files
from pipeline.errors import StoreError, StoreUnwritable


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path):
    target = tmp_path / "a" / "b.txt"
    files.write(tmp_path, target, b"old")
    with pytest.raises(RuntimeError), files.staged(tmp_path, target) as draft:
        draft.write_bytes(b"half")
        raise RuntimeError
    assert target.read_bytes() == b"old"
    assert list((tmp_path / ".staging").iterdir()) == []


def test_drafts_lie_outside_the_tables(tmp_path):
    with files.staged(tmp_path, tmp_path / "posts" / "x.parquet") as draft:
        draft.write_bytes(b"")
        assert draft.parent == tmp_path / ".staging"


def test_a_new_folder_is_flushed_into_the_one_that_holds_it_before_it_is_written_to(tmp_path, monkeypatch):
    flushed, flush = [], files._flush
    monkeypatch.setattr(files, "_flush", lambda path: (flushed.append(path), flush(path)))
    target = tmp_path / "posts" / "date=2024-01-01" / "part-0.parquet"
    files.write(tmp_path, target, b"")
    assert [path for path in flushed if path.is_dir()] == [tmp_path, tmp_path / "posts", target.parent]
    flushed.clear()
    files.write(tmp_path, target, b"again")
    assert [path for path in flushed if path.is_dir()] == [target.parent]


def test_clearing_removes_what_a_killed_run_left(tmp_path):
    (tmp_path / ".staging" / "folder").mkdir(parents=True)
    (tmp_path / ".staging" / "left").write_bytes(b"half")
    (tmp_path / ".staging" / "folder" / "left").write_bytes(b"half")
    files.clear_staging(tmp_path)
    assert list((tmp_path / ".staging").iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_store_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="check disk and rights"):
        files.write(tmp_path, tmp_path / "x", b"")


def test_a_target_that_cannot_be_replaced_is_named(tmp_path):
    (tmp_path / "x" / "full").mkdir(parents=True)
    with pytest.raises(StoreError, match=r"x: cannot be written"):
        files.write(tmp_path, tmp_path / "x", b"")


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    target = tmp_path / "versions" / "0001"
    with pytest.raises(RuntimeError), files.staged_folder(tmp_path, target) as draft:
        (draft / "a").write_bytes(b"half")
        raise RuntimeError
    assert not target.exists()
    with files.staged_folder(tmp_path, target) as draft:
        (draft / "a").write_bytes(b"whole")
        assert not target.exists()
    assert (target / "a").read_bytes() == b"whole"
    assert list((tmp_path / ".staging").iterdir()) == []


@pytest.mark.parametrize("content", [b"old", None])
def test_a_folder_is_never_replaced(tmp_path, content):
    target = tmp_path / "0001"
    target.mkdir()
    if content:
        (target / "a").write_bytes(content)
    with (
        pytest.raises(StoreError, match=r"0001: cannot be written .there already"),
        files.staged_folder(tmp_path, target) as draft,
    ):
        (draft / "a").write_bytes(b"new")
    assert [path.read_bytes() for path in target.iterdir()] == [content] * bool(content)


def broken(monkeypatch, fault, work):
    """Do something in a child with a fault at its first write; how the child ended."""
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(files, "_fault", fault)
        monkeypatch.setattr(files, "_numbers", iter(range(1, 9)))
        try:
            work()
        finally:
            os._exit(7)
    return os.waitpid(child, 0)[1]


@pytest.mark.parametrize(
    ("point", "target", "draft"),
    [("before", b"old", None), ("half", b"old", b"ne"), ("written", b"old", b"newer"), ("renamed", b"newer", None)],
)
def test_a_write_is_broken_where_it_is_asked_for(tmp_path, monkeypatch, point, target, draft):
    files.write(tmp_path, tmp_path / "a", b"old")
    status = broken(monkeypatch, f"{point}:1", lambda: files.write(tmp_path, tmp_path / "a", b"newer"))
    assert status == signal.SIGKILL
    assert (tmp_path / "a").read_bytes() == target
    assert [path.read_bytes() for path in (tmp_path / ".staging").iterdir()] == ([draft] if draft else [])


def test_another_write_is_not_broken(tmp_path, monkeypatch):
    assert broken(monkeypatch, "before:2", lambda: files.write(tmp_path, tmp_path / "a", b"new")) == 7 << 8
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_full_disk_is_named_and_leaves_no_draft(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_fault", "full:1")
    monkeypatch.setattr(files, "_numbers", iter(range(1, 9)))
    with pytest.raises(StoreUnwritable, match=r"b: cannot be written \(No space left on device\); check disk"):
        files.write(tmp_path, tmp_path / "b", b"data")
    assert list(tmp_path.rglob("*")) == [tmp_path / ".staging"]
    files.write(tmp_path, tmp_path / "b", b"data")  # there is room again
    assert (tmp_path / "b").read_bytes() == b"data"


def test_a_removal_is_a_write_too(tmp_path, monkeypatch):
    for point, there in (("before", True), ("renamed", False)):
        (tmp_path / "a").write_bytes(b"")
        assert broken(monkeypatch, f"{point}:1", lambda: files.remove(tmp_path / "a")) == signal.SIGKILL
        assert (tmp_path / "a").exists() is there
