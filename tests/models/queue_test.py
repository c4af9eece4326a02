from collections import Counter

import numpy as np
import pytest

from pipeline.models import queue

WORDS = [
    "猫と散歩した",
    "電車が遅れた",
    "夕飯はカレー",
    "雨が降ってきた",
    "新しい靴を買った",
    "試験が終わった",
    "推しの配信",
    "朝が早い",
]
NAMES = [f"{word}、{number}回目の{other}" for number, word in enumerate(WORDS) for other in WORDS]
FLOOD = [f"大雪で停電、{word}" for word in (*WORDS, *"札青秋盛仙新")]


def picked(texts, probabilities=None, **options):
    groups = options.pop("groups", np.arange(len(texts)))
    asked = options.pop("asked", np.zeros(len(texts), bool))
    return queue.pick(queue.vectors(texts), probabilities, groups=groups, asked=asked, **{"seed": 1, **options})


def sure(texts, unsure=()):
    found = np.tile(np.array([[0.98, 0.01, 0.01]], np.float32), (len(texts), 1))
    found[list(unsure)] = [0.4, 0.35, 0.25]
    return found


def test_a_third_each():
    texts = NAMES + FLOOD
    found = picked(texts, sure(texts, range(10, 30)), reference=queue.vectors(NAMES * 4), size=12)
    assert Counter(pick.why for pick in found) == {"unsure": 4, "drift": 4, "diverse": 4}
    assert all(pick.row in range(10, 30) for pick in found if pick.why == "unsure")
    assert all(pick.row >= len(NAMES) for pick in found if pick.why == "drift")
    assert len({pick.row for pick in found}) == 12


def test_where_nothing_drifts_the_rest_is_diverse():
    found = picked(NAMES, sure(NAMES, range(20)), reference=queue.vectors(NAMES), size=12)
    assert Counter(pick.why for pick in found) == {"unsure": 4, "diverse": 8}


def test_without_a_model_all_are_diverse():
    found = picked(NAMES, size=8)
    assert [pick.why for pick in found] == ["diverse"] * 8


def test_the_same_day_asks_the_same_and_another_day_does_not():
    first, again, other = (picked(NAMES, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def test_copies_and_posts_that_were_asked_are_not_asked():
    groups = np.repeat(np.arange(0, len(NAMES), 2), 2)  # pairs of copies
    asked = np.zeros(len(NAMES), bool)
    asked[1] = True  # so its copy, row 0, is as good as asked
    found = picked(NAMES, groups=groups, asked=asked, size=100)
    rows = [pick.row for pick in found]
    assert len(rows) == len(set(groups[rows].tolist())) == len(NAMES) // 2 - 1
    assert 0 not in rows and 1 not in rows


def test_unsure_posts_that_say_the_same_are_asked_once():
    texts = [*NAMES, *(f"本日の営業は終了しました{mark}" for mark in ("", "。", "!", "!!", "…", "、"))]
    found = picked(texts, sure(texts, range(len(NAMES), len(texts))), size=15)
    unsure = [texts[pick.row] for pick in found if pick.why == "unsure"]
    assert sum(text.startswith("本日の営業") for text in unsure) == 1


def test_diverse_posts_are_spread():
    texts = [f"{text}だよ" for text in ["同じ話をまたする"] * 60] + ["雪山で遭難", "株価が急騰", "パン屋が開店"]
    counts = Counter(texts[pick.row] for seed in range(20) for pick in picked(texts, size=4, seed=seed))
    assert all(counts[text] == 20 for text in texts[60:])  # the three odd ones, each time


def test_fewer_posts_than_wanted_and_none():
    assert len(picked(WORDS, size=30)) == len(WORDS)
    assert picked(["", " "], size=30)
    assert picked(WORDS, asked=np.ones(len(WORDS), bool)) == []


def test_doubt_by_hand():
    found = queue.doubt(np.array([[0.9, 0.1, 0.0], [0.4, 0.35, 0.25]]))
    assert found == pytest.approx([0.2, 0.95])
    assert queue.least_sure(np.array([[0.9, 0.45], [0.1, 0.0]])).tolist() == [[0.45, 0.55], [0.1, 0.9]]


def test_vectors_have_length_one_and_take_any_text():
    found = queue.vectors(["猫が鳴く", "\ud800", ""])
    lengths = np.sqrt(np.asarray(found.multiply(found).sum(axis=1)).ravel())
    assert lengths[0] == pytest.approx(1, abs=1e-6) and lengths[2] == 0
