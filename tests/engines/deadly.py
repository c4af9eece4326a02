"""Jobs for tests of worker processes, some of which end their process; workers import them by name, so it is light."""

import os
import signal
import time

from pipeline.text.normalise import clean_table

MARKER = "この投稿で落ちる"


def square(n):
    return n * n


def dies_at(n, fatal):
    if n in fatal:
        os._exit(1)
    return n * n


def killed(n):
    os.kill(os.getpid(), signal.SIGKILL if n == 0 else 0)
    return n


def fails(n):
    raise ValueError(f"no {n}")


def lengths(texts, first):
    """Stands for MeCab: gives (first post, lengths of texts), and ends its process at the marker."""
    if any(MARKER in text for text in texts.to_pylist()):
        os._exit(11)
    return first, [len(text) for text in texts.to_pylist()]


def greedy(texts, first, limit):
    """Stands for a job whose memory ends: with more than so many texts its process is killed."""
    if len(texts) > limit:
        os.kill(os.getpid(), signal.SIGKILL)
    return first, [len(text) for text in texts.to_pylist()]


def without_memory(texts, first, limit):
    if len(texts) > limit:
        raise MemoryError
    return first, [len(text) for text in texts.to_pylist()]


def analyse_but(texts, *arguments):
    if any(MARKER in text for text in texts.to_pylist()):
        os._exit(11)
    from pipeline.engines.jobs import analyse

    return analyse(texts, *arguments)


def analyse_few(texts, *arguments):
    if len(texts) > 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return analyse_but(texts, *arguments)


def clean_but(texts):
    if any(MARKER in text for text in texts.to_pylist()):
        os._exit(11)
    return clean_table(texts)


def always(*_):
    os._exit(1)


def never_draws(*_):
    os._exit(1)


def process(_):
    time.sleep(0.05)
    return os.getpid()
