"""A card of a model that was refused, with everything on it; and one whose every text wants to do harm."""

import datetime as dt
from dataclasses import replace

from pipeline.pictures.curves import Curve, curves
from pipeline.reports.card import Bounds, Card, Fit, Fits, Flip, LabelRow, Reason, Score
from pipeline.reports.model import Chart

LOSSES = [(1, 1.02), (2, 0.71), (3, 0.6)]
HOSTILE = "<script>alert(1)</script>\"'=\u202e\ud800\0"


def chart(name: str, title: str, points: list[tuple[float, float]]) -> Chart:
    return Chart(name, title, curves([Curve(title, points)], title=title), tuple((str(x), y) for x, y in points))


def card() -> Card:
    return Card(
        version="mood/0003",
        against="mood/0002",
        made_at=dt.datetime(2024, 1, 8, 3, 0, tzinfo=dt.UTC),
        timezone="Asia/Tokyo",
        promoted=False,
        reasons=(
            Reason(
                "better", True, "better on recent posts",
                {
                    "part": "recent", "posts": "300", "value": "+0.031", "low": "+0.004",
                    "sure": "90", "tolerance": "0.010",
                },
            ),
            Reason(
                "collapsed", False, "neutral collapses",
                {"part": "frozen", "label": "neutral", "champion": "0.700", "challenger": "0.100"},
            ),
        ),
        scores=(
            Score("challenger", "recent", 300, Bounds(0.871, 0.832, 0.905), Bounds(0.812, 0.77, 0.85), 0.021),
            Score("champion", "recent", 300, Bounds(0.84, 0.8, 0.88), Bounds(0.781, 0.74, 0.82), 0.034),
            Score("linear", "recent", 300, Bounds(0.82, 0.78, 0.86), Bounds(0.75, 0.7, 0.79), 0.05),
            Score("difference", "recent", 300, Bounds(0.031, 0.004, 0.058), Bounds(0.031, -0.004, 0.06)),
        ),
        fits=Fits(
            Fit(600, ("2024-01-01", "2024-01-05"), 8, 2), Fit(900, ("2024-01-01", "2024-01-07"), 8, 3), ("odd",),
            (Reason("learned", True, "no worse", {"part": "recent", "posts": "300", "value": "+0.040"}),), 0.3,
        ),
        labels=(
            LabelRow("positive", 200, 0.9, 0.95, Bounds(0.924, 0.9, 0.95), 0.91, 1234),
            LabelRow("negative", 100, 0.8, 0.7, Bounds(0.747, 0.7, 0.8), 0.7),
        ),
        confusion_part="recent",
        confusion=((190, 10), (30, 70)),
        several=False,
        charts=(chart("loss", "学習曲線", LOSSES), chart("calibration", "較正", [(0.5, 0.4), (0.9, 0.92)])),
        flips=(Flip("x:1", "悪くないね", "negative", "positive", 0.91),),
        flipped=12,
        data={"posts": "3,888", "days": "2024-01-01 – 2024-01-07", "fingerprint": "0123456789abcdef"},
        recipe={"cell": "lstm", "units": "64"},
    )  # fmt: skip


def hostile() -> Card:
    whole = card()
    return replace(
        whole,
        version=HOSTILE,
        against=HOSTILE,
        reasons=(
            Reason("collapsed", False, HOSTILE, dict.fromkeys(("part", "label", "champion", "challenger"), HOSTILE)),
        ),
        labels=tuple(replace(row, label=HOSTILE) for row in whole.labels),
        flips=(Flip(HOSTILE, HOSTILE, HOSTILE, HOSTILE, 0.5),),
        data={HOSTILE: HOSTILE},
        recipe={HOSTILE: HOSTILE},
    )
