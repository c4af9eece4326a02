"""Lines for cron and units for systemd that run hibi every night and look after it every week.

Every path is absolute and may hold anything but control characters: cron gets it as a variable, as it ends a command
at an unescaped %; systemd gets it quoted, as it knows %, $, quotes and backslashes. Sources: crontab(5) and
``load_env`` of ISC's cron; systemd.syntax(7), systemd.unit(5), systemd.service(5).
"""

from __future__ import annotations

import datetime as dt
import re
import shlex
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from pipeline.errors import SettingsError

_LONGEST = 998
"""Bytes of a line that Vixie's cron takes."""
_UNWRITABLE = ("Cc", "Cs", "Zl", "Zp")
"""Categories of signs that no line of these files can hold: controls, halves of pairs, separators of lines."""
_ADDRESS = re.compile(r"[A-Za-z0-9_.+=@-]{1,200}")
_UNIT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,60}")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SUNDAY = 6
_LATER = dt.timedelta(hours=3)
"""The weekly round begins this much after the nightly one."""


@dataclass(frozen=True)
class Plan:
    """What is to be run, and when."""

    hibi: tuple[str, ...]
    """The command, as arguments."""
    store: str
    options: tuple[str, ...]
    """``--store`` and ``--settings``, as every command takes them."""
    inbox: tuple[str, ...]
    """``--inbox`` of `hibi run`, where the settings do not name it."""
    at: dt.time
    zone: str
    retrain: tuple[str, ...]
    mail: str
    log: str
    environment: tuple[tuple[str, str], ...] = ()
    name: str = "hibi"
    user: str | None = None
    """Of a unit for the whole machine; None for a user's own units."""

    def __post_init__(self) -> None:
        told = [*self.hibi, self.store, *self.options, *self.inbox, self.log, *(v for _, v in self.environment)]
        for text in told:
            if any(unicodedata.category(sign) in _UNWRITABLE for sign in text):
                raise SettingsError(f"{text!r}: cannot be scheduled; give it a name without control characters")
        if not _ADDRESS.fullmatch(self.mail):
            raise SettingsError(f"--mail {self.mail!r}: not an address")
        if not _UNIT.fullmatch(self.name):
            raise SettingsError(f"--name {self.name!r}: letters, digits, -, _ and . make a unit's name")

    @property
    def nightly(self) -> tuple[str, ...]:
        """The command of every night."""
        return (*self.hibi, "run", *self.options, *self.inbox)

    @property
    def weekly(self) -> list[tuple[str, ...]]:
        """The commands of the week: every stored file is hashed, what is damaged made again, and models learn."""
        retrain = [(*self.hibi, "retrain", name, *self.options) for name in self.retrain]
        return [(*self.hibi, "run", "--verify", *self.options, *self.inbox), *retrain]

    @property
    def status(self) -> tuple[str, ...]:
        """The command that says what failed."""
        return (*self.hibi, "status", *self.options)

    @property
    def week(self) -> tuple[int, dt.time]:
        """When the weekly round begins: weekday (Monday is 0) and time."""
        begins = dt.datetime.combine(dt.date(2024, 1, 7), self.at) + _LATER  # a Sunday
        return begins.weekday(), begins.time()


def cron(plan: Plan, machine: dt.tzinfo) -> str:
    """Write the lines of a crontab; ``machine`` is the zone that the machine's clock shows.

    Paths stand in variables: cron hands those over as they are, where in a command it would look for %.
    Raises SettingsError where a line would be longer than cron takes.
    """
    weekday, later = plan.week
    named = _variables(plan)
    lines = [
        f"# hibi: the reports of {plan.store}. Install: put these lines into `crontab -e`.",
        f"# Times are those of {plan.zone}, for cronie (Fedora, RHEL, Arch, SUSE). Cron of Debian and Ubuntu ignores",
        f"# CRON_TZ and takes the machine's zone: {_of_machine(plan, machine)}",
        "# hibi itself counts days in the store's zone, whatever the machine's is, and a missed night is caught up.",
        f"CRON_TZ={plan.zone}",
        f"MAILTO={plan.mail}",
        "SHELL=/bin/sh",
        *(f"{name}={_value(value)}" for name, value in [*plan.environment, *named.items()]),
        "# A night in which something fails sends what `hibi status` says; the log holds a line of JSON an event.",
        f"{plan.at.minute} {plan.at.hour} * * * {_guarded(plan, [plan.nightly], named)}",
        "# Every week: hash every stored file and make damaged ones again; train on all labels.",
        f"{later.minute} {later.hour} * * {(weekday + 1) % 7} {_guarded(plan, plan.weekly, named)}",
    ]
    if any(len(line.encode()) > _LONGEST for line in lines):
        raise SettingsError(
            "a path, or the list of models, is too long for a line of cron; try `hibi schedule systemd`"
        )
    return "\n".join(lines) + "\n"


def _of_machine(plan: Plan, machine: dt.tzinfo) -> str:
    """Give the times of both lines as the machine's clock shows them, at the moment without summer time."""
    night = dt.datetime(2024, 1, 7, plan.at.hour, plan.at.minute, tzinfo=ZoneInfo(plan.zone))  # a Sunday
    here, later = (moment.astimezone(machine) for moment in (night, night + _LATER))
    if here.utcoffset() == night.utcoffset():
        return "on this machine that is the same."
    week = f"{later.minute} {later.hour} * * {later.isoweekday() % 7}"
    return f"there write {here.minute} {here.hour} * * * and {week}."


