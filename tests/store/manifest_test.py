import datetime as dt
import json

import pytest

from pipeline import sealed
from pipeline.errors import StoreError
from pipeline.store.layout import Layout
from pipeline.store.manifest import DayManifest, read

DAY = dt.date(2024, 1, 2)


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path)


def done(layout):
    output = layout.partition("posts", DAY)
    output.parent.mkdir(parents=True)
    output.write_bytes(b"rows")
    manifest = DayManifest(layout, DAY)
    manifest.finish("merge", {"a": "1"}, [output], {"posts": 3})
    return output


def test_a_stage_is_current_for_the_same_inputs_only(layout):
    output = done(layout)
    again = DayManifest(layout, DAY)
    assert again.current("merge", {"a": "1"})
    assert not again.current("merge", {"a": "2"})
    assert not again.current("count", {"a": "1"})
    output.unlink()
    assert not again.current("merge", {"a": "1"})


def test_a_begun_stage_is_out_of_date_until_it_is_finished(layout):
    done(layout)
    DayManifest(layout, DAY).begin("merge")
    assert not DayManifest(layout, DAY).current("merge", {"a": "1"})


def test_outputs_are_named_by_path_and_hash(layout):
    done(layout)
    entry = json.loads(layout.day_manifest(DAY).read_text())["stages"]["merge"]
    rows = "bc51e9e65d79e1c90ba544ab2eae1044ccdf8c1af7a559ba375cba4276f7d99e"  # printf rows | sha256sum
    assert entry["outputs"] == {"posts/date=2024-01-02/part-0.parquet": rows}
    assert entry["facts"] == {"posts": 3}


def test_another_version_and_damage_are_told(layout):
    done(layout)
    path = layout.day_manifest(DAY)
    path.write_bytes(sealed.dumps(sealed.loads(path.read_bytes()) | {"version": 99}))
    with pytest.raises(StoreError, match="another version"):
        read(path)
    path.write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        read(path)
