"""A month that learns: thirty labels a day, a retraining every Sunday, one week of poisoned labels, one rollback.

    python benchmarks/month_of_labels.py [--posts 1500] [--shared ../shared] [--keep FOLDER]

Posts are those of make_stream.py. The truth comes with its sentences of jrte_pn (train), whose mood judges have told;
what was added to them (hashtags, emoji, mentions, links) is taken off to find it. Sentences of jrte_pn (dev), which
the stream has not, are the frozen gold set. In the third week somebody turns positive and negative round; on Monday the
answers are given anew. After the first promotion over a model in service it is rolled back, and days are predicted
again.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
FIRST = dt.date(2024, 1, 1)
DAYS = 31
A_DAY = 30
"""Posts that somebody labels a day."""
GOLD = 400
SUNDAYS = [FIRST + dt.timedelta(days) for days in (6, 13, 20, 27, 30)]
POISONED = range(14, 21)
"""Days, from 0, whose labels are turned round."""
MOODS = {"1": "positive", "0": "neutral", "-1": "negative"}
TURNED = {"positive": "negative", "negative": "positive", "neutral": "neutral"}
SETTINGS = """
inbox = ["inbox"]

[[models]]
name = "mood"
recipe = "./recipe.toml"
labels = ["positive", "neutral", "negative"]
gold = "gold.csv"
"""
_ADDED = (
    re.compile(r" [^ ]+すごい$"),
    re.compile(r" https://example\.jp/p/\d+$"),
    re.compile(r"^@user\d+ "),
    re.compile("(😊|😭|✨|🙏|🎉|😡|🍣|❤️|👨‍👩‍👧|ｗｗｗ|笑|\\(´･ω･`\\))$"),
    re.compile(r" #[^ ]+$"),
)
"""What make_stream.py puts round a sentence, the last first."""


def moods(path: Path) -> dict[str, str]:
    """Read sentences and what the judges said."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["text"]: MOODS[row["label"]] for row in rows}


def mood(text: str, known: dict[str, str]) -> str | None:
    """Find the mood of a post by the sentence in it."""
    for added in _ADDED:
        if text in known:
            break
        text = added.sub("", text)
    return known.get(text)


