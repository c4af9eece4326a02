import json
from dataclasses import replace

import fake_card
import pytest
from selectolax.lexbor import LexborHTMLParser

from pipeline.reports import card


def parsed(shown: card.Card, language: str = "ja") -> LexborHTMLParser:
    return LexborHTMLParser(card.render(shown, language))


def texts(tree: LexborHTMLParser, selector: str) -> list[str]:
    return [" ".join(node.text(separator=" ").split()) for node in tree.css(selector)]


def test_the_verdict_and_its_reasons_stand_at_the_top() -> None:
    tree = parsed(fake_card.card())
    assert texts(tree, "h1") == ["モデル mood/0003"]
    assert texts(tree, ".verdict.refused") == ["見送り"]
    assert texts(tree, ".top .quiet") == ["2024-01-08 12:00 · 現行 mood/0002 と比較"]  # 3:00 UTC in Tokyo
    assert texts(tree, ".reasons li") == [
        "✓ 合格 最近の投稿（300 件）のマクロ F1 の変化は +0.031、下限（90 %）+0.004：許容差 −0.010 を上回る",
        "✕ 不合格 固定の正解集合でラベル「neutral」が崩れた：F1 が 0.700 から 0.100 へ",
        "✓ 合格 学習し直したモデル：すでに学習した最近の投稿（300 件）のマクロ F1 の変化は +0.040",
    ]


def test_scores_have_intervals_and_differences_signs() -> None:
    rows = texts(parsed(fake_card.card(), "en"), "#scores ~ div tbody tr")
    assert rows[0] == "New model recent posts 300 0.871 (0.832 – 0.905) 0.812 (0.770 – 0.850) 0.021"
    assert rows[3] == "Difference (new − in service) recent posts 300 +0.031 (+0.004 – +0.058) +0.031 (−0.004 – +0.060)"


def test_the_confusion_is_shaded_by_row() -> None:
    tree = parsed(fake_card.card())
    assert texts(tree, ".confusion tbody tr") == ["positive 190 10", "negative 30 70"]
    shades = [cell.attributes["class"] for cell in tree.css(".confusion tbody td")]
    assert shades == ["n h3 right", "n h1", "n h2", "n h3 right"]  # 0.95, 0.05, 0.3, 0.7


def test_several_labels_are_shown_one_by_one() -> None:
    shown = replace(fake_card.card(), several=True, confusion=((80, 5, 10, 205), (190, 10, 30, 70)))
    tree = parsed(shown)
    assert texts(tree, ".confusion thead th") == ["正しく無", "誤って有", "見落とし", "正しく有"]
    assert texts(tree, ".confusion tbody tr")[0] == "positive 80 5 10 205"
    assert "完全一致" in texts(tree, "#scores ~ div thead")[0]


def test_the_rest_is_there() -> None:
    tree = parsed(fake_card.card())
    assert len(tree.css(".charts svg")) == 2
    assert texts(tree, ".charts tbody tr")[:3] == ["1 1.02", "2 0.71", "3 0.6"]
    assert texts(tree, "#flips ~ p") == ["12 件のうち 1 件"]
    assert texts(tree, "#flips ~ div tbody tr") == ["悪くないね negative positive 0.910"]
    assert "0123456789abcdef" in texts(tree, "#data ~ dl")[0] and "lstm" in texts(tree, "#data ~ dl")[1]


def test_a_first_model_has_nothing_to_compare_with() -> None:
    first = replace(
        fake_card.card(),
        against=None,
        promoted=True,
        reasons=(card.Reason("first", True, "no model was in service", {}),),
        labels=tuple(replace(row, champion_f1=None) for row in fake_card.card().labels),
        flips=(),
        flipped=0,
    )
    tree = parsed(first, "en")
    assert texts(tree, ".verdict") == ["Promoted"] and not tree.css(".verdict.refused")
    assert "no model in service" in texts(tree, ".top .quiet")[0]
    assert "F1 in service" not in texts(tree, "#labels ~ div thead")[0]
    assert "No post's label flips." in texts(tree, "main")[0]


def test_a_reason_without_words_of_its_own_says_the_program_s() -> None:
    shown = replace(fake_card.card(), reasons=(card.Reason("by_hand", True, "promoted by hand", {}),))
    assert texts(parsed(shown), ".reasons li")[:1] == ["✓ 合格 promoted by hand"]


def test_every_reason_of_a_decision_has_words_in_both_languages() -> None:
    from pipeline.models import promotion
    from pipeline.reports.strings import texts as words

    for language in ("ja", "en"):
        assert {name for name in promotion._WORDS if not hasattr(words(language), f"reason_{name}")} == set()
        assert {p for p in promotion._PARTS if not hasattr(words(language), f"part_{p}")} == set()


@pytest.mark.parametrize("language", ["ja", "en"])
def test_hostile_text_stays_text_and_no_script_may_run(language: str) -> None:
    html = card.render(fake_card.hostile(), language)
    html.encode("utf-8")
    tree = LexborHTMLParser(html)
    assert not tree.css("script")
    policy = tree.css_first("meta[http-equiv]").attributes["content"]
    assert policy is not None and policy.startswith("default-src 'none'; ") and "script-src" not in policy
    assert tree.css_first(".post-text").text() == "<script>alert(1)</script>\"'=\u202e\ufffd\ufffd"
    assert not [node for node in tree.css("*") if any(name.startswith("on") for name in node.attributes)]


def test_the_json_says_the_same() -> None:
    found = json.loads(card.as_json(fake_card.card()))
    assert found["format"] == 1 and found["promoted"] is False
    assert found["scores"][3] == {
        "role": "difference", "part": "recent", "posts": 300, "ece": None,
        "accuracy": {"value": 0.031, "low": 0.004, "high": 0.058},
        "macro_f1": {"value": 0.031, "low": -0.004, "high": 0.06},
    }  # fmt: skip
    assert found["charts"][0] == {"name": "loss", "title": "学習曲線", "values": [["1", 1.02], ["2", 0.71], ["3", 0.6]]}
    assert found["reasons"][1]["values"]["label"] == "neutral"
    assert json.loads(card.as_json(fake_card.hostile()))["flips"][0]["text"].startswith("<script>")
    assert card.as_json(fake_card.card()) == card.as_json(fake_card.card())


def test_it_says_which_training_the_scores_are_of() -> None:
    found = " ".join(texts(parsed(fake_card.card()), "[aria-labelledby=fits]"))
    assert "得点を測ったもの" in found and "応答するもの" in found and "2024-01-01 – 2024-01-07" in found
    assert "学習し直して初めて覚えたラベル：odd" in found and "線形モデルの割合は 30 %" in found
    one = replace(fake_card.card(), fits=replace(fake_card.card().fits, served=None, new=(), reasons=(), wide=0.0))
    told = " ".join(texts(parsed(one), "[aria-labelledby=fits]"))
    assert "そのまま応答する" in told and "応答するもの" not in told and "線形" not in told
    assert texts(parsed(replace(one, fits=None)), "#fits") == []
