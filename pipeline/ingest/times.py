"""Times as formats write them, to microseconds since the epoch in UTC; None where a text tells no usable time.

Years before 1971 and after 2200 count as unusable: they come from zeroed or damaged fields, of which 1970 is the mark.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = 31_536_000_000_000, 7_289_654_400_000_000  # [1971-01-01T00:00:00Z, 2201-01-01T00:00:00Z)
_DAY = 86_400_000_000
_MONTHS = {"JanFebMarAprMayJunJulAugSepOctNovDec"[3 * i : 3 * i + 3]: i + 1 for i in range(12)}
_X = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d\d) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d) (\d{4})", re.ASCII)
_SHEET = re.compile(
    r"""(\d{4}) \s?[年/.-]\s? (\d{1,2}) \s?[月/.-]\s? (\d{1,2}) \s?日?      # the date
    (?:\s?\(?[月火水木金土日](?:曜日?)?\)?)?                                 # its weekday
    (?:[\sT,]{0,2} (午前|午後|AM|PM)? \s? (\d{1,2}) \s?[:時]                 # hour
       (?:\s?(\d{1,2}) \s?[:分]? (?:\s?(\d{1,2}) (?:\.(\d{1,9}))? \s?秒?)?)? # minute, second, fraction
       (?:\s?(AM|PM))?
    )?""",
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)
_LONGEST = 64


def micros(moment: datetime) -> int | None:
    """Return an aware datetime as microseconds."""
    past = moment - _EPOCH  # exact, where timestamp() is a float
    value = past.days * _DAY + past.seconds * 1_000_000 + past.microseconds
    return value if _FIRST <= value < _LAST else None


def usable(micros: int) -> bool:
    """Tell whether an instant lies in the years that count."""
    return _FIRST <= micros < _LAST


def iso(text: object, zone: tzinfo = UTC) -> int | None:
    """Read ISO 8601; ``zone`` holds where the text has no offset."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        return None
    try:
        moment = datetime.fromisoformat(text)
        past = (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)) - _EPOCH
    except (ValueError, OverflowError):
        return None
    value = past.days * _DAY + past.seconds * 1_000_000 + past.microseconds
    return value if _FIRST <= value < _LAST else None


def epoch(value: object) -> int | None:
    """Read seconds, milliseconds or microseconds since the epoch, told apart by size; a number or its digits."""
    if isinstance(value, str) and len(value) <= _LONGEST and value.isascii():
        try:
            value = int(value) if value.isdigit() else float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LAST:
        return None
    scale = 1_000_000 if value < 1e11 else 1_000 if value < 1e14 else 1
    found = value * scale if isinstance(value, int) else round(value * scale)
    return found if _FIRST <= found < _LAST else None


def x_time(text: object) -> int | None:
    """Read ``Sun Mar 31 14:59:59 +0000 2024``: English names whatever the locale."""
    match = _X.fullmatch(text) if isinstance(text, str) else None
    if match is None or match.group(1) not in _MONTHS:
        return None
    day, hour, minute, second, ahead, behind, year = (int(match.group(i)) for i in (2, 3, 4, 5, 7, 8, 9))
    offset = timedelta(hours=ahead, minutes=behind) * (-1 if match.group(6) == "-" else 1)
    try:
        return micros(datetime(year, _MONTHS[match.group(1)], day, hour, minute, second, tzinfo=timezone(offset)))
    except (ValueError, OverflowError):
        return None


def sheet(text: str, zone: tzinfo) -> int | None:
    """Read what people write in sheets: ISO, ``2024/4/1 9:05``, ``2024年4月1日 23時59分``, a date alone."""
    plain = unicodedata.normalize("NFKC", text[: _LONGEST + 1]).strip()
    found = iso(plain, zone) if not plain.isdigit() or len(plain) == len("20240401") else None
    match = _SHEET.fullmatch(plain) if found is None and len(plain) <= _LONGEST else None
    if match is None:
        return found
    year, month, day, _, hour, minute, second = (int(v) if v and v.isdigit() else 0 for v in match.groups()[:7])
    half = (match.group(4) or match.group(9) or "").upper()
    try:
        hour = _hour(hour, half)
        moment = datetime(year, month, day, hour, minute, second, _fraction(match.group(8)), tzinfo=zone)
        return micros(moment)
    except (ValueError, OverflowError):
        return None


def _hour(hour: int, half: str) -> int:
    if not half:
        return hour
    if hour > 12:
        raise ValueError("no hour of a half day")
    return hour % 12 + (12 if half in ("PM", "午後") else 0)


def _fraction(digits: str | None) -> int:
    return int((digits or "").ljust(6, "0")[:6])


def written(text: str, form: str, zone: tzinfo) -> int | None:
    """Read a time by a strptime format out of the settings."""
    try:
        moment = datetime.strptime(text, form)
        return micros(moment if moment.tzinfo is not None else moment.replace(tzinfo=zone))
    except (ValueError, OverflowError, re.error):
        return None


def cell(value: date, zone: tzinfo) -> int | None:
    """Read a real date of a sheet, which has no zone; rounded to milliseconds, as sheets keep days as floats."""
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    try:
        found = micros(moment.replace(tzinfo=zone))
    except OverflowError:
        return None
    return found if found is None else (found + 500) // 1_000 * 1_000


def serial(value: object, zone: tzinfo) -> int | None:
    """Read a spreadsheet's serial date: days since 1899-12-30 in local time."""
    try:
        days = float(value) if isinstance(value, str | int | float) else -1.0
        if not 0 < days < 200_000:
            return None
        return cell(datetime(1899, 12, 30) + timedelta(milliseconds=round(days * 86_400_000)), zone)
    except (ValueError, OverflowError):
        return None


def snowflake(post_id: str) -> int | None:
    """Read the time out of an X id, ``(id >> 22) + 1288834974657`` ms; ids before November 2010 hold none."""
    if not (post_id.isascii() and post_id.isdigit() and len(post_id) <= 19) or int(post_id) < 30_000_000_000:
        return None
    return ((int(post_id) >> 22) + 1_288_834_974_657) * 1_000
