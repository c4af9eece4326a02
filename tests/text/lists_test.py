from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.text import stopwords, synonyms


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_stop_words(tmp_path: Path) -> None:
    mine = write(tmp_path / "stop.txt", "\ufeff# note\r\nＡＢＣ\r\n\r\n パソコン \r\n")
    assert stopwords.load(mine, shipped=False) == {"ABC", "パソコン"}
    shipped = stopwords.load(None, shipped=True)
    assert {"する", "こと", "ん", "さん"} <= shipped
    assert not {"嬉しい", "映画", "笑"} & shipped
    assert stopwords.load(mine, shipped=True) == shipped | {"ABC", "パソコン"}
    assert stopwords.load(None, shipped=False) == frozenset()


@pytest.mark.parametrize(
    ("content", "said"), [(b"a\n\xff\n", "line 2: not UTF-8"), (b"a\nb\0\n", "line 2: holds a NUL")]
)
def test_damaged_lists(tmp_path: Path, content: bytes, said: str) -> None:
    path = write(tmp_path / "stop.txt", content)
    with pytest.raises(SettingsError, match=said) as error:
        stopwords.load(path, shipped=False)
    assert str(path) in str(error.value)


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere"):
        stopwords.load(tmp_path / "nowhere.txt", shipped=False)


def test_synonyms(tmp_path: Path) -> None:
    mine = write(tmp_path / "s.csv", "variant,preferred\nねこ,猫\n# note\nネコ,ねこ\n")
    assert synonyms.load(mine, shipped=False) == {"ねこ": "猫", "ネコ": "猫"}
    both = synonyms.load(mine)
    assert both["らーめん"] == "ラーメン"
    assert both["ネコ"] == "猫"


def test_synonyms_chain_across_lists(tmp_path: Path) -> None:
    assert synonyms.load(write(tmp_path / "s.csv", "ラーメン,麺\n"))["らーめん"] == "麺"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a\n", "line 1: needs two columns"),
        ("a,b\na,\n", "line 2: needs two columns"),
        ("a,b\nb,c\nc,a\n", "line 3: c leads back"),
        ("a,a\n", "line 1: a stands for itself"),
        ("a,b\na,c\n", "line 2: a stands for b already"),
        ('a,"b\n', "line 1: not CSV"),
    ],
)
def test_synonyms_that_cannot_be_used(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        synonyms.load(write(tmp_path / "s.csv", content), shipped=False)


def test_a_cycle_between_two_lists(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="leads back"):
        synonyms.load(write(tmp_path / "s.csv", "ラーメン,らーめん\n"))
