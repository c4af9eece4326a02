"""The Arrow schema of every stored table: a contract, as others read these files. Each column has a line of meaning."""

from __future__ import annotations

import pyarrow as pa

VERSION = 1
"""Raised when a schema changes in a way that readers of the files notice."""

_text = pa.string()
_texts = pa.list_(pa.string())
_time = pa.timestamp("us", tz="UTC")
_word = pa.dictionary(pa.int32(), pa.string())


def _schema(*columns: tuple[str, pa.DataType, str]) -> pa.Schema:
    return pa.schema([pa.field(name, kind, metadata={"about": about}) for name, kind, about in columns])


_POST = (
    ("post_id", _text, "the network and its own id, x:1774451579810742273; one row an id in the whole store"),
    ("source", _text, "the format that the row was read from"),
    ("author", _text, "salted hash of network and author, or the name itself where settings say so; null if unknown"),
    ("created_at", _time, "when it was written"),
    ("text", _text, "the post as a person sees it"),
    ("lang", _text, "language as the network tells it; null if it does not"),
    ("is_repost", pa.bool_(), "passes on another's post"),
    ("repost_of", _text, "the network's own id of the post passed on, if told"),
    ("reply_to", _text, "the network's own id of the post answered"),
    ("quote_of", _text, "the network's own id of the post quoted"),
    ("urls", _texts, "links, in order"),
    ("hashtags", _texts, "hashtags without their sign, in order"),
    ("warning", _text, "content warning or subject line, kept apart from the text"),
    ("flags", _texts, "what a reader should know: created_at=id, created_at=estimated, text=truncated, text=repaired"),
)
_PLACE = (
    ("file", _text, "name of the file (and of its member) that the row was read from"),
    ("line", pa.int64(), "line or item in it, from 1"),
)

COLLECTED = _schema(
    *_POST,
    ("edited_at", _time, "when the network says it was last edited"),
    ("collected_at", _time, "when it was collected: the record's own word, else the file's time"),
    *_PLACE,
)
"""``collected/date=D/FILE.parquet``: what one file gave for one day, before the same post twice becomes one row."""

POSTS = _schema(
    *_POST[:5],
    ("clean", _text, "what MeCab is given"),
    *_POST[5:12],
    ("mentions", _texts, "accounts named with @, in order"),
    ("emoji", _texts, "emoji in order, one a grapheme"),
    ("duplicate_of", _text, "post_id of the day's first post with the same or nearly the same text"),
    *_PLACE,
    ("kaomoji", _texts, "emoticons such as (´･ω･`), in order"),
    *_POST[12:],
)
"""``posts/date=D``: one row a post, ordered by created_at and post_id."""

TOKENS = _schema(
    ("post", pa.int32(), "row of the day's posts, from 0"),
    ("sentence", pa.int32(), "sentence of the post, from 0"),
    ("position", pa.int32(), "place in the post, in tokens from 0"),
    ("surface", _word, "as written in clean"),
    ("base", _word, "dictionary form in the writer's spelling (UniDic orthBase); the surface if unknown"),
    ("lemma", _word, "headword that groups spellings; the surface if unknown"),
    ("reading", _word, "reading of the base form in katakana; null if unknown"),
    ("pos", _word, "part of speech (UniDic pos1)"),
    ("subpos", _word, "finer part of speech (UniDic pos2, pos3)"),
    ("unknown", pa.bool_(), "not in the dictionary"),
)
"""``tokens/date=D``: every token of every post, in order of post and position."""

COUNTS = _schema(
    ("base", _text, "dictionary form"),
    ("lemma", _text, "headword"),
    ("pos", _text, "part of speech"),
    ("count", pa.int64(), "tokens"),
    ("posts", pa.int64(), "posts that have it"),
    ("authors", pa.int64(), "distinct known authors that used it"),
    ("original_count", pa.int64(), "tokens outside reposts and copies"),
)
"""``counts/date=D``: one row a (base, lemma, pos), ordered by count, then by the three."""

WORD_AUTHORS = _schema(
    ("word", pa.int32(), "row of the day's counts, from 0"),
    ("author", _word, "author who used it, as in posts"),
)
"""``word_authors/date=D``: each author once a word; what makes the distinct authors of a span countable."""

REMOVALS = _schema(
    ("post_id", _text, "the post that its network deleted; null where a whole account was"),
    ("author", _text, "the account deleted, as in posts; null where a post was"),
    ("removed_at", _time, "when, as the notice says or as collected"),
    *_PLACE,
)
"""``removals/FILE.parquet``: deletion notices found in a file of posts."""

