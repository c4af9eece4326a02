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
    "gloss": ("訳", "Translation"),
    "gloss_by": ("（機械翻訳 {model}。誤りがあり得ます）", "(by machine, {model}; it may be wrong)"),
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
        "分析が異常終了したため語を数えられなかった投稿：{posts} 件（隔離に記録）",
        "Posts whose analysis broke off and that could not be counted: {posts} (see quarantine)",
    ),
    "note_damaged": (
        "{file} は途中で読めなくなりました。読めた行までを数えています：{error}",
        "{file} could not be read to its end; what came before counts: {error}",
    ),
    "note_failed": (
        "{date}の処理は失敗しました（{reason}）。次の実行でやり直します。それまで、その日の数は古いままか、ありません。",
        "The run of {date} failed ({reason}). The next run tries again; until then its numbers are old or missing.",
    ),
    "note_missing": (
        "{first}から{last}までの投稿がありません。それまでは毎日ありました。収集が止まっていないか、確かめてください。",
        "There are no posts of {first} to {last}, though every day before had some: see that collecting goes on.",
    ),
    "note_missing_day": (
        "{first}の投稿がありません。それまでは毎日ありました。収集が止まっていないか、確かめてください。",
        "There are no posts of {first}, though every day before had some: see that collecting goes on.",
    ),
    "note_model": ("モデル「{model}」：{reason}", "Model “{model}”: {reason}"),
    "note_no_model": (
        "モデル「{model}」はまだ使われていません。hibi train か hibi retrain で学習できます。",
        "Model “{model}” is not in service yet; hibi train or hibi retrain makes one.",
    ),
    # What the models read
    "learned": ("モデルの読み", "What the models read"),
    "task_mood": ("気分", "Mood"),
    "task_topic": ("話題", "Topics"),
    "task_language": ("ことばづかい", "Language"),
    "named_positive": ("ポジティブ", "positive"),
    "named_negative": ("ネガティブ", "negative"),
    "named_neutral": ("中立", "neutral"),
    "learned_about": (
        "モデル {version} が、転載と複製を除く {posts} 件を読みました。うち判断に自信のないもの {unsure} 件。",
        "Model {version} read {posts} posts, reposts and copies apart; of {unsure} it is unsure.",
    ),
    "learned_language": (
        "言語モデル {version} が、転載と複製を除く {posts} 件を読みました。",
        "Language model {version} read {posts} posts, reposts and copies apart.",
    ),
    "learned_corrected": (
        "割合は、このモデルの間違いの癖を差し引いた推定です。細い線と帯は 95 % の区間を示します。",
        "Shares are estimates, corrected for the mistakes that the model is known to make; "
        "thin lines and bands are 95 % intervals.",
    ),
    "learned_unmeasured": (
        "人が付けた正解がまだ足りず、このモデルの間違いを測れないため、割合は示しません。",
        "Shares are not told: there are too few labels by people to know the mistakes that this model makes.",
    ),
    "learned_versions": ("過去の日には {versions} の答えもあります。", "Earlier days also have answers of {versions}."),
    "chart_shares": ("{name}の割合", "{name}: shares of the day"),
    "chart_by_hour": ("{name}の時間ごとの割合", "{name} by hour"),
    "chart_by_day": ("{name}の直近 {days} 日の割合", "{name} over {days} days"),
    "column_label": ("ラベル", "Label"),
    "column_share": ("割合", "Share"),
    "column_interval": ("95 % の区間", "95 % interval"),
    "column_answers": ("モデルの答え", "Answers"),
    "interval_low": ("下限", "Low"),
    "interval_high": ("上限", "High"),
    "clues": ("手がかりになった語", "Words that speak for each"),
    "clues_about": (
        "標本の投稿から語を一つ抜いたとき、そのラベルの確率が下がった平均（ポイント）。",
        "How far the label's probability falls, in points, when the word is left out of posts of a sample.",
    ),
    "typical": ("典型的な投稿", "Typical posts"),
    "surprising": ("どちらとも言いにくい投稿", "Posts hard to tell"),
    "unexpected": ("意外な投稿", "Surprising posts"),
    "expected": ("ありふれた投稿", "Commonplace posts"),
    "probability": ("確率 {value}", "probability {value}"),
    "perplexity": ("パープレキシティ {value}", "perplexity {value}"),
    "learned_queries": ("これらの数を求める DuckDB の問い合わせ", "DuckDB queries for these numbers"),
    "query_shares": ("割合", "Shares"),
    "query_answers": ("割合のもとになる答えの数", "The answers that shares start from"),
    "query_evidence": ("語と投稿", "Words and posts"),
    "text": ("本文", "Text"),
    "points": ("ポイント", "Points"),
    "hour": ("時", "Hour"),
    "date": ("日付", "Date"),
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
    # Labelling page
    "label_title": ("{task} のラベル付け（{date}）", "Labels for {task}, {date}"),
    "label_count": ("{posts} 件、10 分ほど", "{posts} posts, some ten minutes"),
    "label_how": (
        "投稿を読み、数字キーを押すか選択肢を押してください。0 は「わからない」、↑↓ で移動、Backspace で取り消し。"
        "回答はこのブラウザに残り、最後にファイルとして保存します。",
        "Read a post and press a digit or choose a label. 0: cannot tell; ↑ and ↓ move; Backspace takes back. "
        "Answers stay in this browser until you save them as a file.",
    ),
    "label_how_several": (
        "当てはまるものすべてを数字キーか選択で付け、Enter で次へ。n は「どれでもない」、0 は「わからない」、"
        "Backspace で取り消し。回答はこのブラウザに残り、最後にファイルとして保存します。",
        "Choose all that fit by digit or click, and go on with Enter. n: none; 0: cannot tell; Backspace takes back. "
        "Answers stay in this browser until you save them as a file.",
    ),
    "label_no_script": (
        "JavaScript が無効です。同じ投稿の CSV か Excel の表の label 列に記入してください。",
        "JavaScript is off. Fill the column label of the same posts' CSV or Excel sheet instead.",
    ),
    "label_who": ("お名前", "Your name"),
    "label_save": ("ファイルに保存（JSON）", "Save as a file (JSON)"),
    "label_save_csv": ("CSV で保存", "Save as CSV"),
    "label_done": ("{done} / {all} 件", "{done} of {all}"),
    "label_nobody": ("保存の前にお名前を記入してください。", "Please give your name before saving."),
    "label_saved": (
        "{answers} 件の回答を保存しました。ファイルを hibi label import で取り込んでください。",
        "{answers} answers saved. Hand the file to hibi label import.",
    ),
    "label_forgets": (
        "このブラウザは回答を記憶できません。閉じる前に保存してください。",
        "This browser cannot remember answers. Save before you close it.",
    ),
    "label_answer": ("{number} 件目のラベル", "Label of post {number}"),
    "label_none": ("どれでもない", "none of these"),
    "label_unknown": ("わからない", "cannot tell"),
    "label_nothing": ("今日ラベル付けする投稿はありません。", "There is nothing to label today."),
    # Card of a model
    "card_title": ("モデル {name}", "Model {name}"),
    "card_promoted": ("採用", "Promoted"),
    "card_refused": ("見送り", "Not promoted"),
    "card_trained": ("学習", "Trained"),
    "card_against": ("現行 {name} と比較", "compared with {name} in service"),
    "card_alone": ("比較する現行モデルなし", "no model in service to compare with"),
    "card_reasons": ("判定の理由", "Why"),
    "card_passed": ("合格", "passed"),
    "card_failed": ("不合格", "failed"),
    "reason_better": (
        "{part}（{posts} 件）のマクロ F1 の変化は {value}、下限（{sure} %）{low}：許容差 −{tolerance} を上回る",
        "Macro F1 on {part} ({posts} posts) changes by {value}, with {sure} % certainty no lower than {low}: "
        "above the tolerance of −{tolerance}",
    ),
    "reason_worse": (
        "{part}（{posts} 件）のマクロ F1 の変化は {value}、下限（{sure} %）{low}：許容差 −{tolerance} を上回らない",
        "Macro F1 on {part} ({posts} posts) changes by {value}, with {sure} % certainty no lower than {low}: "
        "not above the tolerance of −{tolerance}",
    ),
    "reason_few": ("{part}は {posts} 件しかない（{least} 件必要）", "{part}: only {posts} posts; {least} are needed"),
    "reason_collapsed": (
        "{part}でラベル「{label}」が崩れた：F1 が {champion} から {challenger} へ",
        "On {part}, label “{label}” collapses: F1 from {champion} to {challenger}",
    ),
    "reason_kept": ("{part}で崩れたラベルはない", "On {part}, no label collapses"),
    "reason_first": ("現行のモデルがなかった", "No model was in service"),
    "reason_unfrozen": (
        "固定の正解集合がないため、最近の投稿だけで判定した",
        "There is no frozen gold set: only recent posts were asked",
    ),
    "reason_learned": (
        "学習し直したモデル：すでに学習した{part}（{posts} 件）のマクロ F1 の変化は {value}",
        "Trained once more: macro F1 on {part} ({posts} posts), which it has learned now, changes by {value}",
    ),
    "reason_held": (
        "学習し直したモデル：{part}（{posts} 件）のマクロ F1 の変化は {value}（{low} – {high}）",
        "Trained once more: macro F1 on {part} ({posts} posts) changes by {value} ({low} – {high})",
    ),
    "reason_unsound": (
        "学習し直したモデルは{part}（{posts} 件）で悪化した（{value}、{low} – {high}）：得点を測ったモデルが応答する",
        "Trained once more, it is worse on {part} ({posts} posts: {value}, {low} – {high}): the measured one answers",
    ),
    "part_recent": ("最近の投稿", "recent posts"),
    "part_frozen": ("固定の正解集合", "the frozen gold set"),
    "part_dev": ("調整用の投稿", "dev posts"),
    "card_scores": ("得点（括弧内は 95 % の区間）", "Scores, with 95 % intervals"),
    "card_model": ("モデル", "Model"),
    "card_part": ("尋ねた投稿", "Posts asked"),
    "card_accuracy": ("正解率", "Accuracy"),
    "card_exact": ("完全一致", "Exact match"),
    "card_macro_f1": ("マクロ F1", "Macro F1"),
    "card_ece": ("較正誤差（ECE）", "Calibration error (ECE)"),
    "role_challenger": ("新しいモデル", "New model"),
    "role_champion": ("現行モデル", "In service"),
    "role_linear": ("線形の基準", "Linear baseline"),
    "role_served": ("応答するモデル（学習し直したもの）", "What answers (trained once more)"),
    "role_difference": ("差（新 − 現行）", "Difference (new − in service)"),
    "card_fits": ("どの学習の得点か", "Which training the scores are of"),
    "fit_two": (
        "得点は、最近の投稿を見ずに学習したモデルのもの。応答するのは、採用が決まったあとに、同じ設定と同じ回数ですべての投稿から"
        "学習し直したモデル。測るための投稿も学習したので、その得点は固定の正解集合でしか測れない。",
        "The scores are of a training that saw none of the posts it was asked. What answers is the same recipe, "
        "trained once more after the decision, for as many epochs, on all posts. Those held out are among them, so "
        "that only a frozen gold set can measure it.",
    ),
    "fit_one": (
        "得点を測ったモデルがそのまま応答する（採用された場合）。",
        "What was measured is what answers, if it is put into service.",
    ),
    "fit_new": ("学習し直して初めて覚えたラベル：{labels}", "Labels that only the second training knows: {labels}"),
    "fit_wide": (
        "答えのうち線形モデルの割合は {share} %、残りがニューラルネットワーク。",
        "The linear model has a part of {share} % in the answer, the network the rest.",
    ),
    "fit_training": ("学習", "Training"),
    "fit_scored": ("得点を測ったもの", "Measured"),
    "fit_served": ("応答するもの", "Answers"),
    "fit_epochs": ("エポック", "Epochs"),
    "fit_labels": ("ラベルの種類", "Labels"),
    "card_learned": ("学習数", "Learned"),
    "card_labels": ("ラベルごと", "By label"),
    "card_label": ("ラベル", "Label"),
    "card_gold": ("正解数", "Gold"),
    "card_precision": ("適合率", "Precision"),
    "card_recall": ("再現率", "Recall"),
    "card_before": ("現行の F1", "F1 in service"),
    "card_confusion": ("混同（{part}、行は正解、列は回答）", "Confusion on {part}: gold in rows, answers in columns"),
    "card_of_several": ("ラベルごとの有無（{part}）", "Each label, on {part}"),
    "card_hit": ("正しく有", "Hit"),
    "card_missed": ("見落とし", "Missed"),
    "card_false": ("誤って有", "False"),
    "card_rejected": ("正しく無", "Rightly absent"),
    "card_charts": ("学習曲線と較正", "Learning curves and calibration"),
    "curve_learning": ("学習曲線（横軸はエポック）", "Learning curves, by epoch"),
    "curve_loss": ("学習の損失", "Loss in training"),
    "curve_dev_loss": ("調整用の損失", "Loss on dev"),
    "curve_dev_score": ("調整用の正解率", "Accuracy on dev"),
    "curve_calibration": ("較正（横軸は確信度）", "Calibration, by confidence"),
    "curve_right": ("正解の割合", "Share of right answers"),
    "curve_even": ("理想", "Ideal"),
    "data_people": ("人がラベルを付けた投稿", "Posts labelled by people"),
    "data_weak": ("規則によるラベル（弱い教師）", "Weak labels, made by rule"),
    "data_train": ("学習に使用", "Learned from"),
    "data_dev": ("調整に使用", "Tuned on"),
    "data_recent": ("最近の投稿（比較用）", "Recent posts held out"),
    "data_frozen": ("固定の正解集合", "Frozen gold set"),
    "data_left_out": ("除外（複写など）", "Left out: copies and the like"),
    "data_missing": ("ラベルはあるが投稿がない", "Labels without a post"),
    "data_unsettled": ("答えが割れた投稿", "Posts that people disagree on"),
    "data_days": ("学習した日", "Days learned from"),
    "data_until": ("この日まで", "Up to"),
    "data_labels": ("学習したラベル", "Labels learned"),
    "data_fingerprint": ("データの指紋", "Fingerprint of the data"),
    "data_dictionary": ("辞書の指紋", "Fingerprint of the dictionary"),
    "card_flips": ("ラベルが変わる投稿", "Posts whose label flips"),
    "card_flips_of": ("{all} 件のうち {shown} 件", "{shown} of {all}"),
    "card_no_flips": ("ラベルが変わる投稿はありません。", "No post's label flips."),
    "card_from": ("変更前", "Before"),
    "card_to": ("変更後", "After"),
    "card_probability": ("確率", "Probability"),
    "card_data": ("学習に使ったもの", "Trained on"),
    "card_recipe": ("設定（レシピ）", "Recipe"),
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
