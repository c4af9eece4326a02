"""Posts to be labelled, some of which want to do harm."""

import datetime as dt

from pipeline.reports.labelling import Question, Queue

TEXTS = (
    "今日は楽しかった",
    "電車が遅れた\n寒い",
    '=HYPERLINK("https://example.jp")',
    "<script>alert(1)</script>\ud800\0",
    "＠猫",
)


def queue(several: bool = False, labels: tuple[str, ...] = ("positive", "negative", "neutral")) -> Queue:
    start = dt.datetime(2024, 1, 4, 16, 0, tzinfo=dt.UTC)
    questions = tuple(
        Question(
            f"x:{n}",
            start + dt.timedelta(minutes=n),
            text,
            f"https://example.jp/{n}" if n % 2 else "javascript:alert(1)",
        )
        for n, text in enumerate(TEXTS, start=1)
    )
    return Queue("mood", dt.date(2024, 1, 5), "Asia/Tokyo", labels, questions, several)
