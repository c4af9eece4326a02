"""The command line as its callers see it: exit codes, lines, JSON, CSV. One run has a process of its own."""

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from desk import Workers

from pipeline import cli, logs
from pipeline.engines import local, pool, surroundings

ONE, TWO = "2024-01-01", "2024-01-02"
ESCAPES = "\x1b[31m赤い\x1b[0m花 \x07\x9b2J \u202e逆さ \x7f消える"
QUICK = "[pictures]\nwidth = 200\nheight = 200\nwords = 5\n"
SUBCOMMANDS = ("status", "doctor", "words", "kwic", "trend")


def line(key, when, text, **more):
    row = {"id": key, "author": f"a-{key}", "created_at": f"{when}+09:00", "text": text} | more
    return json.dumps(row, ensure_ascii=False) + "\n"


POSTS = (
    line("1", f"{ONE}T01:00:00", "嬉しい朝、うれしい雨 #推し活")
    + line("2", f"{ONE}T02:00:00", ESCAPES)
    + line("3", f"{ONE}T03:00:00", "RT @a-1: 嬉しい朝、うれしい雨", repost_of="1")
    + line("4", f"{TWO}T01:00:00", "=SUM(A1)は静かな式")
    + '{"id": "5", "text": "時刻なし"}\n'
)


def spoken(text):
    """Whether text holds nothing that acts on a terminal."""
    return not [c for c in text if c != "\n" and (not c.isprintable() and c != " ")]


def logged(err):
    """The events of a run, from the lines of JSON that it logs where nobody looks on; all of one run."""
    assert spoken(err)
    events = [json.loads(one) for one in err.splitlines()]
    assert len({one["run"] for one in events}) == 1
    return [(one["event"], one) for one in events]


@pytest.fixture(autouse=True)
def _no_learning_library(monkeypatch):
    monkeypatch.setattr(surroundings, "_ASK", "print('[\"tensorflow\"]')")  # it loads for seconds


