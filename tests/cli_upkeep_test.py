"""The commands that look after a store, as people and machines see them: status, doctor, schedule."""

import datetime as dt
import json
import sys

import pytest
from desk import QUICK, Desk, Here, Workers

from pipeline import __version__, cli, cli_upkeep, logs, sealed, terminal
from pipeline.engines import doctor, surroundings
from pipeline.engines.days import DayWork
from pipeline.errors import WorkError
from pipeline.store.layout import Layout
from pipeline.store.manifest import read, write

ONE, TWO = "2024-01-01", "2024-01-02"


@pytest.fixture
def hibi(monkeypatch, capsys, tmp_path):
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    monkeypatch.setattr(surroundings, "_ASK", "print('[\"tensorflow\"]')")
    for name in ("HIBI_CACHE", "KERAS_BACKEND", "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "XDG_CACHE_HOME"):
        if name != "HIBI_CACHE":
            monkeypatch.delenv(name, raising=False)

    def call(*arguments):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["hibi", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        return end.value.code or 0, out, err

    return call


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A store with two days; of the first, a late file brought a run that failed."""
    made = Desk(tmp_path, Here(), **QUICK)
    for day in (ONE, TWO):
        made.put(f"{day}.jsonl", (day, f"{day}T01:00:00", "静かな朝"))
    made.run()
    made.put("late.jsonl", ("late", f"{ONE}T02:00:00", "雪の朝"))

    whole = DayWork.draw

    def fails(self):
        if str(self.day) == ONE:
            raise WorkError("no room \x1b[2J for clouds")
        return whole(self)

    with monkeypatch.context() as patch:
        patch.setattr(DayWork, "draw", fails)
        made.run()
    return made


def test_status_says_what_failed_and_why_until_it_is_mended(hibi, desk):
    code, out, err = hibi("status", "--store", desk.store)
    lines = out.splitlines()
    assert (code, err) == (0, "")
    [failed] = [line for line in lines if "FAILED since" in line]
    assert failed.startswith(f"{ONE}  FAILED since 20")
    assert failed.endswith(": no room \N{REPLACEMENT CHARACTER}[2J for clouds")
    assert any(line.startswith("last run 20") and line.endswith("done, but a day or a file failed") for line in lines)
    assert any(line.startswith("last run without a failure: 20") for line in lines)
    assert any(line.startswith("disk: reports ") and line.endswith(" free") for line in lines)
    found = json.loads(hibi("status", "--store", desk.store, "--json")[1])
    assert [(one["date"], one["error"]) for one in found["failed"]] == [(ONE, "no room \x1b[2J for clouds")]
    assert [day["error"] for day in found["days"]] == [found["failed"][0]["error"], None]
    assert (found["ok"], found["running"], found["run"]["exit"]) == (False, False, 3)

    desk.run()
    out = hibi("status", "--store", desk.store)[1]
    assert "FAILED" not in out and "last run 20" in out and "nothing failed" in out
    found = json.loads(hibi("status", "--store", desk.store, "--json")[1])
    assert (found["ok"], found["failed"], found["run"]["exit"]) == (True, [], 0)
    assert found["last_good"] == found["run"]["ended"]


def test_the_keys_of_status_are_a_contract(hibi, desk):
    found = json.loads(hibi("status", "--store", desk.store, "--json")[1])
    assert set(found) == {
        "store", "version", "timezone", "ok", "running", "run", "last_good", "last_run", "failed", "damaged", "days",
        "files", "models", "bytes", "disk", "free",
    }  # fmt: skip
    assert set(found["run"]) == {"run", "began", "ended", "seconds", "exit", "error", "hibi"}
    assert set(found["days"][0]) == {"date", "posts", "stale", "error"}
    assert set(found["failed"][0]) == {"date", "error", "since"}
    assert set(found["files"][0]) == {
        "name", "formats", "read", "posts", "quarantined", "skipped", "error", "not_posts", "gone",
    }  # fmt: skip
    assert sum(found["disk"].values()) == found["bytes"] > 0


def test_status_of_a_killed_run(hibi, desk):
    runs = Layout(desk.store).runs
    known = read(runs)
    write(desk.store, runs, known | {"last": known["last"] | {"ended": None, "exit": None}})
    code, out, _ = hibi("status", "--store", desk.store)
    assert code == 0 and any("BROKEN OFF" in line for line in out.splitlines())
    assert json.loads(hibi("status", "--store", desk.store, "--json")[1])["ok"] is False


def test_status_names_what_is_damaged_and_tells_the_rest(hibi, desk):
    Layout(desk.store).day_manifest(dt.date(2024, 1, 2)).write_text("{")
    (desk.store / "counts" / f"date={ONE}" / "part-0.parquet").unlink()
    code, out, _ = hibi("status", "--store", desk.store)
    assert code == 0
    damaged = [line for line in out.splitlines() if line.startswith("damaged: ")]
    assert any(f"days/{TWO}.json" in line for line in damaged)
    assert any(f"counts/date={ONE}/part-0.parquet: missing" in line for line in damaged)


def test_status_does_not_guess_what_it_cannot_know(hibi, desk, tmp_path):
    (tmp_path / "bad.toml").write_text('[words]\ndictionary = "none.csv"\n')
    told = hibi("status", "--store", desk.store, "--settings", tmp_path / "bad.toml")[1].splitlines()
    assert f"{ONE} to {TWO}: 3 posts, unknown what is up to date" in told
    assert any(line.startswith("damaged: ") and "none.csv" in line for line in told)
    first, second = hibi("status", "--store", tmp_path / "nowhere")[1].splitlines()
    assert first.endswith(f"nowhere: 0 days, 0 kB, hibi {__version__}") and second.startswith("nothing is there yet")


def test_status_tells_of_models(hibi, desk):
    for number in (1, 2):
        folder = desk.store / "models" / "mood" / "versions" / f"{number:04}"
        folder.mkdir(parents=True)
        (folder / "version.json").write_bytes(sealed.dumps({"made_at": "2024-01-02T18:00:00+00:00"}))
    served = sealed.dumps({"format": 1, "stack": [1], "log": []})
    (desk.store / "models" / "mood" / "served.json").write_bytes(served)
    out = hibi("status", "--store", desk.store)[1]
    assert "model mood/0002 of 2024-01-03 03:00: kept; mood/0001 answers" in out.splitlines()
    [model] = json.loads(hibi("status", "--store", desk.store, "--json")[1])["models"]
    assert (model["latest"], model["served"], model["made_at"]) == (2, 1, "2024-01-02T18:00:00+00:00")


# doctor


def test_doctor_tells_what_to_do_and_exits_by_the_worst(hibi, desk):
    code, out, err = hibi("doctor", "--store", desk.store)
    assert (code, err) == (0, "")
    names = [name for name, _ in (*doctor.MACHINE, *doctor.STORE)]
    assert [line[6:].split(":")[0] for line in out.splitlines()] == names
    (desk.store / ".salt").chmod(0o640)
    code, out, _ = hibi("doctor", "--store", desk.store)
    assert code == 1
    assert f"can be read by others (mode 640); chmod 600 {desk.store / '.salt'}" in out
    code, out, _ = hibi("doctor", "--store", desk.store, "--json")
    assert code == 1
    [salt] = [check for check in json.loads(out) if check["name"] == "salt"]
    assert (salt["ok"], salt["state"], salt["do"]) == (False, "broken", f"chmod 600 {desk.store / '.salt'}")


def test_doctor_goes_on_where_the_settings_cannot_be_read(hibi, tmp_path):
    (tmp_path / "cwd" / "hibi.toml").write_text("[report]\nlangauge = 'en'\n")
    code, out, err = hibi("doctor")
    assert (code, err) == (1, "")
    first, *rest = out.splitlines()
    assert first.startswith("FAIL  settings: hibi.toml: report.langauge: ") and first.endswith("; correct the file")
    assert [line[:4] for line in rest if "python: " in line or "font: " in line] == ["ok  ", "ok  "]


def test_what_the_last_run_was_done_with_may_be_damaged(hibi, desk):
    (desk.store / "manifests" / "run.json").write_bytes(b"{}")
    code, out, err = hibi("doctor", "--store", desk.store)
    assert code == 1 and "Traceback" not in err
    assert "FAIL  settings: " in out and "name them with --settings" in out
    assert "manifests/run.json: its content does not fit its seal: the next run writes it anew" in out
    (desk.store / "hibi.toml").write_text("")
    code, out, _ = hibi("status", "--store", desk.store, "--settings", desk.store / "hibi.toml")
    assert code == 0 and any("run.json" in line for line in out.splitlines() if line.startswith("damaged: "))


def test_doctor_shows_what_it_looks_at_and_clears_the_line_before_it_prints(hibi, desk, monkeypatch):
    seen = []
    monkeypatch.setattr(cli_upkeep.Spinner, "show", lambda self, name: seen.append(name))
    monkeypatch.setattr(cli_upkeep.Spinner, "hide", lambda self: seen.append(None))
    hibi("doctor", "--store", desk.store)
    names = [name for name, _ in (*doctor.MACHINE, *doctor.STORE)]
    assert seen == [one for name in names for one in (name, None)] + [None]


# schedule


@pytest.fixture
def home(tmp_path):
    """A folder of a hostile name with settings and an inbox."""
    folder = tmp_path / "it's 100% $x"
    (folder / "inbox").mkdir(parents=True)
    (folder / "hibi.toml").write_text(
        'inbox = ["inbox"]\nstore = "store"\n[[models]]\nname = "mood"\n'
        '[[models]]\nname = "lm"\nrecipe = "language-model"\n'
    )
    return folder


def test_schedule_cron_fills_the_paths_in(hibi, home):
    code, out, _ = hibi("schedule", "cron", "--settings", home / "hibi.toml", "--mail", "me@example.jp", "--at", "4:05")
    assert code == 0
    night, week = [line for line in out.splitlines() if line[0].isdigit()]
    assert night.startswith("5 4 * * * ") and week.startswith("5 7 * * 0 ")
    lines = out.splitlines()
    assert f"STORE={home / 'store'}" in lines and f"SETTINGS={home / 'hibi.toml'}" in lines
    assert f"LOG={home / 'store.log'}" in lines and f"HIBI={sys.prefix}/bin/" in out
    assert ' run --store "$STORE" --settings "$SETTINGS" || ' in night
    assert " retrain mood " in week and "retrain lm" not in week  # which learns from texts
    assert "retrain" not in hibi("schedule", "cron", "--settings", home / "hibi.toml", "--no-retrain")[1]


def test_schedule_of_a_run_without_settings_takes_none_of_the_folder(hibi, desk, tmp_path):
    (tmp_path / "cwd" / "hibi.toml").write_text('timezone = "UTC"\n[[models]]\nname = "mood"\n')
    out = hibi("schedule", "cron", "--store", desk.store)[1]
    assert "CRON_TZ=Asia/Tokyo" in out.splitlines() and "SETTINGS=" not in out and "retrain" not in out


def test_schedule_takes_the_variables_that_change_what_hibi_does(hibi, home, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    assert "CUDA_VISIBLE_DEVICES=0,1" in hibi("schedule", "cron", "--settings", home / "hibi.toml")[1]
    units = json.loads(hibi("schedule", "systemd", "--settings", home / "hibi.toml", "--json")[1])["units"]
    assert "Environment=CUDA_VISIBLE_DEVICES=0,1" in units["hibi.service"].splitlines()


def test_schedule_systemd_writes_the_units_or_prints_them(hibi, home, tmp_path):
    settings = ("--settings", home / "hibi.toml")
    code, out, _ = hibi("schedule", "systemd", *settings)
    assert code == 0
    printed = [line.rsplit("/", 1)[1] for line in out.splitlines() if line.startswith("# ~/.config/systemd/user/")]
    code, out, _ = hibi("schedule", "systemd", *settings, "--to", tmp_path / "units")
    assert code == 0 and out.splitlines()[0] == "systemctl --user daemon-reload"
    assert sorted(path.name for path in (tmp_path / "units").iterdir()) == sorted(printed)
    out = json.loads(hibi("schedule", "systemd", *settings, "--system", "--name", "diary", "--json")[1])
    assert "User=" in out["units"]["diary.service"]
    assert out["install"][1] == "sudo systemctl enable --now diary.timer diary-week.timer"


def test_schedule_of_a_store_takes_the_inbox_of_its_last_run(hibi, desk, tmp_path):
    code, out, _ = hibi("schedule", "cron", "--store", desk.store)
    assert code == 0 and f"INBOX={desk.inbox}" in out.splitlines()
    code, _, err = hibi("schedule", "cron", "--store", tmp_path / "none")
    assert (code, err) == (2, "hibi: no inbox: name one with --inbox or in hibi.toml\n")
    code, _, err = hibi("schedule", "cron", "--store", desk.store, "--at", "25:00")
    assert (code, err) == (2, "hibi: --at 25:00: not a time; write 03:30\n")


def test_whoever_prints_says_nothing_that_acts_on_a_terminal(hibi, desk):
    for command in ("status", "doctor"):
        out = hibi(command, "--store", desk.store)[1]
        assert out == "".join(f"{terminal.printable(line)}\n" for line in out.split("\n")[:-1])


def test_a_metrics_file_that_cannot_be_written_costs_no_day(hibi, desk, tmp_path, monkeypatch):
    from pipeline.engines import pool

    monkeypatch.setattr(pool, "Pool", Workers)
    for textfile, failed in ((tmp_path / "none" / "hibi.prom", True), (tmp_path / "hibi.prom", False)):
        (tmp_path / "mine.toml").write_text(
            f"[pictures]\nwidth = 200\nheight = 200\nwords = 5\n[monitoring]\ntextfile = '{textfile}'\n"
        )
        given = ("--inbox", desk.inbox, "--store", desk.store, "--settings", tmp_path / "mine.toml")
        code, _, err = hibi("run", *given)
        events = [json.loads(line) for line in err.splitlines()]
        assert code == 0 and events[-1 - failed]["event"] == "run ended"
        told = [one["error"] for one in events if one["event"] == "textfile not written"]
        assert [str(textfile) in error for error in told] == ([True] if failed else [])
        logs.end()
    assert "hibi_last_run_exit_code" in (tmp_path / "hibi.prom").read_text()
