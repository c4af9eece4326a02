"""Text without labels, for language models that classifiers begin from: no text of any dev part is in it.

Japanese: sentences of hotel reviews, posts, tweets, sentences of the Tatoeba project, titles of news articles and their
beginnings, or all their sentences. English: news, headlines, and sentences of the Tatoeba project.
A text that stands in a dev part (width, case and spaces folded) is left out wherever it comes from: all dev sentences
of jrte_pn stand in jrte_rhr, too. Of livedoor_news, dev articles are left out with title and body.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from pipeline.engines import example_files
from pipeline.models.examples import Examples
from pipeline.text import sentences

BEGINNING = 60
"""Characters of an article's body."""
_EVERY = 60
"""One text of so many is measured on."""


def fold(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def japanese(root: Path, held_out: Callable[[str], bool], whole: bool = False) -> tuple[Examples, Examples]:
    """Return texts to train on and to measure on, both without the dev parts of every task; ``root`` holds the sets.

    Where ``whole``, each sentence of an article is a text; else the article's beginning is one.
    """
    articles = example_files.read(root / "livedoor_news/ldcc_dev.parquet", "title,body")
    title = [text.split("\n", 1)[0] for text in articles.texts]
    kept = [i for i, text in enumerate(title) if not held_out(text)]
    medweb = _texts(root / "medweb_ja/dev.tsv", "text")
    hidden = {fold(title[i]) for i in range(len(title)) if held_out(title[i])}
    hidden |= {fold(text) for text in medweb if held_out(text)}
    for name, column in (("jrte_pn", "text"), ("sib200_ja", "text")):
        hidden |= {fold(text) for text in _texts(root / name / "dev.tsv", column)}
    bodies = [articles.texts[i].partition("\n")[2] for i in kept]
    sources = [
        *(_texts(root / name / "train.tsv", "text") for name in ("jrte_pn", "jrte_rhr", "sib200_ja")),
        _texts(root / "jrte_rhr/dev.tsv", "text"),
        medweb,
        _texts(root / "wrime_v1_dev/dev.tsv", "Sentence"),
        (text.replace(" __BR__ ", "\n") for text in _texts(root / "open2ch_posts/posts_dev.tsv", "post")),
        _texts(root / "tatoeba_jpn_eng/dev.tsv", "ja"),
        (title[i] for i in kept),
        (text for body in bodies for text in (sentences.split(body) if whole else [body[:BEGINNING]])),
    ]
    return _apart(sources, hidden)


def english(root: Path, held_out: Callable[[str], bool]) -> tuple[Examples, Examples]:
    """Return the same of English."""
    news = _texts(root / "ag_news_sample/train_sample.tsv", "text")
    hidden = {fold(text) for text in news if held_out(text)}
    hidden |= {fold(text) for text in _texts(root / "news_aggregator_nlp100/valid.tsv", "TITLE")}
    headlines = _texts(root / "news_aggregator_nlp100/train.tsv", "TITLE")
    return _apart([news, headlines, _texts(root / "tatoeba_jpn_eng/dev.tsv", "en")], hidden)


def _apart(sources: Iterable[Iterable[str]], hidden: set[str]) -> tuple[Examples, Examples]:
    texts = Examples(list(_distinct((text for source in sources for text in source), hidden)))
    measured = np.arange(len(texts)) % _EVERY == 0  # the tasks' own dev texts are gone already
    return texts.take(np.flatnonzero(~measured)), texts.take(np.flatnonzero(measured))


def _texts(path: Path, column: str) -> list[str]:
    return example_files.read(path, column).texts


def _distinct(texts: Iterable[str], hidden: set[str]) -> Iterable[str]:
    seen = set(hidden)
    for text in texts:
        folded = fold(text)
        if folded and folded not in seen:
            seen.add(folded)
            yield text