def _variables(plan: Plan) -> dict[str, str]:
    """Name the paths of the commands: HIBI, STORE, SETTINGS, INBOX, INBOX2 and so on, LOG."""
    found = {"HIBI": plan.hibi[0]}
    words = [*plan.options, *plan.inbox]
    for option, path in zip(words[::2], words[1::2], strict=True):
        name = option.removeprefix("--").upper()
        taken = sum(one.startswith(name) for one in found)
        found[f"{name}{taken + 1}" if taken else name] = path
    return found | {"LOG": plan.log}


def _value(text: str) -> str:
    """Write a variable's value; cron strips what is blank around it, and takes quotes around it away."""
    if text == text.strip(" ") and text[:1] not in "\"'":
        return text
    mark = next((mark for mark in "\"'" if mark not in text), None)
    if mark is None:
        raise SettingsError(f"{text!r}: cron cannot take this path; take away its quotes, or the blank at its end")
    return f"{mark}{text}{mark}"


def _guarded(plan: Plan, commands: Sequence[Sequence[str]], named: Mapping[str, str]) -> str:
    """Run commands into the log; where one fails, print what cron then mails."""
    names = {path: f'"${name}"' for name, path in named.items()}

    def shell(command: Sequence[str]) -> str:
        return " ".join(names.get(word) or shlex.quote(word) for word in command)

    told = f'echo "hibi ended with $f"; {shell(plan.status)}'
    return f'{{ {_all(map(shell, commands))}; }} >/dev/null 2>>"$LOG"; [ "$f" = 0 ] || {{ {told}; }}'


def _all(commands: Iterable[str]) -> str:
    """Run commands of the shell one after the other; $f is the exit code of the last that failed, else 0."""
    return "; ".join(["f=0", *(f"{one} || f=$?" for one in commands)])


def systemd(plan: Plan) -> dict[str, str]:
    """Write the units, by file name."""
    name = plan.name
    weekday, later = plan.week
    about = _unit(f"reports of {plan.store}")
    return {
        f"{name}.service": _service(plan, f"hibi: {about}", [plan.nightly], []),
        f"{name}.timer": _timer(f"hibi every night: {about}", f"*-*-* {plan.at:%H:%M}:00 {plan.zone}"),
        f"{name}-week.service": _service(plan, f"hibi, every week: {about}", plan.weekly, [f"After={name}.service"]),
        f"{name}-week.timer": _timer(
            f"hibi every week: {about}", f"{_WEEKDAYS[weekday]} *-*-* {later:%H:%M}:00 {plan.zone}"
        ),
        f"{name}-failed@.service": _failed(plan),
    }


def _service(plan: Plan, description: str, commands: Sequence[Sequence[str]], order: Sequence[str]) -> str:
    environment = [f"Environment={_quoted(f'{key}={value}')}" for key, value in plan.environment]
    return _lines(
        "[Unit]",
        f"Description={description}",
        *order,
        f"OnFailure={plan.name}-failed@%n.service",
        "# a store that is held (75) is tried again for two hours; what needs a person is not",
        "StartLimitIntervalSec=6h",
        "StartLimitBurst=9",
        "",
        "[Service]",
        "Type=oneshot",
        *([f"User={plan.user}", "NoNewPrivileges=true"] if plan.user else []),
        *environment,
        f"ExecStart={_exec(commands)}",
        "Restart=on-failure",
        "RestartSec=15min",
        "RestartPreventExitStatus=1 2 3",
        "Nice=10",
        "SyslogIdentifier=hibi",
    )


def _timer(description: str, calendar: str) -> str:
    return _lines(
        "[Unit]",
        f"Description={description}",
        "",
        "[Timer]",
        f"OnCalendar={calendar}",
        "Persistent=true",
        "",
        "[Install]",
        "WantedBy=timers.target",
    )


def _failed(plan: Plan) -> str:
    """Mail what failed; %i is the unit that did, %H the machine."""
    status = shlex.join(plan.status)
    script = f'{{ echo "$1 failed"; {status}; }} 2>&1 | mail -s "hibi failed on $2" {shlex.quote(plan.mail)}'
    return _lines(
        "[Unit]",
        "Description=Mail that %i failed",
        "",
        "[Service]",
        "Type=oneshot",
        *([f"User={plan.user}"] if plan.user else []),
        f'ExecStart=/bin/sh -c {_quoted(script, dollar=True)} sh "%i" "%H"',
    )


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def _exec(commands: Sequence[Sequence[str]]) -> str:
    """Write a command line; env or sh stands first, as systemd reads the first word by other rules."""
    if len(commands) == 1:
        return " ".join(["/usr/bin/env", *(_quoted(word, dollar=True) for word in commands[0])])
    return f"/bin/sh -c {_quoted(f'{_all(map(shlex.join, commands))}; exit $f', dollar=True)}"


_PLAIN = re.compile(r"[A-Za-z0-9_./:=@+,-]+")


def _quoted(text: str, dollar: bool = False) -> str:
    """Quote a word; in command lines, not in Environment=, a dollar is a variable."""
    if _PLAIN.fullmatch(text):
        return text
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text.replace("$", "$$") if dollar else text}"'


def _unit(text: str) -> str:
    """Write a description: % is a specifier there too; a backslash at the end would go on with the next line."""
    return text.replace("\\", "/").replace("%", "%%")
