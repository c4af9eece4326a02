"""How Airflow calls the `hibi` command, which lives in an environment of its own: nothing of hibi is imported here.

Variables (or environment variables ``AIRFLOW_VAR_HIBI_...`` of the workers): ``hibi_command``, ``hibi_settings``,
``hibi_store``; without them, those of the clone that this file lies in, and its sample. ``hibi_mail_to``: whom to
write to when a task failed, by the connection ``smtp_default``.
"""

from __future__ import annotations

import json
import logging
import subprocess
from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.sdk import BaseOperator, Context, Variable
from airflow.sdk.exceptions import AirflowException, AirflowFailException

log = logging.getLogger(__name__)

CLONE = Path(__file__).resolve().parent.parent
USAGE, PARTLY, BUSY = 2, 3, 75
_MEANING = {
    USAGE: "the settings are wrong: see above",
    PARTLY: "done, but a file or a day failed: named above",
    BUSY: "another run holds the store",
}


def command(*arguments: str) -> list[str]:
    """Give the command with the settings and the store that the Variables name."""
    store = Variable.get("hibi_store", default="")
    return [
        Variable.get("hibi_command", default=str(CLONE / ".venv" / "bin" / "hibi")),
        *arguments,
        *("--settings", Variable.get("hibi_settings", default=str(CLONE / "data" / "sample" / "hibi.toml"))),
        *(("--store", store) if store else ()),
    ]


def answer(*arguments: str) -> Any:
    """Ask the command for JSON."""
    done = subprocess.run(command(*arguments, "--json"), cwd=CLONE, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


class HibiOperator(BaseOperator):
    """Runs `hibi ARGUMENTS OPTIONS`. Wrong settings fail at once; what else fails is tried again.

    ``partly_goes_on``: where a file or a day failed, warn and go on, as a later task meets it again.
    """

    template_fields: Sequence[str] = ("arguments", "options")

    def __init__(
        self, *, arguments: list[str], options: list[str], partly_goes_on: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.arguments, self.options, self.partly_goes_on = arguments, options, partly_goes_on

    @cached_property
    def _hook(self) -> SubprocessHook:
        return SubprocessHook()

    def execute(self, context: Context) -> None:
        """Run it, its lines into the log of the task."""
        code = self._hook.run_command(command(*self.arguments, *self.options), cwd=str(CLONE)).exit_code
        told = f"hibi ended with {code}: {_MEANING.get(code, 'see above')}"
        if code == PARTLY and self.partly_goes_on:
            self.log.warning(told)
        elif code == USAGE:
            raise AirflowFailException(told)
        elif code:
            raise AirflowException(told)

    def on_kill(self) -> None:
        """End the command and its workers; what was done stays, and the next try goes on from there."""
        self._hook.send_sigterm()


def tell(context: Context) -> None:
    """Log which task of which run failed for good, and mail it where the Variable ``hibi_mail_to`` names somebody."""
    task = context["task_instance"]
    told = f"{task.dag_id} {task.run_id}: {task.task_id} failed: {context.get('exception')}"
    log.error("%s; see %s", told, task.log_url)
    if to := Variable.get("hibi_mail_to", default=""):
        SmtpNotifier(to=to, subject=f"{task.dag_id} failed", html_content=escape(told)).notify(context)


DEFAULTS = {
    "retries": 4,
    "retry_delay": timedelta(minutes=5),
    "retry_exponential_backoff": True,  # 5, 10, 20 and 40 minutes: a training or a backfill may hold the store
    "execution_timeout": timedelta(hours=6),
    "on_failure_callback": tell,
}
"""What all tasks have in common."""
