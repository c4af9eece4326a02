"""Lines for cron and units for systemd, read back as cron, the shell and systemd read them, over hostile paths."""

import datetime as dt
import re
import shutil
import subprocess
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from pipeline.engines import scheduling
from pipeline.engines.scheduling import Plan
from pipeline.errors import SettingsError

TOKYO = ZoneInfo("Asia/Tokyo")
HOSTILE = [
    "a b",
    "100%",
    "%",
    "\\%",
    "a\\",
    "\\\\b",
    "it's",
    '"x"',
    "$HOME",
    "$(id)",
    "`id`",
    "日々 🌸",
    "全角　空白",
    "-x",
    "~",
    "#",
    "*;&|",
]
NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Cn", "Cf", "Co", "Zs"), exclude_characters="/")
    | st.sampled_from(" %\\'\"$`#"),
    min_size=1,
    max_size=8,
)


def plan(folder="store", /, **more):
    given = {
        "hibi": ("/opt/hibi/bin/hibi",),
        "store": f"/data/{folder}",
        "options": ("--store", f"/data/{folder}"),
        "inbox": (),
        "at": dt.time(3, 30),
        "zone": "Asia/Tokyo",
        "retrain": ("mood", "topic"),
        "mail": "me@example.jp",
        "log": f"/log/{folder}.log",
    }
    return Plan(**given | more)


def jobs(text):
    """The lines of a crontab that are neither notes nor variables."""
    return [line for line in text.splitlines() if not line.startswith("#") and not re.match(r"\w+=", line)]


def as_cron(text):
    """The variables that cron sets, and the commands that it gives the shell: load_env and do_command of ISC's cron."""
    variables = {}
    for line in text.splitlines():
        if not line.startswith("#") and (found := re.match(r"(\w+)\s*=\s*(.*)", line)):
            value = found[2]
            quoted = value[:1] in "\"'" and value[1:].find(value[0]) >= 0
            variables[found[1]] = value[1 : value.index(value[0], 1)] if quoted else value.rstrip()
    commands = [line.split(maxsplit=5)[5] for line in jobs(text)]
    assert not any("%" in command or "\\" in command for command in commands)  # which cron would change
    return variables, commands


def as_systemd(line):
    """The arguments that systemd starts a command with: systemd.syntax, systemd.unit, systemd.service."""
    words = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', line.removeprefix("ExecStart="))
    return [
        re.sub(r"\\(.)", r"\1", quoted).replace("%%", "%").replace("$$", "$") if quoted else plain
        for quoted, plain in words
    ]


@pytest.fixture
def call(tmp_path):
    """A hibi that writes down how it was called, in a folder of a hostile name."""
    folder = tmp_path / "it's 100% $HOME\\"
    folder.mkdir()
    hibi, calls = folder / "hibi", tmp_path / "calls"
    hibi.write_text(
        f"#!/bin/sh\nprintf '%s\\037' \"$@\" >>{calls}\necho >>{calls}\necho told\necho logged >&2\nexit ${{CODE-0}}\n"
    )
    hibi.chmod(0o755)

    def run(command, **environment):
        calls.unlink(missing_ok=True)
        done = subprocess.run(
            command, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", **environment}, check=False
        )
        return done, [line.split("\037")[:-1] for line in calls.read_text().splitlines()]

    run.hibi, run.log = str(hibi), str(tmp_path / "lo%g's")
    return run


# cron


@rules(deadline=None, derandomize=True, max_examples=200)
@given(NAMES)
@example("\\%")
@example("a ")
@example('a" ')
def test_cron_hands_every_path_over_as_it_is(name):
    variables, commands = as_cron(scheduling.cron(plan(name), TOKYO))
    assert (variables["STORE"], variables["LOG"]) == (f"/data/{name}", f"/log/{name}.log")
    assert all(command.count('--store "$STORE"') >= 2 and '2>>"$LOG"' in command for command in commands)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_shell_calls_hibi_with_the_very_paths(call, name):
    inbox = ("--inbox", f"/in/{name}", "--inbox", f"/more/{name}")
    made = plan(name, hibi=(call.hibi,), log=call.log, inbox=inbox, environment=(("HIBI_CACHE", f"/c/{name}'"),))
    variables, (night, week) = as_cron(scheduling.cron(made, TOKYO))
    assert variables["HIBI_CACHE"] == f"/c/{name}'"
    done, calls = call(["sh", "-c", night], **variables)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")  # nothing to mail
    assert calls == [["run", "--store", f"/data/{name}", *inbox]]
    done, calls = call(["sh", "-c", week], **variables)
    assert [one[:2] for one in calls] == [["run", "--verify"], ["retrain", "mood"], ["retrain", "topic"]]
    assert Path(call.log).read_text() == "logged\n" * 4


def test_a_night_that_fails_is_mailed_with_what_status_says(call):
    variables, (night, week) = as_cron(scheduling.cron(plan(hibi=(call.hibi,), log=call.log), TOKYO))
    done, calls = call(["sh", "-c", night], CODE="3", **variables)
    assert done.stdout == "hibi ended with 3\ntold\n"
    assert [one[0] for one in calls] == ["run", "status"]
    done, calls = call(["sh", "-c", week], CODE="1", **variables)  # the models are trained all the same
    assert [one[0] for one in calls] == ["run", "retrain", "retrain", "status"]


def test_a_log_that_cannot_be_written_is_mailed(call):
    variables, (night, _) = as_cron(scheduling.cron(plan(hibi=(call.hibi,), log="/nowhere/log"), TOKYO))
    done, calls = call(["sh", "-c", night], **variables)
    assert "hibi ended with" in done.stdout and "/nowhere/log" in done.stderr
    assert [one[0] for one in calls] == ["status"]


