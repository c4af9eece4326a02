"""What pages and sheets say, in Japanese or English: their words, dates, parts of speech, rules."""

from __future__ import annotations

import datetime as dt
from functools import cache
from types import SimpleNamespace

from pipeline.reports import words_of_days, words_of_models
from pipeline.settings import Language

_TEXTS = words_of_days.TEXTS | words_of_models.TEXTS

_WEEKDAYS = (
    ("月曜日", "Monday"),
    ("火曜日", "Tuesday"),
    ("水曜日", "Wednesday"),
    ("木曜日", "Thursday"),
    ("金曜日", "Friday"),
    ("土曜日", "Saturday"),
    ("日曜日", "Sunday"),
)
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_POS = {  # UniDic's parts of speech that reach a table; the terms of the NINJAL corpora's English pages
    "名詞": "noun",
    "代名詞": "pronoun",
    "動詞": "verb",
    "形容詞": "adjective",
    "形状詞": "adjectival noun",
    "副詞": "adverb",
    "連体詞": "adnominal",
    "接続詞": "conjunction",
    "感動詞": "interjection",
    "接頭辞": "prefix",
    "接尾辞": "suffix",
    "記号": "symbol",
    "補助記号": "supplementary symbol",
}
_RULES = {  # why a row was left out: the names that reading and merging give
    "blank": ("空行", "blank"),
    "deleted": ("削除済み", "deleted"),
    "expired": ("保存期間を過ぎた日", "of a day past its retention"),
    "forgotten": ("忘却の申し出", "forgotten on request"),
    "header": ("見出し行", "header"),
    "moved": ("別の日へ移動", "moved to another day"),
    "notice": ("投稿でない通知", "notice, no post"),
    "private": ("非公開", "private"),
    "tombstone": ("削除の跡", "tombstone"),
}


@cache
def texts(language: Language) -> SimpleNamespace:
    """Return all texts of a language by name."""
    place = _place(language)
    return SimpleNamespace(**{name: pair[place] for name, pair in _TEXTS.items()})


def long_date(day: dt.date, language: Language) -> str:
    """Return the date as written out, without the weekday: 2024年1月1日, 1 January 2024."""
    if language == "ja":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def month(day: dt.date, language: Language) -> str:
    """Return year and month as written out."""
    return f"{day.year}年{day.month}月" if language == "ja" else f"{_MONTHS[day.month - 1]} {day.year}"


def weekday(day: dt.date, language: Language) -> str:
    """Return the name of the weekday."""
    return _WEEKDAYS[day.weekday()][_place(language)]


def short_weekdays(language: Language) -> list[str]:
    """Return the weekdays from Monday as a calendar heads them: 月, Mon."""
    return [pair[0][:1] if language == "ja" else pair[1][:3] for pair in _WEEKDAYS]


def part_of_speech(pos: str | None, language: Language) -> str:
    """Return UniDic's part of speech as the language names it; nothing without one."""
    if pos is None or language == "ja":
        return pos or ""
    return _POS.get(pos, pos)


def task_title(name: str, title: str | None, language: Language) -> str:
    """Return what a model is called: as the settings say, or as we call the usual ones, or by its name."""
    return title or str(getattr(texts(language), f"task_{name}", name))


def skip_rule(rule: str, language: Language) -> str:
    """Return the name of a rule that leaves rows out, as the language puts it; an unknown one as it is."""
    names = _RULES.get(rule)
    return names[_place(language)] if names else rule


def _place(language: Language) -> int:
    return 0 if language == "ja" else 1
