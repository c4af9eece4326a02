"""The commands that print what cron and systemd want: hibi schedule cron, hibi schedule systemd."""

from __future__ import annotations

import datetime as dt
import getpass
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline import terminal
from pipeline.cli_options import Json, SettingsPath, StorePath, open_store, settings_of
from pipeline.errors import SettingsError

if TYPE_CHECKING:
    from pipeline.engines.scheduling import Plan

app = typer.Typer(pretty_exceptions_enable=False)
schedule = typer.Typer(
    help="Print what cron or systemd wants to run hibi every night.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(schedule, name="schedule")

Inbox = Annotated[
    list[Path] | None, typer.Option("--inbox", help="As of `hibi run`. [default: as in the settings, or the last run]")
]
At = Annotated[str, typer.Option("--at", help="Time of day in the store's zone.")]
Retrain = Annotated[
    list[str] | None,
    typer.Option("--retrain", help="Model to train every week; may be repeated. [default: all that learn from labels]"),
]
NoRetrain = Annotated[bool, typer.Option("--no-retrain", help="Train nothing.")]
Mail = Annotated[str | None, typer.Option("--mail", help="Who is told of a failure. [default: the user]")]
LogFile = Annotated[Path | None, typer.Option("--log", help="Where cron's runs log. [default: STORE.log]")]
_KEPT = ("HIBI_CACHE", "XDG_CACHE_HOME", "KERAS_BACKEND", "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")
"""Variables that change what hibi does: cron and systemd begin without those of the shell."""


@schedule.command()
def cron(
    store: StorePath = None,
    settings: SettingsPath = None,
    inbox: Inbox = None,
    at: At = "03:30",
    retrain: Retrain = None,
    no_retrain: NoRetrain = False,
    mail: Mail = None,
    log: LogFile = None,
    as_json: Json = False,
) -> None:
    """Print lines for `crontab -e`: every night, and a weekly round that verifies the store and trains."""
    from pipeline.engines import scheduling

    plan = _plan(store, settings, inbox, at, [] if no_retrain else retrain, mail, log)
    text = scheduling.cron(plan, dt.datetime.now().astimezone().tzinfo or dt.UTC)
    if as_json:
        terminal.print_json({"crontab": text, "log": plan.log})
        return
    typer.echo(text, nl=False)
    if not shutil.which("sendmail", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/lib"):
        typer.echo(
            "hibi: this machine has no sendmail, by which cron mails; install one (msmtp-mta, postfix)", err=True
        )


@schedule.command()
def systemd(
    store: StorePath = None,
    settings: SettingsPath = None,
    inbox: Inbox = None,
    at: At = "03:30",
    retrain: Retrain = None,
    no_retrain: NoRetrain = False,
    mail: Mail = None,
    name: Annotated[str, typer.Option("--name", help="Of the units; another for a second store.")] = "hibi",
    system: Annotated[
        bool, typer.Option("--system", help="Units of the machine, run as you, not of your login.")
    ] = False,
    to: Annotated[Path | None, typer.Option("--to", help="Write the units into this folder.")] = None,
    as_json: Json = False,
) -> None:
    """Print units for systemd: every night, a weekly round that verifies the store and trains, mail on failure."""
    from pipeline.engines import scheduling

    user = getpass.getuser() if system else None
    plan = _plan(store, settings, inbox, at, [] if no_retrain else retrain, mail, None, name, user)
    units, commands = scheduling.systemd(plan), _install(plan)
    if to is not None:
        for file, text in units.items():
            _write(to / file, text)
    if as_json:
        terminal.print_json({"units": units, "install": commands})
        return
    for file, text in {} if to else units.items():
        typer.echo(f"# {_folder(plan)}/{file}\n{text}")
    typer.echo("\n".join(line if to else f"# {line}" for line in commands))
    if not shutil.which("mail"):
        typer.echo("hibi: this machine has no mail command; install one (bsd-mailx, s-nail)", err=True)


def _folder(plan: Plan) -> str:
    return "/etc/systemd/system" if plan.user else "~/.config/systemd/user"


def _install(plan: Plan) -> list[str]:
    control = "sudo systemctl" if plan.user else "systemctl --user"
    lines = [f"{control} daemon-reload", f"{control} enable --now {plan.name}.timer {plan.name}-week.timer"]
    return lines if plan.user else [*lines, "loginctl enable-linger   # so that it runs while you are not logged in"]


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be written ({error.strerror})") from error


def _plan(
    store: Path | None,
    settings: Path | None,
    inbox: list[Path] | None,
    at: str,
    retrain: list[str] | None,
    mail: str | None,
    log: Path | None,
    name: str = "hibi",
    user: str | None = None,
) -> Plan:
    from pipeline.engines import last_run, learning, scheduling

    file = settings or settings_of(store)
    chosen, layout = open_store(file, store, of_run=True)
    root = layout.root.absolute()
    told = last_run.recall(layout)
    inboxes = inbox or ([] if chosen.inbox else [Path(one) for one in (told["inbox"] if told else [])])
    if not inboxes and not chosen.inbox:
        raise SettingsError("no inbox: name one with --inbox or in hibi.toml")
    named = ("--settings", str(file.absolute())) if file else ()
    return scheduling.Plan(
        hibi=_command(),
        store=str(root),
        options=("--store", str(root), *named),
        inbox=tuple(word for one in inboxes for word in ("--inbox", str(one.absolute()))),
        at=_time(at),
        zone=chosen.timezone,
        retrain=tuple(learning.retrainable(chosen) if retrain is None else retrain),
        mail=mail or getpass.getuser(),
        log=str((log or root.with_name(f"{root.name}.log")).absolute()),
        environment=tuple((key, os.environ[key]) for key in _KEPT if os.environ.get(key)),
        name=name,
        user=user,
    )


def _time(text: str) -> dt.time:
    try:
        return dt.datetime.strptime(text, "%H:%M").time()
    except ValueError as error:
        raise SettingsError(f"--at {text}: not a time; write 03:30") from error


def _command() -> tuple[str, ...]:
    """Find the command of this environment."""
    there = Path(sys.executable).absolute().parent / "hibi"
    return (str(there),) if there.is_file() else (str(Path(sys.executable).absolute()), "-m", "pipeline")
