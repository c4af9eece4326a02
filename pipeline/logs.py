"""Log lines on standard error: for people on a terminal, JSON elsewhere; a run's id on each, in its workers too.

Posts, names of files and messages are hostile: what is not printable is escaped, so that no line moves a cursor, ends
early or hides a part of itself. Tracebacks tell no values of variables, which would be posts and secrets.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
import sys
from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import cache
from typing import Any

Event = MutableMapping[str, Any]


@dataclass(frozen=True)
class Log:
    """How a command and its workers log."""

    command: str
    run: str
    """Names one run: when it began, and a random part."""
    people: bool
    """Whether people read it: then nothing below a warning is told, as they see the lines of the command."""


_begun: list[Log] = []


def begin(command: str) -> Log:
    """Set up logging for a run of a command."""
    moment = dt.datetime.now(dt.UTC)
    log = Log(command, f"{moment:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}", sys.stderr.isatty())
    join(log)
    return log


def join(log: Log | None) -> None:
    """Set up logging in a process that works for a run; without one, nothing is done."""
    if log is None:
        return
    import logging

    import structlog

    end()
    _begun.append(log)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _of_run(log),
            structlog.processors.format_exc_info,
            _for_people if log.people else _as_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if log.people else logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    logging.captureWarnings(True)
    logging.getLogger().addHandler(_libraries())


def current() -> Log | None:
    """Tell how the run of this process logs; None where no command began one."""
    return _begun[-1] if _begun else None


def for_machines() -> bool:
    """Tell whether standard error is read by machines, line by line."""
    return bool(_begun) and not _begun[-1].people


def end() -> None:
    """Leave logging as it was before."""
    if _begun:
        import logging

        import structlog

        _begun.clear()
        structlog.reset_defaults()
        logging.captureWarnings(False)
        logging.getLogger().removeHandler(_libraries())


@cache
def _libraries() -> Any:
    """Give the warnings of libraries the form of our own lines."""
    import logging

    import structlog

    class Libraries(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            structlog.get_logger().log(record.levelno, record.getMessage().strip(), library=record.name)

    return Libraries(logging.WARNING)


def _of_run(log: Log) -> Any:
    def mark(_logger: Any, _method: str, event: Event) -> Event:
        event["run"] = log.run
        return event

    return mark


def _as_json(_logger: Any, _method: str, event: Event) -> str:
    """Write one line of JSON; what is not printable as JSON's own escapes, so that nothing is lost."""
    order = ("timestamp", "level", "run", "event")
    ordered = {key: event[key] for key in order if key in event} | dict(event)
    utf_8 = (sys.stderr.encoding or "").lower().replace("-", "") == "utf8"
    return inert(json.dumps(ordered, ensure_ascii=not utf_8, default=str))


def inert(written: str, keep: str = "") -> str:
    """Give JSON in which no character acts on a terminal: the same data, with more of JSON's escapes."""
    if written.isprintable():
        return written
    return "".join(c if c.isprintable() or c in keep else _escape(c) for c in written)


def _escape(sign: str) -> str:
    return "\\u007f" if sign == "\x7f" else json.dumps(sign)[1:-1]  # the one control that JSON leaves as it is


def _for_people(_logger: Any, _method: str, event: Event) -> str:
    """Write a line with colours, and a traceback below it; what is not printable as Python's escapes."""
    traceback = escaped(str(event.pop("exception", "")), keep="\n")
    told = {str(key): escaped(str(value)) for key, value in event.items()}
    line = str(_console()(None, "", told))
    return f"{line}\n{traceback}" if traceback else line


@cache
def _console() -> Any:
    from structlog import dev

    return dev.ConsoleRenderer(colors="NO_COLOR" not in os.environ, exception_formatter=dev.plain_traceback)


def escaped(text: str, keep: str = "") -> str:
    """Write what is not printable as Python's escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode("ascii") for c in text)