@pytest.fixture
def hibi(monkeypatch, capsys, tmp_path):
    """Call the command in this process: (exit code, standard output, standard error)."""
    monkeypatch.setattr(pool, "Pool", Workers)
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["hibi", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        return end.value.code or 0, out, err

    return call


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store that the command made, in a process and with workers of its own."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "inbox").mkdir()
    (folder / "inbox" / "posts.jsonl").write_text(POSTS)
    (folder / "hibi.toml").write_text(QUICK)
    found = subprocess.run(
        [sys.executable, "-m", "pipeline", "run", "--inbox", "inbox", "--store", folder / "store", "--workers", "1"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(cli.__file__).removesuffix("pipeline/cli.py"), "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
    )
    return SimpleNamespace(folder=folder, store=folder / "store", inbox=folder / "inbox", first=found)


@pytest.fixture
def small(tmp_path):
    """An inbox with one post and settings for a quick run, nothing run yet."""
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "a.jsonl").write_text(line("1", f"{ONE}T01:00:00", "静かな朝"))
    (tmp_path / "quick.toml").write_text(QUICK)
    return SimpleNamespace(
        inbox=tmp_path / "inbox",
        store=tmp_path / "store",
        settings=tmp_path / "quick.toml",
        run=(
            "run",
            "--inbox",
            tmp_path / "inbox",
            "--store",
            tmp_path / "store",
            "--settings",
            tmp_path / "quick.toml",
        ),
    )


# hibi run


def test_a_run_says_a_line_a_day_and_ends_well(made):
    assert made.first.returncode == 0
    assert [event for event, _ in logged(made.first.stderr)] == ["run began", "file", "day", "day", "run ended"]
    first, second, last = made.first.stdout.splitlines()
    stages = "merge, tokenise, count, predict, tabulate, draw, summarise, report"
    page = made.store / "reports" / ONE / "index.html"
    assert first == f"{ONE}  3 posts, 3 authors, 1 reposts, 0 copies, 0 quarantined  {page}  ({stages})"
    # the line without a time counts to the day of the line before it
    assert second.startswith(f"{TWO}  1 posts, 1 authors, 0 reposts, 0 copies, 1 quarantined  ")
    assert last == f"2 day(s); open {made.store / 'reports' / 'index.html'}"
    assert page.exists()


def test_a_second_run_says_that_there_is_nothing_to_do(hibi, made):
    code, out, err = hibi("run", "--inbox", made.inbox, "--store", made.store, "--settings", made.folder / "hibi.toml")
    assert (code, out) == (0, "up to date: nothing to do\n")
    (first, began), (last, ended) = logged(err)
    assert (first, began["store"], last, ended["exit"]) == ("run began", str(made.store), "run ended", 0)


def test_a_forced_stage_is_named(hibi, made):
    settings = made.folder / "hibi.toml"
    asked = ("--date", ONE, "--force", "count")
    code, out, _ = hibi("run", "--inbox", made.inbox, "--store", made.store, "--settings", settings, *asked)
    assert code == 0
    first, waiting, last = out.splitlines()
    assert first.endswith("(count)")
    assert waiting == f"waiting: 1 day(s) outside the span, such as {TWO}"
    assert last.startswith("1 day(s); open ")


def test_a_run_in_parts_ends_as_one_run(hibi, small):
    code, out, _ = hibi(*small.run, "--through", "ingest")
    assert (code, out) == (0, "1 file(s) taken in\n")
    assert not (small.store / "posts").exists()
    parts = {"merge": "merge", "count": "tokenise, count", "predict": "predict", "draw": "tabulate, draw"}
    for last, ran in parts.items():
        code, out, _ = hibi(*small.run, "--through", last)
        first, *_ = out.splitlines()
        assert code == 0 and first.endswith(f"  no report yet  ({ran})")
    assert not (small.store / "reports" / "index.html").exists()
    code, out, _ = hibi(*small.run)
    assert code == 0 and out.splitlines()[0].endswith("index.html  (summarise, report)")
    assert hibi(*small.run, "--through", "count")[:2] == (0, "up to date: nothing to do\n")


def test_settings_of_the_folder_are_used(hibi, small, tmp_path):
    (tmp_path / "cwd" / "hibi.toml").write_text('inbox = ["../inbox"]\nstore = "../elsewhere"\n' + QUICK)
    code, out, _ = hibi("run")
    assert code == 0 and out.startswith(f"{ONE}  1 posts")
    assert (tmp_path / "elsewhere" / "reports" / "index.html").exists()


def test_posts_come_from_standard_input(hibi, small, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(line("9", f"{TWO}T01:00:00", "朝").encode())))
    code, out, _ = hibi("run", "--inbox", "-", "--store", small.store, "--settings", small.settings)
    assert code == 0 and out.startswith(f"{TWO}  1 posts")


def test_a_damaged_file_is_named_and_the_rest_is_done(hibi, small):
    (small.inbox / "cut\x1b[2J.jsonl.gz").write_bytes(gzip.compress(POSTS.encode() * 40)[:-30])
    (small.inbox / "notes.txt").write_text("買い物: 牛乳")
    code, out, err = hibi(*small.run)
    assert code == 3
    told = dict(logged(err))
    assert told["file failed"]["file"] == "cut\x1b[2J.jsonl.gz"
    assert "fetch it again" in told["file failed"]["error"] and told["file failed"]["level"] == "error"
    assert (told["run ended"]["exit"], told["run ended"]["failed"]) == (3, ["cut\x1b[2J.jsonl.gz"])
    assert "not posts: notes.txt" in out
    assert f"{ONE}  " in out and "day(s); open" in out
    assert spoken(out)
    code, out, err = hibi(*small.run)  # said again, though nothing is to be done
    assert code == 3 and "file failed" in dict(logged(err))


