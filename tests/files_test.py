import os

import pytest

from pipeline import files
from pipeline.errors import StoreError


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
