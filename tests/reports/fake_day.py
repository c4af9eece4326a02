"""A day as a caller would fill it, from word lists and a seed: realistic in shape and size, or made of hostile text."""

import datetime as dt
import json
import random
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa

from pipeline.reports.characters import writable
from pipeline.reports.model import (
    Chart,
    Day,
    DayCard,
    Picture,
    Post,
    Quarantined,
    Sentence,
    SourceFile,
    Table,
    TableName,
    Totals,
)

TOKYO = ZoneInfo("Asia/Tokyo")
DATE = dt.date(2024, 1, 1)

ADJECTIVES = (
    "寒い サムイ 形容詞|嬉しい ウレシイ 形容詞|おいしい オイシイ 形容詞|静か シズカ 形状詞|"
    "眠い ネムイ 形容詞|楽しい タノシイ 形容詞|"
    "きれい キレイ 形状詞|怖い コワイ 形容詞|早い ハヤイ 形容詞|元気 ゲンキ 形状詞|"
    "懐かしい ナツカシイ 形容詞|大変 タイヘン 形状詞"
)
NOUNS = (
    "初詣 ハツモウデ 名詞|地震 ジシン 名詞|雑煮 ゾウニ 名詞|年賀状 ネンガジョウ 名詞|"
    "初日の出 ハツヒノデ 名詞|推し活 オシカツ 名詞|"
    "駅伝 エキデン 名詞|家族 カゾク 名詞|神社 ジンジャ 名詞|電車 デンシャ 名詞|"
    "揺れ ユレ 名詞|津波 ツナミ 名詞|髙島屋 タカシマヤ 名詞"
)
VERBS = "食べる タベル 動詞|祈る イノル 動詞|揺れる ユレル 動詞|始まる ハジマル 動詞|笑う ワラウ 動詞|歩く アルク 動詞"
FORMS = (
    "{a}朝だったけど、{n}に行ってきた。今年もよろしくお願いします。",
    "{n}の列がすごい。{v}まで一時間かかった。{a}。",
    "実家で{n}。{a}時間をゆっくり過ごしている。",
    "緊急速報で目が覚めた。{n}、みんな無事でいて。{v}のが{a}。",
    "今日の{n}、去年よりずっと{a}と思うのは自分だけ？",
)


def _split(words: str) -> list[tuple[str, str, str]]:
    return [(word, reading, pos) for word, reading, pos in (entry.split(" ") for entry in words.split("|"))]