def test_people_are_told_a_failure_in_words(hibi, small, monkeypatch):
    (small.inbox / "cut\x1b[2J.jsonl.gz").write_bytes(gzip.compress(POSTS.encode() * 40)[:-30])
    begin = logs.begin
    monkeypatch.setattr(logs, "begin", lambda command: logs.join(replace(begin(command), people=True)))
    code, _, err = hibi(*small.run)
    assert code == 3 and spoken(err)
    assert "FAILED: cut\N{REPLACEMENT CHARACTER}[2J.jsonl.gz" in err
    assert err.endswith("failed: cut\N{REPLACEMENT CHARACTER}[2J.jsonl.gz\n")


def test_another_process_holds_the_store(hibi, small):
    small.store.mkdir()
    script = "import sys, filelock\nwith filelock.FileLock(sys.argv[1]): print('held', flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", script, small.store / ".lock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout.readline() == b"held\n"
        code, out, err = hibi(*small.run)
    finally:
        holder.communicate(timeout=30)
    assert (code, out) == (75, "")
    ended = logged(err)[-1][1]
    assert (ended["event"], ended["exit"]) == ("run ended", 75)
    assert ended["error"] == f"{small.store}: another run holds the store; try again when it has ended"
    assert hibi(*small.run)[0] == 0  # it has ended


def test_a_night_without_an_inbox_is_known_to_status(hibi, small):
    assert hibi(*small.run)[0] == 0
    assert hibi("run", "--store", small.store, "--settings", small.settings)[0] == 2
    found = json.loads(hibi("status", "--json", "--store", small.store)[1])
    assert (found["ok"], found["run"]["exit"]) == (False, 2)
    assert found["run"]["error"] == "no inbox: name one with --inbox or in hibi.toml"


def test_an_interrupted_run_says_so(hibi, small, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(local, "run", interrupted)
    code, out, err = hibi(*small.run)
    assert (code, out) == (130, "")
    event, told = logged(err)[-1]
    assert (event, told["exit"], told["error"]) == ("run ended", 130, "interrupted; run again to go on")


# Exit codes 2 and 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["run", "--inbox", ".", "--date", "2024-13-01"],
            "2024-13-01: not a day; write 2024-01-31, today or yesterday",
        ),
        (["run", "--inbox", ".", "--date", "1月1日"], "1月1日: not a day"),
        (["run", "--inbox", ".", "--date", ONE, "--until", TWO], "--date goes without --since and --until"),
        (["run", "--inbox", ".", "--force", "cook"], "--force cook: no such stage; one of ingest, merge, tokenise"),
        (["run", "--inbox", ".", "--through", "cook"], "--through cook: no such stage; one of ingest, merge, tokenise"),
        (["run"], "no inbox: name one with --inbox or in hibi.toml"),
        (["run", "--inbox", "nowhere"], "nowhere: no such file or folder; see --inbox"),
        (["run", "--inbox", ".", "--settings", "none.toml"], "none.toml: cannot be read"),
        (["run", "--workers", "0"], "--workers"),
        (["words", "--top", "0"], "--top"),
        (["words", "--since", "soon"], "soon: not a day"),
        (["words", "--pause"], "--pause"),
        (["sleep"], "sleep"),
    ],
)
def test_what_cannot_be_asked_is_said_with_its_name(hibi, arguments, said):
    code, out, err = hibi(*arguments)
    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[report]\nlangauge = 'en'\n", "report.langauge: Extra inputs are not permitted"),
        ("[report]\nrows = 'many'\n", "report.rows: "),
        ("timezone = 'Asia/Tokio'\n", "timezone: Value error, 'Asia/Tokio' is no time zone"),
        ("[[ingest.sources]]\nmatch = 'a'\ncolums = {}\n", "ingest.sources.0.colums: "),
        ("[report\n", "not valid TOML"),
    ],
)
def test_settings_that_say_something_wrong_are_named_with_the_key(hibi, tmp_path, content, said):
    path = tmp_path / "mine.toml"
    path.write_text(content)
    for command in ("run", "status"):
        code, out, err = hibi(command, "--settings", path)
        assert (code, out) == (2, "")
        assert err.startswith(f"hibi: {path}: {said}") and err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["words"], ["kwic", "雨"], ["trend", "雨"]])
