"""The file for Prometheus: read back by Prometheus' own client, replaced whole, and safe against hostile names."""

import datetime as dt
import gzip
import threading

import pytest
from desk import QUICK, Desk, Here
from prometheus_client.parser import text_string_to_metric_families

from pipeline import sealed
from pipeline.engines import ledger, metrics
from pipeline.engines.ledger import Failure, Ledger, Run
from pipeline.errors import SettingsError, StoreUnwritable
from pipeline.settings import Settings, load
from pipeline.store import usage
from pipeline.store.layout import Layout

WHOLE = b'{"id": "1", "author": "a", "created_at": "2024-01-01T00:00:00Z", "text": "a"}\n'
ENDED = "2024-01-03T03:30:10+00:00"


def run(**more):
    told = {"run": "R", "began": "2024-01-03T03:30:00+00:00", "hibi": "0", "ended": ENDED, "seconds": 10.5, "exit": 3}
    return Run(**told | more)


def parsed(text):
    """All samples: (name, labels but the store) -> value."""
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge" and family.documentation
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.pop("store")
            key = (sample.name, *sorted(labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    made = Desk(tmp_path_factory.mktemp("metrics"), Here(), **QUICK)
    made.put("a.jsonl", ("1", "2024-01-01T01:00:00", "静かな朝"))
    rows = [("2", "2024-01-02T01:00:00", "雪の朝"), ("3", "2024-01-02T02:00:00", "雨"), {"id": "4", "text": "時刻なし"}]
    repost = {"id": "5", "author": "b", "created_at": "2024-01-02T03:00:00+09:00", "text": "RT", "repost_of": "2"}
    made.put("b.jsonl", *rows, repost)
    (made.inbox / "c.jsonl.gz").write_bytes(b"\x1f\x8b\x08\x00broken")
    made.run()
    return made


def test_a_run_leaves_what_prometheus_can_read(desk, tmp_path):
    layout = Layout(desk.store)
    metrics.write(tmp_path / "hibi.prom", layout)
    found = parsed((tmp_path / "hibi.prom").read_text())
    known = ledger.recall(layout)
    assert found["hibi_last_run_exit_code",] == 3  # c.jsonl.gz
    assert found["hibi_last_run_timestamp_seconds",] == dt.datetime.fromisoformat(known.last.ended).timestamp()
    assert found["hibi_last_run_duration_seconds",] == known.last.seconds
    assert ("hibi_last_success_timestamp_seconds",) not in found
    assert (found["hibi_days",], found["hibi_days_failed",], found["hibi_files_failed",]) == (2, 0, 1)
    assert found["hibi_newest_day_timestamp_seconds",] == dt.datetime(2024, 1, 2, tzinfo=dt.UTC).timestamp()
    rows = {key[1][1]: value for key, value in found.items() if key[0] == "hibi_newest_day_rows"}
    assert rows == {"read": 4, "kept": 3, "repeated": 0, "quarantined": 1, "skipped": 0}
    posts = {key[1][1]: value for key, value in found.items() if key[0] == "hibi_newest_day_posts"}
    assert posts == {"posts": 3, "reposts": 1, "copies": 0}
    assert found["hibi_newest_day_authors",] == 3
    sizes = {key[1][1]: value for key, value in found.items() if key[0] == "hibi_store_bytes"}
    assert sizes == usage.by_kind(desk.store) and sum(sizes.values()) > 100_000
    assert sizes["other"] == sum(p.stat().st_size for p in desk.store.iterdir() if p.is_file())
    assert (tmp_path / "hibi.prom").stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir()] == ["hibi.prom"]


def test_a_broken_file_that_is_gone_or_was_fetched_again_is_no_alarm_any_more(tmp_path):
    desk = Desk(tmp_path, Here(), **QUICK)
    path = desk.inbox / "c.jsonl.gz"
    for failed, content in ((1, b"\x1f\x8b\x08\x00broken"), (1, b"\x1f\x8b\x08\x00still"), (0, gzip.compress(WHOLE))):
        path.write_bytes(content)
        desk.merge()
        assert parsed(metrics.render(Layout(desk.store), Ledger(run())))["hibi_files_failed",] == failed
    path.write_bytes(b"\x1f\x8b\x08\x00again")
    desk.merge()
    path.unlink()
    assert parsed(metrics.render(Layout(desk.store), Ledger(run())))["hibi_files_failed",] == 0


def test_failed_days_and_the_last_good_run_are_told(tmp_path):
    known = Ledger(run(), "2024-01-02T03:30:00+00:00", {dt.date(2024, 1, 1): Failure("x", ENDED)})
    found = parsed(metrics.render(Layout(tmp_path), known))
    assert found["hibi_days_failed",] == 1
    assert found["hibi_last_success_timestamp_seconds",] == 1704166200


def test_no_name_of_a_folder_breaks_the_format(tmp_path):
    root = tmp_path / 'a"b\\c{},= 日\n# x 1'
    root.mkdir()
    text = metrics.render(Layout(root), Ledger(run()))
    stores = {s.labels["store"] for family in text_string_to_metric_families(text) for s in family.samples}
    assert stores == {str(root)}
    assert parsed(text)["hibi_last_run_exit_code",] == 3


def test_nothing_is_written_while_a_run_goes_on_or_before_the_first(tmp_path):
    metrics.write(tmp_path / "hibi.prom", Layout(tmp_path))
    with ledger.recorded(Layout(tmp_path)):
        metrics.write(tmp_path / "hibi.prom", Layout(tmp_path))
    assert not (tmp_path / "hibi.prom").exists()


def test_a_reader_never_sees_a_half(tmp_path, desk):
    path, layout, seen = tmp_path / "hibi.prom", Layout(desk.store), []
    metrics.write(path, layout)

    def read():
        while len(seen) < 200:
            seen.append(path.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    while reader.is_alive():
        metrics.write(path, layout)
    reader.join()
    assert {text.count("\n") for text in seen} == {path.read_text().count("\n")}


def test_a_folder_that_is_not_there_is_an_error_with_the_path(tmp_path, desk):
    with pytest.raises(StoreUnwritable, match=r"none/hibi.prom: cannot be written .*\[monitoring\]"):
        metrics.write(tmp_path / "none" / "hibi.prom", Layout(desk.store))


def test_the_setting_names_a_file_beside_the_settings_that_the_collector_reads(tmp_path):
    path = tmp_path / "hibi.toml"
    path.write_text('[monitoring]\ntextfile = "out/hibi.prom"\n')
    assert load(path).monitoring.textfile == tmp_path / "out" / "hibi.prom"
    path.write_text('[monitoring]\ntextfile = "out/hibi.txt"\n')
    with pytest.raises(SettingsError, match=r"monitoring.textfile: .*'out/hibi.txt' does not end in .prom"):
        load(path)
    assert Settings().monitoring.textfile is None


def test_the_models_that_answer_are_told(tmp_path):
    for number, made in ((1, "2024-01-01T00:00:00+00:00"), (2, "2024-01-02T00:00:00+00:00")):
        folder = tmp_path / "models" / "mood" / "versions" / f"{number:04}"
        folder.mkdir(parents=True)
        (folder / "version.json").write_bytes(sealed.dumps({"made_at": made}))
    found = parsed(metrics.render(Layout(tmp_path), Ledger(run())))
    assert not [key for key in found if "model" in key[0]]
    served = sealed.dumps({"format": 1, "stack": [1], "log": []})
    (tmp_path / "models" / "mood" / "served.json").write_bytes(served)
    found = parsed(metrics.render(Layout(tmp_path), Ledger(run())))
    assert found["hibi_model_info", ("model", "mood"), ("version", "1")] == 1
    assert found["hibi_model_made_timestamp_seconds", ("model", "mood")] == 1704067200
