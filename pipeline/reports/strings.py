"""The words of pages and sheets, in Japanese and English; dates and parts of speech as each writes them."""

from __future__ import annotations

import datetime as dt
from functools import cache
from types import SimpleNamespace

from pipeline.settings import Language

_TEXTS: dict[str, tuple[str, str]] = {
    "site": ("hibi 日々", "hibi 日々"),
    "skip": ("本文へ移動", "Skip to content"),
    "no_script": (
        "JavaScript が無効です。読むことはできますが、並べ替え、絞り込み、語から投稿を開くことはできません。",
        "JavaScript is off. Everything can be read, but not sorted, filtered or opened by word.",
    ),
    # Around the day
    "day_title": ("{date}の日報", "Report for {date}"),
    "days": ("日の移動", "Days"),
    "all_days": ("すべての日", "All days"),
    "earlier": ("前の日", "Day before"),
    "later": ("次の日", "Day after"),
    "contents": ("目次", "Contents"),
    "zone": ("{zone} の一日", "One day in {zone}"),
    "numbers": ("数と前日比", "Numbers, with the change since the day before"),
    "notes": ("注意", "Please note"),
    "downloads": ("ダウンロード", "Downloads"),
    "workbook": ("Excel（report.xlsx）", "Excel (report.xlsx)"),
    "json": ("JSON（report.json）", "JSON (report.json)"),
    # Totals
    "posts": ("投稿", "Posts"),
    "authors": ("投稿者", "Authors"),
    "reposts": ("転載", "Reposts"),
    "copies": ("複製", "Copies"),
    "words": ("語", "Words"),
    "quarantined": ("隔離", "Quarantined"),
    "skipped": ("規則で除外", "Left out by rule"),
    "change": ("前日比", "change"),
    "same": ("前日と同じ", "no change"),
    # Summary
    "summary": ("要約", "Summary"),
    "no_summary": ("この日に要約できる文はありません。", "There are no sentences to summarise on this day."),
    "stands_for": ("投稿の {share} を代表（{posts} 件）", "stands for {share} of the posts ({posts})"),
    "link": ("元の投稿", "Original post"),
    # Pictures
    "pictures": ("ことばの雲", "Word clouds"),
    "charts": ("グラフ", "Charts"),
    "png": ("PNG 画像", "PNG image"),
    "pick": (
        "語を押すと、その投稿を読めます。下の表からも開けます。",
        "Choose a word to read its posts; the tables below open the same.",
    ),
    "no_glyph": ("字形がなく描けなかった語", "Words without a glyph in the font"),
    "no_room": ("場所がなく入らなかった語", "Words that did not fit"),
    "values": ("数値で見る", "Show the values"),
    "label": ("項目", "Item"),
    "value": ("値", "Value"),
    "cloud_adjectives": ("形容詞", "Adjectives"),
    "cloud_nouns": ("名詞", "Nouns"),
    "chart_hours": ("時間ごとの投稿", "Posts by hour"),
    "chart_days": ("直近 {days} 日の投稿", "Posts of the last {days} days"),
    "chart_lines": ("上位の語の {days} 日間の回数", "Top words over {days} days"),
    "chart_unit": ("件", "posts"),
    # Notes
    "note_cut": ("{limit} 文字までを分析した投稿：{posts} 件", "Posts analysed only up to {limit} characters: {posts}"),
    "note_lost": (
        "MeCab が異常終了したため語を数えられなかった投稿：{posts} 件（隔離に記録）",
        "Posts that ended MeCab and could not be counted: {posts} (see quarantine)",
    ),
    "note_damaged": (
        "{file} は途中で読めなくなりました。読めた行までを数えています：{error}",
        "{file} could not be read to its end; what came before counts: {error}",
    ),
    # Tables
    "tables": ("表", "Tables"),
    "adjectives": ("形容詞", "Adjectives"),
    "nouns_adjectives": ("名詞・形容詞", "Nouns and adjectives"),
    "content_words": ("動詞・形容詞・名詞", "Verbs, adjectives and nouns"),
    "hashtags": ("ハッシュタグ", "Hashtags"),
    "emoji": ("絵文字", "Emoji"),
    "kaomoji": ("顔文字", "Kaomoji"),
    "caption": ("{name}：上位 {shown} 語（全 {all} 語）", "{name}: top {shown} of {all}"),
    "empty": ("この日にはありません。", "None on this day."),
    "filter": ("絞り込み", "Filter"),
    "filter_in": ("{name}を絞り込む", "Filter {name}"),
    "matching": ("{shown} / {all} 語", "{shown} of {all}"),
    "csv": ("全語の CSV", "All words as CSV"),
    "query": ("この表を求める DuckDB の問い合わせ", "DuckDB query for this table"),
    "rank": ("順位", "Rank"),
    "word": ("語", "Word"),
    "reading": ("読み", "Reading"),
    "name": ("名前", "Name"),
    "pos": ("品詞", "Part of speech"),
    "count": ("回数", "Count"),
    "original_count": ("転載・複製を除く", "Without reposts and copies"),
    "per_10000": ("1万語あたり", "Per 10,000 words"),
    "previous_rank": ("前日", "Rank before"),
    "new": ("新", "new"),
    "rose": ("上昇 {steps}", "up {steps}"),
    "fell": ("下降 {steps}", "down {steps}"),
    "stayed": ("変わらず", "unchanged"),
    # Posts of a word
    "close": ("閉じる", "Close"),
    "shown_posts": ("{posts} 件のうち {shown} 件", "{shown} of {posts} posts"),
    "times": ("{count} 回", "{count} times"),
    # Sources
    "sources": ("出典と記録", "Sources and record"),
    "files": ("ファイル", "Files"),
    "files_rule": (
        "読んだ行 = 採用 + 重複 + 隔離 + 規則で除外",
        "Rows read = kept + repeated + quarantined + left out by rule",
    ),
    "file": ("ファイル", "File"),
    "format": ("形式", "Format"),
    "encoding": ("文字コード", "Encoding"),
    "read": ("読んだ行", "Read"),
    "kept": ("採用", "Kept"),
    "repeated": ("重複", "Repeated"),
    "sum": ("計", "Total"),
    "quarantine": ("隔離した行", "Quarantined rows"),
    "line": ("行", "Line"),
    "reason": ("理由", "Reason"),
    "raw": ("元の内容", "Content"),
    "examples": ("{all} 行のうち {shown} 行", "{shown} of {all} rows"),
    "settings": ("設定", "Settings"),
    "dictionary": ("辞書", "Dictionary"),
    "versions": ("版", "Versions"),
    # Calendar of days
    "calendar": ("日々のカレンダー", "Calendar of days"),
    "days_count": ("{days} 日、投稿 {posts} 件", "{days} days, {posts} posts"),
    "latest": ("最新の日", "Latest day"),
    "failed": ("失敗", "failed"),
    "no_days": ("まだ日がありません。", "There are no days yet."),
    "n_posts": ("{n} 件", "{n} posts"),
    "n_authors": ("{n} 人", "{n} authors"),
    # Workbook
    "overview": ("概要", "Overview"),
    "top_rows": (
        "各表は上位 {rows} 語まで。全語は CSV にあります。",
        "Each sheet holds the top {rows} rows; the CSV tables hold all.",
    ),
    "time": ("時刻", "Time"),
    "sentence": ("文", "Sentence"),
    "share": ("割合", "Share"),
}

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


def skip_rule(rule: str, language: Language) -> str:
    """Return the name of a rule that leaves rows out, as the language puts it; an unknown one as it is."""
    names = _RULES.get(rule)
    return names[_place(language)] if names else rule


def _place(language: Language) -> int:
    return 0 if language == "ja" else 1