def test_a_store_that_is_not_there_is_a_failure(hibi, tmp_path, arguments):
    code, out, err = hibi(*arguments, "--store", tmp_path / "nowhere")
    assert (code, out) == (1, "")
    assert err.startswith(f"hibi: {tmp_path / 'nowhere'}: no day in that span")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_looking_at_a_store_writes_nothing(hibi, made, tmp_path, command):
    before = {path: path.stat().st_mtime_ns for path in made.store.rglob("*")}
    stop = tmp_path / "stop.txt"
    stop.write_text("朝\n")
    (tmp_path / "other.toml").write_text('[words]\nstop_words = "stop.txt"\n')
    assert hibi(command, "--store", made.store, "--settings", tmp_path / "other.toml")[0] == 0
    assert {path: path.stat().st_mtime_ns for path in made.store.rglob("*")} == before
    hibi(command, "--store", tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_help_is_for_every_command(hibi):
    for command in ("run", *SUBCOMMANDS):
        code, out, _ = hibi(command, "--help")
        assert code == 0 and "--store" in out


# Answers


def answers(hibi, made, *arguments):
    code, out, err = hibi(*arguments, "--store", made.store, "--settings", made.folder / "hibi.toml")
    assert (code, err) == (0, "")
    return out


def test_status_tells_days_and_files(hibi, made):
    found = json.loads(answers(hibi, made, "status", "--json"))
    assert [(day["date"], day["posts"], day["stale"]) for day in found["days"]] == [(ONE, 3, []), (TWO, 1, [])]
    [file] = found["files"]
    told = [file[key] for key in ("name", "read", "posts", "quarantined", "error")]
    assert told == ["posts.jsonl", 5, 4, 1, None]
    text = answers(hibi, made, "status")
    assert f"{ONE} to {TWO}: 4 posts, 2 days up to date" in text.splitlines()


def test_status_tells_what_other_settings_put_out_of_date(hibi, made, tmp_path):
    (tmp_path / "other.toml").write_text(QUICK + "seed = 7\n[report]\nlanguage = 'en'\n")
    code, out, _ = hibi("status", "--json", "--store", made.store, "--settings", tmp_path / "other.toml")
    assert (code, [day["stale"] for day in json.loads(out)["days"]]) == (0, [["draw", "report"]] * 2)
    out = hibi("status", "--store", made.store, "--settings", tmp_path / "other.toml")[1]
    assert f"{ONE}  out of date: draw, report" in out.splitlines()


def test_status_knows_what_the_last_run_was_done_with(hibi, made, tmp_path):
    (tmp_path / "cwd" / "hibi.toml").write_text("[pictures]\nseed = 7\n")  # of another store
    found = json.loads(hibi("status", "--json", "--store", made.store)[1])
    assert [day["stale"] for day in found["days"]] == [[], []]
    assert found["last_run"] == {"inbox": [str(made.inbox)], "settings": str(made.folder / "hibi.toml")}
    assert "2 days up to date" in hibi("status", "--store", made.store)[1]


def test_status_without_a_store_takes_the_settings_of_the_folder(hibi, made, tmp_path):
    text = QUICK.replace("[pictures]", f"store = '{made.store}'\n[pictures]\nseed = 7")
    (tmp_path / "cwd" / "hibi.toml").write_text(text)
    found = json.loads(hibi("status", "--json")[1])
    assert [day["stale"] for day in found["days"]] == [["draw"]] * 2


def test_status_of_a_run_without_settings_takes_the_defaults(hibi, small, tmp_path):
    assert hibi("run", "--inbox", small.inbox, "--store", small.store)[0] == 0
    small.settings.rename(tmp_path / "cwd" / "hibi.toml")  # that run had no settings at all
    assert [day["stale"] for day in json.loads(hibi("status", "--json", "--store", small.store)[1])["days"]] == [[]]
    (tmp_path / "cwd" / "hibi.toml").rename(small.settings)
    assert hibi(*small.run)[0] == 0
    small.settings.unlink()
    code, out, err = hibi("status", "--store", small.store)
    assert (code, out) == (2, "") and err.startswith(f"hibi: {small.settings}: the settings of the last run are gone")


def test_status_names_only_files_that_are_still_there(hibi, small):
    for name, content in (("broken.jsonl.gz", b"\x1f\x8b\x08\x00broken"), ("list.json", b'{"2024-01-04": {"a": 3}}')):
        (small.inbox / name).write_bytes(content)
    assert hibi(*small.run)[0] == 3
    said = hibi("status", "--store", small.store)[1]
    assert "FAILED: " in said and "not posts: " in said and "gone" not in said
    for name in ("broken.jsonl.gz", "list.json"):
        (small.inbox / name).unlink()
    said = hibi("status", "--store", small.store)[1]
    assert "FAILED" not in said and "not posts" not in said
    assert "2 files are gone since they were read; their posts stay" in said.splitlines()
    files = json.loads(hibi("status", "--json", "--store", small.store)[1])["files"]
    assert {file["name"]: file["gone"] for file in files} == {
        "a.jsonl": False, "broken.jsonl.gz": True, "list.json": True,
    }  # fmt: skip


def test_a_file_that_gave_no_posts_is_named_with_its_rows(hibi, small):
    event = {"did": "did:plc:a", "time_us": 1_704_067_200_000_000, "kind": "identity"}
    (small.inbox / "likes.jsonl").write_text(f"{json.dumps(event)}\n" * 3 + "\nnot JSON\n")
    code, out, _ = hibi(*small.run)
    assert code == 0 and "no posts: likes.jsonl; `hibi status` tells what its rows were" in out
    said = hibi("status", "--store", small.store)[1]
    assert "likes.jsonl: no posts, of 5 rows 1 quarantined, 1 blank, 3 notice" in said.splitlines()
    assert "likes.jsonl" not in hibi(*small.run)[1]


def test_words_as_json_csv_and_table(hibi, made):
    rows = json.loads(answers(hibi, made, "words", "--pos", "adjective", "--json"))
    # 嬉しい and うれしい, each in the post and in its repost: of two as frequent the first by code point
    assert (rows[0]["word"], rows[0]["count"], rows[0]["posts"]) == ("うれしい", 4, 2)
    lines = list(csv.DictReader(io.StringIO(answers(hibi, made, "words", "--pos", "adjective", "--csv"))))
    assert [(r["word"], r["count"]) for r in lines] == [(r["word"], str(r["count"])) for r in rows]
    header, first, *_ = answers(hibi, made, "words", "--pos", "adjective").splitlines()
    assert header.split() == list(rows[0])
    assert first.split()[:2] == ["1", "うれしい"]


def test_kwic_as_json_csv_and_table(hibi, made):
    [hit] = json.loads(answers(hibi, made, "kwic", "静か", "--json"))
    assert hit == {
        "day": TWO,
        "time": "01:00",
        "left": "=SUM(A1)は",
        "keyword": "静か",
        "right": "な式",
        "post_id": "jsonl:4",
    }
    [line_of_csv] = csv.DictReader(io.StringIO(answers(hibi, made, "kwic", "静か", "--csv")))
    assert line_of_csv == hit | {"left": "'=SUM(A1)は"}  # a spreadsheet would run it
    assert "=SUM(A1)は" in answers(hibi, made, "kwic", "静か").splitlines()[1]


def test_trend_as_json_csv_and_table(hibi, made):
    rows = json.loads(answers(hibi, made, "trend", "うれしい", "静か", "--json"))
    assert [(r["day"], r["word"], r["count"]) for r in rows] == [
        (ONE, "うれしい", 2),
        (ONE, "静か", 0),
        (TWO, "うれしい", 0),
        (TWO, "静か", 1),
    ]
    lines = list(csv.DictReader(io.StringIO(answers(hibi, made, "trend", "うれしい", "静か", "--csv"))))
    assert [list(r.values()) for r in lines] == [[str(v) for v in r.values()] for r in rows]
    assert len(answers(hibi, made, "trend", "静か").splitlines()) == 3


def test_days_are_those_asked_for(hibi, made):
    assert (
        json.loads(answers(hibi, made, "words", "--since", TWO, "--until", "2100-01-01", "--pos", "形容詞", "--json"))
        == []
    )
    assert {r["day"] for r in json.loads(answers(hibi, made, "trend", "雨", "--until", ONE, "--json"))} == {ONE}


def test_nothing_found_is_said_apart_from_the_answer(hibi, made):
    code, out, err = hibi("kwic", "どこにもない", "--store", made.store)
    assert (code, out, err) == (0, "", "nothing found\n")
    assert json.loads(answers(hibi, made, "kwic", "どこにもない", "--json")) == []


def test_csv_has_its_header_even_without_rows(hibi, made):
    full = answers(hibi, made, "kwic", "静か", "--csv").splitlines()
    assert answers(hibi, made, "kwic", "どこにもない", "--csv").splitlines() == full[:1]


def test_nothing_in_a_post_acts_on_the_terminal(hibi, made):
    for arguments in (
        ["kwic", "花"],
        ["kwic", "逆さ"],
        ["kwic", "消える"],
        ["words", "--top", "500"],
        ["trend", "赤い", "花"],
        ["status"],
        ["doctor"],
    ):
        text = answers(hibi, made, *arguments)
        assert text and spoken(text), arguments
        if arguments[0] not in ("status", "doctor"):
            assert spoken(answers(hibi, made, *arguments, "--csv"))
        assert spoken(answers(hibi, made, *arguments, "--json"))
    assert spoken(made.first.stdout)


# hibi doctor


def test_doctor_finds_all_well(hibi, made):
    checks = json.loads(answers(hibi, made, "doctor", "--json"))
    assert {check["ok"] for check in checks} == {True}
    assert [check["name"] for check in checks][-1] == "store"
    lines = answers(hibi, made, "doctor").splitlines()
    assert len(lines) == len(checks) and all(line.startswith("ok    ") for line in lines)


def test_doctor_names_a_file_with_a_flipped_byte(hibi, made):
    path = made.store / "counts" / f"date={ONE}" / "part-0.parquet"
    whole = path.read_bytes()
    broken = bytearray(whole)
    broken[len(broken) // 2] ^= 1
    path.write_bytes(broken)
    try:
        code, out, err = hibi("doctor", "--store", made.store)
        machine = hibi("doctor", "--store", made.store, "--json")
    finally:
        path.write_bytes(whole)
    assert (code, err) == (1, "")
    assert f"files are not what was written; counts/date={ONE}/part-0.parquet: its SHA-256 is not the one" in out
    assert machine[0] == 1
    assert [check["name"] for check in json.loads(machine[1]) if not check["ok"]] == ["store"]


def test_doctor_names_a_word_list_that_cannot_be_read(hibi, made, tmp_path):
    (tmp_path / "bad.toml").write_text('[words]\ndictionary = "none.csv"\n')
    code, out, _ = hibi("doctor", "--store", made.store, "--settings", tmp_path / "bad.toml")
    assert code == 1
    assert "none.csv" in next(line for line in out.splitlines() if line.startswith("FAIL"))