def frame(words: list[tuple[str, str | None, str | None]], size: int, seed: int) -> pa.Table:
    """Rows for the words, then numbered ones up to ``size``, counts falling as 1/rank."""
    chance = random.Random(seed)
    rows = words + [(f"{words[i % len(words)][0]}{i}", "ゴ", words[i % len(words)][2]) for i in range(len(words), size)]
    count = [max(1, 4200 // (i + 1)) for i in range(len(rows))]
    previous = [None if chance.random() < 0.15 else max(1, i + chance.randint(-4, 5)) for i in range(1, len(rows) + 1)]
    texts = [[value and writable(value) for value in column] for column in zip(*rows, strict=True)] or [[], [], []]
    return pa.table(
        {
            "rank": list(range(1, len(rows) + 1)),
            "word": pa.array(texts[0], pa.string()),
            "reading": pa.array(texts[1], pa.string()),
            "pos": pa.array(texts[2], pa.string()),
            "count": count,
            "posts": [max(1, n * 9 // 10) for n in count],
            "authors": [max(1, n * 7 // 10) for n in count],
            "original_count": [n * 8 // 10 for n in count],
            "per_10000": [n / 25.0 for n in count],
            "previous_rank": pa.array(previous, pa.int64()),
        }
    )


def _tables(size: int) -> tuple[Table, ...]:
    adjectives, nouns, verbs = _split(ADJECTIVES), _split(NOUNS), _split(VERBS)
    plain = {
        "hashtags": ("元日", "初詣", "箱根駅伝", "推し活", "おせち", "地震"),
        "emoji": ("😂", "🎍", "🙏", "❤️", "👨\u200d👩\u200d👧", "🗻"),
        "kaomoji": ("(´･ω･`)", "＼(^o^)／", "(｀・ω・´)", "( ;∀;)"),
    }
    words: list[tuple[TableName, list[tuple[str, str | None, str | None]], int]] = [
        ("adjectives", adjectives, size),
        ("nouns_adjectives", nouns + adjectives, size),
        ("content_words", verbs + nouns + adjectives, size),
        *((name, [(word, None, None) for word in items], len(items)) for name, items in plain.items()),
    ]
    query = (
        "SELECT base AS word, pos, sum(count) AS count\nFROM 'counts/date=2024-01-01/*.parquet'\n"
        "WHERE pos IN ('形容詞', '形状詞') AND count < 1e9\nGROUP BY ALL ORDER BY count DESC, word"
    )
    return tuple(Table(name, frame(rows, n, seed), query) for seed, (name, rows, n) in enumerate(words))


def posts(number: int) -> tuple[Post, ...]:
    chance = random.Random(7)
    adjectives, nouns, verbs = _split(ADJECTIVES), _split(NOUNS), _split(VERBS)
    made = []
    for i in range(number):
        text = chance.choice(FORMS).format(
            a=chance.choice(adjectives)[0], n=chance.choice(nouns)[0], v=chance.choice(verbs)[0]
        )
        time = dt.datetime(2024, 1, 1, tzinfo=TOKYO) + dt.timedelta(seconds=86399 * i // max(number, 1))
        made.append(Post(f"x:{i}", time, f"a{i % 90:04x}", text + " #元日" * (i % 3 == 0), f"https://example.jp/{i}"))
    return tuple(made)


def cloud(name: str, title: str, words: list[tuple[str, str, str]]) -> Picture:
    """A picture of the shape that the pictures room makes: text with data-word and data-pos, no style attribute."""
    colours = {"形容詞": "#0072b2", "形状詞": "#b35900", "名詞": "#1b7f5c", "動詞": "#8a3b7a"}
    texts, at = [], 70
    for place, (word, _, pos) in enumerate(words):
        size = 120 - 6 * place
        x = 40 + (place % 3) * 380
        texts.append(
            f'<g class="word" data-word="{escape(word)}" data-pos="{escape(pos)}" fill="{colours[pos]}">'
            f'<title>{escape(word)}</title><text x="{x}" y="{at}" font-size="{size // 2}">{escape(word)}</text></g>'
        )
        at += 95 if place % 3 == 2 else 0
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1200 600" role="img" class="cloud">'
    svg = f"{head}<title>{escape(title)}</title>{''.join(texts)}</svg>"
    return Picture(name, title, f"{name}.png", svg, ("🫠", "𪚥"), ("雑煮", "年賀状", "髙島屋"))


def _hours() -> Chart:
    values = [
        120,
        60,
        30,
        20,
        25,
        90,
        210,
        320,
        380,
        400,
        420,
        390,
        430,
        410,
        380,
        350,
        980,
        720,
        560,
        520,
        600,
        640,
        500,
        300,
    ]
    bars = "".join(
        f'<rect class="{"bar today" if v > 900 else "bar"}" x="{40 + 28 * i}" y="{230 - v / 5:.0f}" width="22" '
        f'height="{v / 5:.0f}"/><text class="tick" text-anchor="middle" x="{51 + 28 * i}" y="252">{i}</text>'
        for i, v in enumerate(values)
    )
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 260" role="img" class="chart" font-size="11">'
        f'<title>時刻ごとの投稿</title>{bars}<line class="axis" x1="40" x2="712" y1="230" y2="230"/></svg>'
    )
    return Chart("hours", "時刻ごとの投稿", svg, tuple((f"{i}時", v) for i, v in enumerate(values)))


def sparkline() -> str:
    line = " ".join(f"L{4 + 4.04 * i:.2f} {20 - (i * 7) % 17}" for i in range(24))
    told = ", ".join(str((i * 7) % 17) for i in range(24))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 24" role="img" class="chart sparkline">'
        f"<title>時刻ごと</title><desc>{told}</desc>"
        f'<path class="line line-1" d="M4 20 {line}" fill="none" stroke="currentColor" stroke-width="2"/></svg>'
    )


def day(size: int = 300, number: int = 300) -> Day:
    tables, texts = _tables(size), posts(number)
    keys = {f"{row.pos or ''}\t{row.word}" for table in tables for row in table.rows(200)}
    contexts = {key: [i for i in range(len(texts)) if key.split("\t")[1] in texts[i].text][:20] for key in sorted(keys)}
    return Day(
        date=DATE,
        timezone="Asia/Tokyo",
        totals=Totals(20_312, 9_120, 3_004, 1_201, 12, 411_903, 4),
        previous=Totals(18_900, 9_120, 3_120, 1_100, 3, 380_120, 0),
        previous_date=dt.date(2023, 12, 31),
        tables=tables,
        posts=texts,
        contexts={key: places for key, places in contexts.items() if places},
        surfaces={"形容詞\t寒い": ["寒い", "寒く"]},
        pictures=(
            cloud("adjectives", "形容詞", _split(ADJECTIVES)),
            cloud("nouns", "名詞", _split(NOUNS)),
        ),
        charts=(_hours(),),
        summary=tuple(
            Sentence(post.text, post, share, round(20_312 * share))
            for post, share in zip(texts, (0.21, 0.12, 0.034), strict=False)
        ),
        files=(
            SourceFile("tweets.js", "x_archive", "utf-8", 20_000, 19_800, 188, 8, {"private": 4}),
            SourceFile("sheet_cp932.csv", "sheet", "cp932", 530, 512, 14, 4),
        ),
        quarantine=(Quarantined("tweets.js", 120, "no time of writing", '{"id": "1", "text": "あけまして"}'),),
        notes=("上限の 10,000 字まで分析した投稿：3 件",),
        settings={"timezone": "Asia/Tokyo", "duplicates.threshold": "0.8", "report.language": "ja"},
        versions={"hibi": "0.1.0", "fugashi": "1.5.2", "unidic-lite": "1.0.8"},
        dictionary="unidic-lite 1.0.8 sha256:9f2c…",
    )


def hostile_texts() -> list[str]:
    """Texts and authors of the shared hostile lines, a lone surrogate among them, and some that aim at this room."""
    path = Path(__file__).parents[1] / "formats" / "hostile.jsonl"
    found = []
    for line in path.read_bytes().split(b"\n"):
        try:
            post = json.loads(line)
            found += [post["text"][:400], post["author"]]
        except (ValueError, RecursionError, TypeError, KeyError):  # broken lines are the reader's subject
            continue
    aimed = [
        '"><img src=x onerror=alert(1)>',
        "'-alert(1)-'",
        "{{ 7*7 }}{% raw %}",
        "]]>",
        "\r\n=1+1",
        "a\tb",
        "\ufffe",
        "&lt;b&gt;",
        "</title></style></script><script>alert(1)</script>",
    ]
    return found + aimed


def hostile_day() -> Day:
    texts = hostile_texts()
    time = dt.datetime(2024, 4, 1, 0, 0, tzinfo=TOKYO)
    urls = [
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        'https://example.jp/?q="><b>',
        "//example.jp",
        None,
    ]
    made = tuple(Post(t, time, t, f"{t} 投稿", urls[i % len(urls)]) for i, t in enumerate(texts))
    rows = frame([(t, t, t.replace("\t", " ")) for t in texts], len(texts), 3)
    contexts = {f"{t.replace(chr(9), ' ')}\t{t}": list(range(len(made))) for t in texts}
    return Day(
        date=dt.date(2024, 4, 1),
        timezone="Asia/Tokyo",
        totals=Totals(len(made), 1, 0, 0, len(texts), 10, 0),
        previous=Totals(0, 0, 0, 0, 0, 0, 0),
        tables=tuple(Table(name, rows, texts[0]) for name in ("adjectives", "hashtags")),
        posts=made,
        contexts=contexts,
        surfaces={key: [key.split("\t", 1)[1], ""] for key in contexts},
        pictures=(
            Picture(
                "adjectives", texts[0], texts[0], cloud("a", "a", _split(ADJECTIVES)).svg, tuple(texts), tuple(texts)
            ),
        ),
        charts=(Chart("hours", texts[0], _hours().svg, tuple((t, 1.5) for t in texts)),),
        summary=tuple(Sentence(post.text, post, 0.5, 1) for post in made),
        files=tuple(SourceFile(t, t, t, 3, 1, 0, 0, {t: 2}) for t in texts),
        quarantine=tuple(Quarantined(t, 1, t, t) for t in texts),
        notes=tuple(texts),
        settings={t: t for t in texts},
        versions={t: t for t in texts},
        dictionary=texts[0],
    )


def cards(number: int) -> list[DayCard]:
    first = dt.date(2018, 12, 27)
    return [
        DayCard(
            first + dt.timedelta(days=i),
            400 + i % 90,
            120,
            ("初詣", "寒い", "おいしい"),
            sparkline(),
            failed=i % 400 == 399,
        )
        for i in range(number)
    ]