def test_the_module_is_called_where_there_is_no_command(call):
    variables, (night, _) = as_cron(scheduling.cron(plan(hibi=(call.hibi, "-m", "pipeline"), log=call.log), TOKYO))
    assert call(["sh", "-c", night], **variables)[1] == [["-m", "pipeline", "run", "--store", "/data/store"]]


def test_a_path_that_no_line_of_cron_can_hold_is_refused():
    with pytest.raises(SettingsError, match="cron cannot take this path"):
        scheduling.cron(plan("a\"'b "), TOKYO)


def test_the_times_of_cron():
    lines = scheduling.cron(plan(at=dt.time(22, 5)), dt.UTC).splitlines()
    assert "CRON_TZ=Asia/Tokyo" in lines and "MAILTO=me@example.jp" in lines
    night, week = jobs("\n".join(lines))
    assert night.startswith("5 22 * * * ")
    assert week.startswith("5 1 * * 1 ")  # three hours after Sunday 22:05
    # Tokyo is nine hours ahead: 22:05 is 13:05, and Monday 01:05 is Sunday 16:05
    assert any(line.endswith("there write 5 13 * * * and 5 16 * * 0.") for line in lines)
    assert "on this machine that is the same" in scheduling.cron(plan(), ZoneInfo("Asia/Seoul"))


def test_a_line_that_cron_would_cut_is_refused():
    with pytest.raises(SettingsError, match="too long for a line of cron"):
        scheduling.cron(plan("x" * 1000), TOKYO)
    assert max(len(line) for line in scheduling.cron(plan("x" * 300), TOKYO).splitlines()) < 600


# systemd


@pytest.mark.parametrize("name", HOSTILE)
def test_systemd_starts_hibi_with_the_very_paths(call, name):
    made = plan(name, hibi=(call.hibi,), environment=(("HIBI_CACHE", "/c 100% $x\\"),))
    units = scheduling.systemd(made)
    [night] = [line for line in units["hibi.service"].splitlines() if line.startswith("ExecStart")]
    done, calls = call(as_systemd(night))
    assert (done.returncode, calls) == (0, [["run", "--store", f"/data/{name}"]])
    [week] = [line for line in units["hibi-week.service"].splitlines() if line.startswith("ExecStart")]
    done, calls = call(as_systemd(week), CODE="3")
    assert done.returncode == 3
    assert [one[-1] for one in calls] == [f"/data/{name}"] * 3
    assert 'Environment="HIBI_CACHE=/c 100%% $x\\\\"' in units["hibi.service"].splitlines()


def test_the_unit_of_a_failure_mails_what_status_says(call, tmp_path):
    made = plan("a'b", hibi=(call.hibi,), mail="me@example.jp")
    [line] = [
        line for line in scheduling.systemd(made)["hibi-failed@.service"].splitlines() if line.startswith("ExecStart")
    ]
    mail = tmp_path / "mail"
    mail.write_text('#!/bin/sh\nprintf "%s|" "$@"\ncat\n')
    mail.chmod(0o755)
    words = [{"%i": "hibi.service", "%H": "host"}.get(word, word) for word in as_systemd(line)]
    done, calls = call(words, PATH=f"{tmp_path}:/usr/bin:/bin")
    assert done.stdout.startswith("-s|hibi failed on host|me@example.jp|hibi.service failed\n")
    assert "told" in done.stdout and calls == [["status", "--store", "/data/a'b"]]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
@pytest.mark.parametrize("user", [None, "root"])
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path, user):
    units = scheduling.systemd(plan("日々 100% \"a\\ b's$", name="hibi-2", user=user, environment=(("A", "%\\"),)))
    for file, text in units.items():
        (tmp_path / file).write_text(text)
    names = [tmp_path / file.replace("@", "@x") for file in units]
    shutil.copy(tmp_path / "hibi-2-failed@.service", tmp_path / "hibi-2-failed@x.service")
    done = subprocess.run(["systemd-analyze", "verify", *names], capture_output=True, text=True, check=False)
    told = [line for line in done.stderr.splitlines() if str(tmp_path) in line or "hibi-2" in line]
    assert (done.returncode, told) == (0, [])
    assert sorted(units) == [
        "hibi-2-failed@.service", "hibi-2-week.service", "hibi-2-week.timer", "hibi-2.service", "hibi-2.timer",
    ]  # fmt: skip


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
def test_systemd_knows_the_times():
    units = scheduling.systemd(plan(at=dt.time(22, 5)))
    times = [re.search("OnCalendar=(.*)", units[name])[1] for name in ("hibi.timer", "hibi-week.timer")]
    assert times == ["*-*-* 22:05:00 Asia/Tokyo", "Mon *-*-* 01:05:00 Asia/Tokyo"]
    assert all("Persistent=true" in units[name] for name in ("hibi.timer", "hibi-week.timer"))
    done = subprocess.run(["systemd-analyze", "calendar", *times], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_held_store_is_tried_again_and_what_needs_a_person_is_not():
    unit = scheduling.systemd(plan())["hibi.service"].splitlines()
    assert "Restart=on-failure" in unit and "RestartPreventExitStatus=1 2 3" in unit
    assert "OnFailure=hibi-failed@%n.service" in unit


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"store": "/a\nb"}, "without control characters"),
        ({"log": "/a\x1bb"}, "without control characters"),
        ({"options": ("--store", "/a\udcffb")}, "without control characters"),
        ({"mail": "me; rm -rf /"}, "--mail"),
        ({"name": "../x"}, "--name"),
    ],
)
def test_what_cannot_be_written_down_is_refused(more, said):
    with pytest.raises(SettingsError, match=said):
        plan(**more)
