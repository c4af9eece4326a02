import datetime as dt
import re
from pathlib import Path
from string import Formatter

from pipeline.reports import strings
from pipeline.reports.model import TableName, Totals

TEMPLATES = Path(strings.__file__).with_name("templates")


def places(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_say_all_with_the_same_values() -> None:
    ja, en = vars(strings.texts("ja")), vars(strings.texts("en"))
    for name, text in ja.items():
        assert text and en[name]
        assert places(text) == places(en[name]), name


def named(*sources: Path) -> set[str]:
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    return {one or other for one, other in re.findall(r"\bt\.(\w+)|texts\(language\)\.(\w+)", text)}


def test_every_text_is_used_and_every_used_text_is_there() -> None:
    ours = [*TEMPLATES.glob("*.j2"), *TEMPLATES.parent.glob("*.py")]
    every = [*ours, *TEMPLATES.parents[1].rglob("*.py")]
    names = set(vars(strings.texts("ja")))
    assert named(*ours) - names == set()
    by_name = {*TableName.__args__, *Totals.__dataclass_fields__}
    # of a picture, a reason, a set of posts, a model's part; of a task, its labels, its queries: by their names
    prefixes = ("cloud_", "reason_", "part_", "role_", "task_", "named_", "query_", "data_")
    assert {name for name in names - named(*every) - by_name if not name.startswith(prefixes)} == set()


def test_rules_have_names_and_an_unknown_one_keeps_its_own() -> None:
    assert [strings.skip_rule(rule, "ja") for rule in ("private", "new_rule")] == ["非公開", "new_rule"]
    assert strings.skip_rule("moved", "en") == "moved to another day"


def test_dates_and_months() -> None:
    day = dt.date(2024, 2, 29)
    assert (strings.long_date(day, "ja"), strings.weekday(day, "ja")) == ("2024年2月29日", "木曜日")
    assert (strings.long_date(day, "en"), strings.weekday(day, "en")) == ("29 February 2024", "Thursday")
    assert (strings.month(day, "ja"), strings.month(day, "en")) == ("2024年2月", "February 2024")
    assert strings.short_weekdays("ja") == list("月火水木金土日")
