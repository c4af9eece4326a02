"""What models read of the fake day: of moods, of topics, of language; or one whose every text is hostile."""

import datetime as dt

import fake_day

from pipeline.pictures import portions
from pipeline.pictures.portions import Portion
from pipeline.reports.model import Chart, Clue, Example, Learned, Share

MOODS = {"positive": "ポジティブ", "negative": "ネガティブ", "neutral": "中立"}


def share(label: str, value: float, answers: int) -> Share:
    return Share(label, 300, answers, value, max(0.0, value - 0.125), min(1.0, value + 0.125))


def charts() -> tuple[Chart, ...]:
    known = Portion(0.5, 0.375, 0.625)
    hours = [str(hour) for hour in range(24)]
    by_hour = portions.bands(hours, [("中立", [known] * 20 + [None] * 4)], title="気分の時間ごとの割合", every=3)
    return (
        Chart("shares", "気分の割合", portions.bars([("中立", known)], title="気分の割合")),
        Chart("hours", "気分の時間ごとの割合", by_hour, (("0 中立 %", 50.0),)),
    )


def models() -> tuple[Learned, ...]:
    posts = fake_day.posts(8)
    return (
        Learned(
            "mood",
            "気分",
            "mood/0003",
            language=False,
            posts=300,
            unsure=41,
            names=MOODS,
            shares=(share("positive", 0.5, 160), share("negative", 0.375, 90), share("neutral", 0.125, 50)),
            hours=tuple((hour, share("positive", 0.5, 7)) for hour in (8, 9)),
            days=tuple((dt.date(2023, 12, day), share("positive", 0.25, 9)) for day in (30, 31)),
            charts=charts(),
            clues={
                "positive": (Clue("楽しい", 0.31, 9), Clue("嬉しい", 0.25, 12)),
                "negative": (Clue("寒い", 0.22, 14),),
            },
            typical=(Example(posts[0], "positive", 0.98), Example(posts[1], "negative", 0.96)),
            surprising=(Example(posts[2], "neutral", 0.34),),
            queries={"shares": "SELECT label FROM 'shares/date=2024-01-01/*.parquet'", "evidence": "SELECT 1 < 2"},
            versions=("mood/0002",),
        ),
        Learned("topic", "話題", "topic/0001", language=False, posts=300, unsure=9, measured=False),
        Learned(
            "words",
            "ことばづかい",
            "words/0001",
            language=True,
            posts=300,
            typical=(Example(posts[3], None, 12.4),),
            surprising=(Example(posts[4], None, 4123.7),),
            queries={"evidence": "SELECT 1"},
        ),
    )


def hostile() -> Learned:
    texts = fake_day.hostile_texts()
    posts = fake_day.hostile_day().posts
    return Learned(
        "mood",
        texts[-1],
        "mood/0001",
        language=False,
        posts=len(texts),
        names={text: text for text in texts},
        shares=tuple(share(text, 0.5, 1) for text in texts),
        hours=tuple((1, share(text, 0.5, 1)) for text in texts),
        clues={text: (Clue(text, 0.5, 2),) for text in texts},
        typical=tuple(Example(post, post.text, 0.5) for post in posts),
        surprising=tuple(Example(post, post.text, 0.5) for post in posts),
        queries={"shares": texts[-1]},
    )
