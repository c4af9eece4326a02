#!/usr/bin/env python3
"""Posts a second of training and prediction beside the plain script: same texts, same network, one run.

    python benchmarks/training_speed.py [--shared ../shared] [--rows 8000]
The plain script pads all posts to the longest; the same numbers of layers, units and embedding, 128 posts a batch.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipeline.engines import example_files
from pipeline.engines.project import open_lexicon
from pipeline.models import serving, training
from pipeline.models.examples import Examples
from pipeline.models.recipe import Branch, Dropout, Recipe, Training
from pipeline.text import dictionary

RECIPE = Recipe(
    encoder=Branch(layers=2, units=64, embedding=128, vocabulary=20_002, least=1, longest=1000),
    dropout=Dropout(embedding=0, between=0, output=0),
    training=Training(rows=128, tokens=8192, epochs=2, patience=2),
)


def plain(shared: Path, texts: Path, rows: int) -> dict[str, float]:
    command = [sys.executable, str(shared / "bench" / "naive_train.py"), str(texts), "post", "--rows", str(rows)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def ours(texts: Path, rows: int) -> dict[str, float]:
    lexicon = open_lexicon(dictionary.read_words(dictionary.SHIPPED))
    all_posts = example_files.read(texts, "post")
    posts = Examples(all_posts.texts[:rows], [str(len(text) % 3) for text in all_posts.texts[:rows]])
    with tempfile.TemporaryDirectory() as folder:
        fitted = training.fit(RECIPE, posts, posts.take(range(256)), Path(folder), lexicon=lexicon)
    model = serving.Model.of(fitted, lexicon)
    model.probabilities(posts.texts[:1000])
    numbered = model.number(posts.texts)
    began = time.perf_counter()
    serving.logits(model.members[0], numbered)
    numbers = time.perf_counter() - began
    began = time.perf_counter()
    model.probabilities(posts.texts)
    whole = time.perf_counter() - began
    return {
        "train posts/s": round(fitted.history[-1]["texts_per_second"]),
        "predict posts/s": round(rows / numbers),
        "predict posts/s, words split too": round(rows / whole),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--rows", type=int, default=8000)
    given = parser.parse_args()
    texts = given.shared / "data" / "open2ch_posts" / "posts_dev.tsv"
    found = ours(texts, given.rows)
    beside = plain(given.shared, texts, given.rows)
    print(json.dumps({"plain": beside, "hibi": found}, indent=1))
    for key in ("train posts/s", "predict posts/s"):
        print(f"{key}: {found[key] / beside[key]:.1f} times")


if __name__ == "__main__":
    main()