FORGOTTEN = _schema(
    ("kind", _text, "post or author"),
    ("network", _text, "the network that it is of"),
    ("key", _text, "salted hash of the post_id, or of network and author as in posts"),
)
"""``forgotten.parquet``: tombstones of what was asked to be forgotten; a file that brings it again gives nothing."""

SUMMARY = _schema(
    ("rank", pa.int32(), "order of choice, from 1"),
    ("post", pa.int32(), "row of the day's posts, from 0"),
    ("sentence", pa.int32(), "sentence of the post, from 0"),
    ("text", _text, "the sentence, of clean"),
    ("score", pa.float64(), "LexRank weight"),
    ("share", pa.float64(), "share of the day's posts that it stands for, 0 to 1"),
    ("posts", pa.int64(), "posts that it stands for"),
    ("gloss", _text, "its translation by the model that report.gloss names; null without one"),
)
"""``summary/date=D``: the day in a few sentences."""

EXCLUSIONS = _schema(
    ("post_id", _text, "a post that was collected for this day and does not count to it"),
    ("reason", _text, "deleted: by a notice; moved: a later version has another day"),
)
"""``exclusions/date=D.parquet``"""

LABELS = _schema(
    ("post_id", _text, "the post that was labelled"),
    ("task", _text, "what was asked: mood, topic"),
    ("label", _text, "the answer; several joined by |, none of them is none, cannot tell is ?"),
    ("who", _text, "who said so; hibi for weak labels"),
    ("labelled_at", _time, "when, as the answer says, or when the file was saved"),
    ("origin", _text, "gold: a person's answer; weak: made by rule from emoji and words, never counted as gold"),
    *_PLACE,
)
"""``labels/TASK.parquet``: one row a post, task, origin and person, ordered by these; the person's latest answer."""

TRIALS = _schema(
    ("post_id", _text, "a labelled post"),
    ("part", _text, "train, dev, recent (the latest, held out), frozen (gold set), left_out (copies, late weak ones)"),
    ("label", _text, "the answer that counts as right, as in labels"),
    ("origin", _text, "gold or weak, as in labels"),
    ("challenger", _text, "what the version answered; null where it was not asked"),
    ("champion", _text, "what the version then in service answered; null where there was none, or it knew the post"),
    ("linear", _text, "what the linear baseline answered"),
    ("served", _text, "what the version, trained once more on all but the frozen posts, answered to those"),
    ("learned", pa.bool_(), "the version learned from the post or was tuned on it"),
)
"""``models/NAME/cards/VERSION/posts.parquet``: what a version learned from and was proved on, ordered by post_id."""

PREDICTIONS = _schema(
    ("post_id", _text, "the post"),
    ("task", _text, "what was asked, the name of the model: mood, topic"),
    ("label", _text, "the likeliest label; one row each where a post may have several, null if it has none"),
    ("probability", pa.float32(), "calibrated, 0 to 1; of no label at all where label is null"),
    ("model_version", _text, "version of the model, mood/0003"),
    ("unsure", pa.bool_(), "the probability is below the model's threshold"),
)
"""``predictions/date=D``: what the models say of each post, in order of posts, task and label."""

SHARES = _schema(
    ("task", _text, "the name of the model"),
    ("hour", pa.int32(), "hour of the day from 0 in the store's zone; null for the whole day"),
    ("label", _text, "each of the model's labels"),
    ("posts", pa.int64(), "posts that were asked, without reposts and copies"),
    ("answers", pa.int64(), "those that were said to have the label"),
    ("share", pa.float64(), "of the posts, 0 to 1, corrected for the mistakes that the model is known to make"),
    ("low", pa.float64(), "the share lies above it 97.5 times of 100"),
    ("high", pa.float64(), "the share lies below it 97.5 times of 100"),
    ("model_version", _text, "version of the model, mood/0003"),
)
"""``shares/date=D``: what part of a day, or of an hour of it, each label has."""

EVIDENCE = _schema(
    ("task", _text, "the name of the model"),
    ("kind", _text, "word: speaks for a label; typical: a post as the model knows them; surprising: one unlike those"),
    ("label", _text, "the label; null where a language model speaks"),
    ("rank", pa.int32(), "order within task, kind and label, from 1"),
    ("word", _text, "of words: the word, or an emoji"),
    ("post_id", _text, "of posts: the post"),
    ("value", pa.float64(), "word: mean fall of the probability when it is left out; post: probability, or perplexity"),
    ("posts", pa.int64(), "of words: posts of the sample that have it"),
    ("model_version", _text, "version of the model, mood/0003"),
)
"""``evidence/date=D``: what speaks for each label, and posts to read."""
