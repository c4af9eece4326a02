import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import StoreError
from pipeline.store import parquet

TABLE = pa.table({"n": list(range(500)), "t": [f"語{i * 7919 % 97}" for i in range(500)]})


def test_chunks_are_row_groups_and_bytes_repeat(tmp_path):
    for name in ("a", "b"):
        parquet.write(tmp_path, tmp_path / name, TABLE.schema, [TABLE.slice(0, 300), TABLE.slice(300)])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert [c.num_rows for c in parquet.read_chunks(tmp_path / "a")] == [300, 200]
    assert parquet.row_groups(tmp_path / "a") == 2
    assert [c["n"][0].as_py() for c in parquet.read_chunks(tmp_path / "a", ["n"], [1])] == [300]
    assert parquet.read(tmp_path / "a").equals(TABLE)


def test_every_flipped_bit_of_the_data_is_noticed(tmp_path):
    path = tmp_path / "a"
    parquet.write(tmp_path, path, TABLE.schema, [TABLE])
    whole = path.read_bytes()
    silent = []
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    for at in [*range(0, footer, 37), *range(footer, len(whole))]:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        try:
            if not parquet.read(path).equals(TABLE):
                silent.append(at)
        except StoreError as error:
            assert str(path) in str(error)
    assert silent == []


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(StoreError, match="nothere"):
        parquet.read(tmp_path / "nothere")


def test_a_file_that_others_put_there_has_no_seal_and_is_refused(tmp_path):
    pq.write_table(TABLE, tmp_path / "a")
    with pytest.raises(StoreError, match="its seal"):
        parquet.read(tmp_path / "a")
