"""How a task calls the command: what each exit code means, who is told, and what is left when a task is killed."""

import email
import os
import socketserver
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowException
from conftest import CLONE


@pytest.fixture
def command(monkeypatch, tmp_path):
    """Put a script in the command's place."""

    def put(script):
        path = tmp_path / "hibi"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("AIRFLOW_VAR_HIBI_COMMAND", str(path))

    return put


def task(**options):
    from hibi_command import HibiOperator

    return HibiOperator(task_id="t", arguments=["run"], options=["--until", "2024-01-02"], **options)


def outcome(**options):
    try:
        task(**options).execute({})
    except Exception as error:
        return type(error).__name__
    return "done"


@pytest.mark.parametrize(
    ("code", "last", "before"),
    [
        (0, "done", "done"),
        (1, "AirflowException", "AirflowException"),
        (2, "AirflowFailException", "AirflowFailException"),  # another try would read the same settings
        (3, "AirflowException", "done"),  # tried again: a file may still have been written to
        (75, "AirflowException", "AirflowException"),
        (137, "AirflowException", "AirflowException"),
    ],
)
def test_exit_codes(command, code, last, before):
    command(f"exit {code}")
    assert outcome() == last
    assert outcome(partly_goes_on=True) == before


def test_variables_name_command_settings_and_store(command, monkeypatch):
    from hibi_command import command as called

    sample = str(CLONE / "data" / "sample" / "hibi.toml")
    assert called("run") == [str(CLONE / ".venv" / "bin" / "hibi"), "run", "--settings", sample]
    command("exit 0")
    monkeypatch.setenv("AIRFLOW_VAR_HIBI_SETTINGS", "/etc/hibi.toml")
    monkeypatch.setenv("AIRFLOW_VAR_HIBI_STORE", "/srv/hibi")
    assert called("run")[1:] == ["run", "--settings", "/etc/hibi.toml", "--store", "/srv/hibi"]


def test_the_defaults_are_there():
    assert (CLONE / "data" / "sample" / "hibi.toml").is_file()


def test_an_answer_is_json_and_a_failure_is_not_an_answer(command):
    from hibi_command import answer

    command("""echo '["mood", "topic"]'""")
    assert answer("models", "retrainable") == ["mood", "topic"]
    command("exit 1")
    with pytest.raises(Exception, match="exit status 1"):
        answer("models", "retrainable")


def test_a_killed_task_leaves_no_process(command, tmp_path):
    command(f"sleep 100 & echo $! > {tmp_path}/worker; wait")
    running, worker = task(), tmp_path / "worker"
    thread = threading.Thread(target=_ended, args=[running])
    thread.start()
    _until(lambda: worker.exists() and worker.read_text().endswith("\n"))
    running.on_kill()
    thread.join(10)
    assert not thread.is_alive()
    _until(lambda: not _alive(int(worker.read_text())))


def _ended(running):
    with pytest.raises(AirflowException, match="hibi ended with -15"):
        running.execute({})


def _alive(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _until(true):
    for _ in range(1000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come about in ten seconds")


class Mail(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs to hand a letter over."""

    def handle(self):
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            if line.strip().upper() == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                while (line := self.rfile.readline()) != b".\r\n":
                    self.server.letter.append(line.decode())
            self.wfile.write(b"250 well\r\n")


@pytest.fixture
def mail(monkeypatch):
    with socketserver.TCPServer(("127.0.0.1", 0), Mail) as server:
        server.letter = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        extra = "disable_ssl=true&disable_tls=true&from_email=hibi%40example.org"
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", f"smtp://127.0.0.1:{port}/?{extra}")
        yield server.letter
        server.shutdown()


def test_a_failure_is_logged_and_mailed_to_whom_the_variable_names(mail, monkeypatch, caplog):
    from hibi_command import tell

    task = SimpleNamespace(dag_id="hibi_daily", run_id="r1", task_id="report", log_url="http://here/log")
    context = {"task_instance": task, "exception": ValueError("hibi ended with <3>")}
    tell(context)
    said = "hibi_daily r1: report failed: hibi ended with <3>"
    assert [record.getMessage() for record in caplog.records] == [f"{said}; see http://here/log"] and not mail
    monkeypatch.setenv("AIRFLOW_VAR_HIBI_MAIL_TO", "me@example.org")
    tell(context)
    letter = email.message_from_string("".join(mail))
    assert (letter["To"], letter["From"], letter["Subject"]) == (
        "me@example.org",
        "hibi@example.org",
        "hibi_daily failed",
    )
    [body] = letter.get_payload()
    assert body.get_payload(decode=True).decode() == said.replace("<3>", "&lt;3&gt;")


def test_the_home_of_these_tests_is_not_that_of_the_user():
    assert os.environ["AIRFLOW_HOME"].startswith("/") and "airflow-" in os.environ["AIRFLOW_HOME"]