class Month:
    """A store, its inbox and the desk of those who label."""

    def __init__(self, folder: Path, shared: Path) -> None:
        self.folder, self.shared = folder, shared
        self.settings, self.inbox, self.store = folder / "hibi.toml", folder / "inbox", folder / "store"
        self.truth = moods(shared / "data" / "jrte_pn" / "train.tsv")

    def hibi(self, *arguments: str) -> str:
        """Run the command; what it printed."""
        command = [sys.executable, "-m", "pipeline", *arguments, "--settings", str(self.settings)]
        done = subprocess.run([*command, "--store", str(self.store)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def prepare(self, posts: int) -> None:
        """Make the stream, the frozen gold set and the settings."""
        make = [sys.executable, str(self.shared / "bench" / "make_stream.py"), "--out", str(self.folder / "stream")]
        subprocess.run([*make, "--days", str(DAYS), "--posts-per-day", str(posts)], check=True)
        self.inbox.mkdir()
        recipe = (ROOT / "data" / "sample" / "model.toml").read_text(encoding="utf-8")
        (self.folder / "recipe.toml").write_text(recipe, encoding="utf-8")
        self.settings.write_text(SETTINGS, encoding="utf-8")
        unseen = [
            pair for pair in moods(self.shared / "data" / "jrte_pn" / "dev.tsv").items() if pair[0] not in self.truth
        ]
        before = FIRST - dt.timedelta(1)
        with (self.inbox / "gold.jsonl").open("w", encoding="utf-8") as file:
            for number, (text, _) in enumerate(unseen[:GOLD]):
                when = f"{before}T12:{number // 60 % 60:02}:{number % 60:02}+09:00"
                post = {"id": f"gold-{number}", "author": "gold", "created_at": when, "text": text}
                file.write(json.dumps(post, ensure_ascii=False) + "\n")
        rows = [f"jsonl:gold-{number},{said}\n" for number, (_, said) in enumerate(unseen[:GOLD])]
        (self.folder / "gold.csv").write_text("post_id,label\n" + "".join(rows), encoding="utf-8")

    def answers(self, place: int, poisoned: bool) -> Path:
        """Write what was labelled on a day: the first A_DAY posts whose mood is known."""
        day = FIRST + dt.timedelta(place)
        with (self.folder / "stream" / f"{day}.jsonl").open(encoding="utf-8") as file:
            posts = [json.loads(line) for line in file]
        own = ((post["id"], mood(post["text"], self.truth)) for post in posts if post["repost_of"] is None)
        found = [(key, said) for key, said in own if said is not None][:A_DAY]
        path = self.folder / f"answers-{day}{'-turned' if poisoned else ''}.csv"
        when = f"{day + dt.timedelta(1 if poisoned or place not in POISONED else 8)}T07:00:00+09:00"
        rows = [
            f"jsonl:{key},{TURNED[said] if poisoned else said},labeller-{place % 3},{when}\n" for key, said in found
        ]
        path.write_text("post_id,label,who,labelled_at\n" + "".join(rows), encoding="utf-8")
        return path

    def week(self, since: int, until: int, *, poisoned: bool) -> None:
        """Take the posts of some days in, and the labels of each day; month.py does so night by night."""
        for place in range(since, until):
            name = f"{FIRST + dt.timedelta(place)}.jsonl"
            (self.inbox / name).write_bytes((self.folder / "stream" / name).read_bytes())
        self.hibi("run", "--no-report")
        self.label([self.answers(place, poisoned) for place in range(since, until)])

    def label(self, files: list[Path]) -> None:
        """Take answers in."""
        self.hibi("label", "import", *map(str, files), "--task", "mood")

    def retrain(self) -> dict[str, Any]:
        """Retrain, and read the card."""
        done = json.loads(self.hibi("retrain", "mood", "--json"))
        card: dict[str, Any] = json.loads(Path(done["card"]).with_suffix(".json").read_bytes())
        return card

    def predicted(self, day: dt.date) -> dict[str, Any]:
        """Tell which version answered a day, and the shares that it found."""
        rows = pq.read_table(self.store / "shares" / f"date={day}" / "part-0.parquet").to_pylist()
        whole = [row for row in rows if row["hour"] is None]
        return {row["label"]: round(row["share"], 3) for row in whole} | {"by": whole[0]["model_version"]}


def row(day: dt.date, card: dict[str, Any], note: str) -> str:
    """Write a week as a row of the table."""
    scores = {(one["role"], one["part"]): one["macro_f1"] for one in card["scores"]}

    def f1(role: str, part: str) -> str:
        one = scores.get((role, part))
        return f"{one['value']:.3f}" if one else "–"

    def change(part: str) -> str:
        one = scores.get(("difference", part))
        return f"{one['value']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f})" if one else "–"

    failed = "; ".join(reason["words"] for reason in card["reasons"] if not reason["passed"])
    verdict = "promoted" if card["promoted"] else f"refused: {failed}"
    cells = [
        str(day), card["data"]["people"], card["version"], card["against"] or "none",
        f"{f1('champion', 'frozen')} → {f1('challenger', 'frozen')}", f1("linear", "frozen"), f1("served", "frozen"),
        change("recent"), change("frozen"), verdict + note,
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def weeks(month: Month) -> Iterator[str]:
    """Live through the month; a row a retraining, and what the rollback after the first promotion did."""
    since, taken_back = 0, False
    for sunday in SUNDAYS:
        until = (sunday - FIRST).days + 1
        poisoned = since in POISONED
        month.week(since, until, poisoned=poisoned)
        card = month.retrain()
        yield row(sunday, card, " (labels of the week turned round)" if poisoned else "")
        if poisoned:
            month.label([month.answers(place, False) for place in POISONED])
        if card["promoted"] and card["against"] and not taken_back:
            taken_back = True
            yield from rolled_back(month, sunday)
        since = until


def rolled_back(month: Month, sunday: dt.date) -> Iterator[str]:
    """Take the model back, and predict the last three days again."""
    span = ("--since", str(sunday - dt.timedelta(2)), "--until", str(sunday))
    month.hibi("run", "--force", "predict", "--no-report", *span)
    yield f"\nAs promoted, {sunday} predicted again: {month.predicted(sunday)}"
    yield month.hibi("models", "rollback", "mood", "--why", "the shares of Sunday look wrong").strip()
    month.hibi("run", "--no-report", *span)
    yield f"`hibi run` leaves the day as it is: {month.predicted(sunday)}"
    month.hibi("run", "--force", "predict", *span)
    yield f"`hibi run --force predict` redoes it: {month.predicted(sunday)}\n"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--posts", type=int, default=1500)
    options.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    options.add_argument("--keep", type=Path, help="a new folder that is left with the store and its cards")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = asked.keep or Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        month = Month(folder, asked.shared)
        month.prepare(asked.posts)
        print("| Sunday | labels | version | in service | macro F1 frozen | linear | trained once more | "
              "difference on recent posts | on the frozen set | decision |")  # fmt: skip
        print("|" + "---|" * 10)
        for line in weeks(month):
            print(line, flush=True)
        print("\n" + month.hibi("models", "show", "mood"))


if __name__ == "__main__":
    main()
