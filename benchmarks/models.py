#!/usr/bin/env python3
"""Every shipped recipe on its data: the tables of benchmarks/README.md.

    python benchmarks/models.py [--shared ../shared] [--only RECIPE ...] [--seeds 3] [--epochs N] [--out build/models]
        [--english VECTORS]

Scores are means over seeds on the dev part; where a set has none, rows whose text's SHA-1 ends below 15 of 100 are dev.
The linear baseline is trained on the same part. Texts are given as they are; nothing of them is written but samples.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import unlabelled
from kneser_ney import Trigram

from pipeline import reports
from pipeline.engines import example_files, learning
from pipeline.engines.project import open_lexicon
from pipeline.models import (
    arithmetic,
    baseline,
    beam,
    evaluation,
    generation,
    inputs,
    recipe,
    serving,
    training,
)
from pipeline.models.examples import Examples, label_names, label_numbers
from pipeline.models.recipe import Recipe
from pipeline.models.units import in_pieces
from pipeline.pictures.curves import Curve, curves
from pipeline.text import dictionary

Pair = tuple[Examples, Examples]
STYLE = Path(reports.__file__).parent / "templates" / "style.css"
_MEASURED = ("accuracy", "macro_f1", "networks", "linear part", "ece", "minutes")
MEDWEB = "influenza,diarrhea,hayfever,cough,headache,fever,runnynose,cold"


def held_out(text: str) -> bool:
    return int(hashlib.sha1(f"dev:{text}".encode()).hexdigest(), 16) % 100 < 15


def parted(all_rows: Examples, by: list[str] | None = None) -> Pair:
    dev = np.array([held_out(text) for text in by or all_rows.texts])
    return all_rows.take(np.flatnonzero(~dev)), all_rows.take(np.flatnonzero(dev))


class Data:
    """The data sets, by the name that a table has."""

    def __init__(self, shared: Path) -> None:
        self.root = shared / "data"

    def pair(self, name: str, text: str, label: str | None, dev: str = "dev.tsv", votes: str | None = None) -> Pair:
        read = [example_files.read(self.root / name / part, text, label, None, votes) for part in ("train.tsv", dev)]
        return read[0], read[1]

    def jrte_pn(self) -> Pair:
        return self.pair("jrte_pn", "text", "label", votes="judges")

    def sib200_ja(self) -> Pair:
        return self.pair("sib200_ja", "text", "category")

    def livedoor_title(self) -> Pair:
        """The title; the linear model beside the networks learns from bodies, too."""
        return parted(
            example_files.read(self.root / "livedoor_news/ldcc_dev.parquet", "title", "category", also="body")
        )

    def livedoor(self) -> Pair:
        """Title and body; the same articles are dev as where titles stand alone."""
        found = example_files.read(self.root / "livedoor_news/ldcc_dev.parquet", "title,body", "category")
        return parted(found, [text.split("\n", 1)[0] for text in found.texts])

    def medweb_ja(self) -> Pair:
        return parted(example_files.read(self.root / "medweb_ja/dev.tsv", "text", MEDWEB))

    def ag_news(self) -> Pair:
        return parted(example_files.read(self.root / "ag_news_sample/train_sample.tsv", "text", "class_index"))

    def nlp100(self) -> Pair:
        return self.pair("news_aggregator_nlp100", "TITLE", "CATEGORY", "valid.tsv")

    def names(self) -> Pair:
        found: dict[str, set[str]] = {"man": set(), "woman": set()}
        for sex, listed in found.items():
            with (self.root / f"names_ja/first_name_{sex}_org.csv").open(encoding="utf-8", newline="") as file:
                listed.update(row[0].strip() for row in csv.reader(file) if row and row[0].strip())
        both = found["man"] & found["woman"]  # a name of either is no example of one
        rows = sorted((name, sex) for sex, listed in found.items() for name in listed - both)
        return parted(Examples([name for name, _ in rows], [sex for _, sex in rows]))

    def open2ch(self) -> Pair:
        return parted(_spaced(example_files.read(self.root / "open2ch_posts/posts_dev.tsv", "post")))

    def tatoeba_ja(self) -> Pair:
        found = example_files.read(self.root / "tatoeba_jpn_eng/dev.tsv", "ja")
        return parted(Examples(sorted(set(found.texts))))

    def tatoeba(self) -> Pair:
        """Japanese to English; all pairs of one English sentence stand on one side."""
        found = example_files.read(self.root / "tatoeba_jpn_eng/dev.tsv", "ja", "en")
        dev = np.array([held_out(str(text)) for text in found.gold])
        dev_texts = {found.texts[i] for i in np.flatnonzero(dev)}
        train = [int(i) for i in np.flatnonzero(~dev) if found.texts[i] not in dev_texts]
        return found.take(train), found.take(np.flatnonzero(dev)[:1000])

    def parallel(self) -> Pair:
        return self.pair("small_parallel_enja", "ja", "en")


def _spaced(found: Examples) -> Examples:
    return Examples([text.replace(" __BR__ ", "\n") for text in found.texts])


class Bench:
    def __init__(self, given: argparse.Namespace) -> None:
        self.data, self.out, self.seeds, self.epochs = Data(given.shared), given.out, given.seeds, given.epochs
        self.english = given.english
        self.spoken: dict[tuple[str, int], training.Fitted] = {}

    def beginning(self, name: str) -> Callable[[int], training.Fitted]:
        """Give the language model of a seed, trained once: ``beginnings`` or ``whole`` articles, or ``english``."""

        def trained(seed: int) -> training.Fitted:
            if (name, seed) not in self.spoken:
                if name == "english":
                    wanted, pair = self.with_vectors("language-model-en"), unlabelled.english(self.data.root, held_out)
                else:
                    wanted = recipe.load("language-model-ginza")
                    pair = unlabelled.japanese(self.data.root, held_out, name == "whole")
                self.spoken[name, seed] = self.fit(wanted, pair, f"pretrained-{name}", seed)
            return self.spoken[name, seed]

        return trained

    def japanese(self, name: str, sets: dict[str, Callable[[], Pair]], begin: str) -> dict[str, Any]:
        """Train a plain recipe and, where ja-ginza is installed, the one over its vectors, pretrained."""
        found = {}
        for title, read in sets.items():
            found[title] = self.labels(name, read())
            if find_spec("ja_ginza"):
                found[f"{title}, {name}-ginza"] = self.labels(f"{name}-ginza", read(), self.beginning(begin))
        return found

    @cached_property
    def lexicon(self) -> Any:
        return open_lexicon(dictionary.read_words(dictionary.SHIPPED))

    def fit(self, wanted: Recipe, pair: Pair, name: str, seed: int, start: Any = None) -> training.Fitted:
        changes: dict[str, Any] = {"seed": seed} | ({"epochs": self.epochs} if self.epochs else {})
        wanted = wanted.model_copy(update={"training": wanted.training.model_copy(update=changes)})
        folder = self.out / f"{name}-{seed}"
        return training.fit(wanted, *pair, folder, lexicon=self.words_of(wanted), start=start)

    def words_of(self, wanted: Recipe) -> Any:
        """Open the dictionary for recipes that read Japanese words; it takes some seconds."""
        return self.lexicon if learning.reads_words(wanted) else None

    def labels(
        self, name: str, pair: Pair, begin: Callable[[int], training.Fitted] | None = None, wanted: Recipe | None = None
    ) -> dict[str, Any]:
        """Train a recipe with labels over seeds, each from a language model of its own, and the linear model once.

        ``networks`` is the accuracy without the linear part; ``minutes`` do not count the language model.
        """
        train, dev = pair
        labels = label_names(train)
        gold = label_numbers(dev, labels)
        chosen = wanted or recipe.load(name)
        found: dict[str, list[float]] = {key: [] for key in _MEASURED}
        for seed in range(1, self.seeds + 1):
            start = begin(seed) if begin else None
            began = time.process_time()
            fitted = self.fit(chosen, pair, name, seed, start)
            found["minutes"].append((time.process_time() - began) / 60)
            assert fitted.linear is not None
            networks = serving.Model.of(replace(fitted, linear=None), self.words_of(chosen)).raw(dev.texts)
            counted = fitted.linear.probabilities(dev.texts)
            share = learning.likeliest_share(networks, counted, gold) if chosen.head.weigh else chosen.head.wide
            answers = serving.together(networks, counted, share, chosen.head.several) if share else networks
            combined, deep = (evaluation.evaluate(gold, given, labels) for given in (answers, networks))
            found["linear part"].append(share)
            scores = {"accuracy": combined.accuracy, "macro_f1": combined.macro_f1, "networks": deep.accuracy}
            for key, value in scores.items():
                found[key].append(value.value)
            found["ece"].append(combined.ece)
            print(name, "seed", seed, {key: round(values[-1], 4) for key, values in found.items()}, flush=True)
        means: dict[str, Any] = {key: round(statistics.mean(values), 4) for key, values in found.items()}
        means["each"] = [round(value, 4) for value in found["accuracy"]]
        if chosen.head.kind == "labels":
            means["parameters"] = sum(part.size for part in fitted.weights.values()) // chosen.training.members
        for grams in sorted({"characters", chosen.head.grams}):
            linear = baseline.fit(train.texts, label_numbers(train, labels), len(labels), words=grams == "words")
            beside = evaluation.evaluate(gold, linear.probabilities(dev.texts), labels)
            means[f"linear, {grams}"] = [round(beside.accuracy.value, 4), round(beside.macro_f1.value, 4)]
        return means

    def sentiment(self) -> dict[str, Any]:
        return self.japanese("sentiment", {"jrte_pn": self.data.jrte_pn}, "whole")

    def topic(self) -> dict[str, Any]:
        sets = {"sib200_ja": self.data.sib200_ja, "livedoor title": self.data.livedoor_title}
        return self.japanese("topic", sets, "beginnings")

    def article(self) -> dict[str, Any]:
        if not find_spec("ja_ginza"):
            return {}
        return {"livedoor": self.labels("article-ginza", self.data.livedoor(), self.beginning("whole"))}

    def topic_en(self) -> dict[str, Any]:
        wanted, begin = self.with_vectors("topic-en"), self.beginning("english")
        return {
            "news_aggregator_nlp100": self.labels("topic-en", self.data.nlp100(), begin, wanted),
            "ag_news_sample": self.labels("topic-en", self.data.ag_news(), begin, wanted),
        }

    def with_vectors(self, name: str) -> Recipe:
        """Load a recipe for English, with the vectors that were named."""
        wanted = recipe.load(name)
        if not self.english:
            return wanted
        return wanted.model_copy(update={"encoder": wanted.encoder.model_copy(update={"vectors": (self.english,)})})

    def multi_label(self) -> dict[str, Any]:
        return self.japanese("multi-label", {"medweb_ja": self.data.medweb_ja}, "whole")

    def compare(self) -> dict[str, Any]:
        pair = self.data.ag_news()
        return {name: self.labels(name, pair) for name in ("simple-rnn-titles", "lstm", "gru", "bilstm", "bilstm-2")}

    def nlp100(self) -> dict[str, Any]:
        return {"news_aggregator_nlp100": self.labels("nlp100", self.data.nlp100())}

    def char_names(self) -> dict[str, Any]:
        train, dev = self.data.names()
        found = {"sex": self.labels("char-names", (train, dev))}
        known = set(train.texts) | set(dev.texts)
        made = {}
        for sex in ("man", "woman"):
            part = [p.take([i for i, label in enumerate(p.gold) if label == sex]) for p in (train, dev)]
            fitted = self.fit(recipe.load("name-maker"), (part[0], part[1]), f"name-maker-{sex}", 1)
            names = generation.generate(serving.Model.of(fitted), count=200, longest=10, seed=1)
            new = sorted({name for name in names if name not in known})
            made[sex] = {"new of 200": sum(name not in known for name in names), "samples": new[:12]}
        return found | {"made": made}

    def language_model(self) -> dict[str, Any]:
        found = {}
        for name, (train, dev) in (("tatoeba ja", self.data.tatoeba_ja()), ("open2ch", self.data.open2ch())):
            fitted = self.fit(recipe.load("language-model"), (train, dev), f"language-model-{name[:4]}", 1)
            model = serving.Model.of(fitted, self.lexicon)
            likelihoods, units = generation.likelihoods(model, dev.texts)
            known, measured = (self.pieces(model, part) for part in (train, dev))
            trigram = Trigram(known, model.shape.sizes["encoder"].units).perplexity(measured)
            prompts = ("今日は", "私は", "日本の")
            found[name] = {
                "perplexity": round(float(np.exp(-likelihoods.sum() / units.sum())), 2),
                "Kneser-Ney trigram": round(trigram, 2),
                "samples": [generation.generate(model, prompt, 2, 30, seed=2) for prompt in prompts],
            }
        return found

    def pieces(self, model: serving.Model, part: Examples) -> list[list[int]]:
        """Number texts in the pieces that a language model learns from, and is asked of."""
        heard = inputs.split(model.recipe, part, self.lexicon)["encoder"]
        cut, _ = in_pieces(heard, model.recipe.encoder.longest)
        numbered = inputs.number(model.recipe, {"encoder": cut}, model.vocabularies)["encoder"]
        return [row.tolist() for row in np.split(numbered.values, numbered.starts[1:])]

    def translate(self) -> dict[str, Any]:
        import sacrebleu

        found = {}
        for name, (train, dev) in (("small_parallel_enja", self.data.parallel()), ("tatoeba", self.data.tatoeba())):
            fitted = self.fit(recipe.load("translate"), (train, dev), f"translate-{name}", 1)
            made = beam.translate(serving.Model.of(fitted, self.lexicon), dev.texts)
            gold = [generation.joined(str(text).split(), "en", "word") for text in dev.gold]
            samples = [list(row) for row in zip(dev.texts[:6], made[:6], gold[:6], strict=True)]
            scores = {
                "BLEU": sacrebleu.corpus_bleu(made, [gold]).score,
                "BLEU, any case": sacrebleu.corpus_bleu(made, [gold], lowercase=True).score,
            }
            found[name] = {key: round(score, 2) for key, score in scores.items()} | {"samples": samples}
        return found

    def bit_sum(self) -> dict[str, Any]:
        pair = arithmetic.bit_sum(10_000), arithmetic.bit_sum(1000, seed=2)  # each of 1,024 numbers is among them
        right = []
        for seed in range(1, self.seeds + 1):
            fitted = self.fit(recipe.load("bit-sum"), pair, "bit-sum", seed)
            texts = [f"{number:010b}" for number in range(1024)]
            answers = serving.Model.of(fitted).numbers(texts)
            ones = np.array([text.count("1") for text in texts])
            right.append(float((np.abs(answers - ones) <= 0.05).mean()))
        return {"within 0.05, all 1024 numbers": right}

    def binary_addition(self) -> dict[str, Any]:
        pair = arithmetic.binary_addition(3000), arithmetic.binary_addition(500, seed=2)
        fresh = arithmetic.binary_addition(2000, seed=3)
        found, drawn = {}, []
        for activation in ("sigmoid", "relu", "tanh"):
            wanted = recipe.load("binary-addition")
            encoder = wanted.encoder.model_copy(update={"activation": activation})
            fitted = self.fit(wanted.model_copy(update={"encoder": encoder}), pair, f"addition-{activation}", 1)
            answers = serving.Model.of(fitted).labels_of_units(fresh.texts)
            exact = float(np.mean([a == b for a, b in zip(answers, fresh.gold, strict=True)]))
            curve = [(row["epoch"], round(row["dev_loss"], 4)) for row in fitted.history[:10]]
            found[activation] = {"exact": exact, "dev loss": curve}
            drawn.append(Curve(activation, [(0, round(math.log(2), 4)), *curve]))
        page = f"<style>{STYLE.read_text()}</style>" + curves(drawn, title="Binary addition: loss on dev by epoch")
        (self.out / "binary-addition.html").write_text(page, encoding="utf-8")
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("build/models"))
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=0, help="for a quick look; 0 for the recipe's own")
    parser.add_argument("--english", help="pretrained vectors for topic-en, as a recipe names them")
    given = parser.parse_args()
    bench = Bench(given)
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "sentiment": bench.sentiment, "topic": bench.topic, "article": bench.article, "topic-en": bench.topic_en,
        "compare": bench.compare, "multi-label": bench.multi_label, "nlp100": bench.nlp100,
        "char-names": bench.char_names, "language-model": bench.language_model, "translate": bench.translate,
        "bit-sum": bench.bit_sum, "binary-addition": bench.binary_addition,
    }  # fmt: skip
    for name, run in parts.items():
        if not given.only or name in given.only:
            print(name, json.dumps(run(), ensure_ascii=False, indent=1), flush=True)


if __name__ == "__main__":
    main()
