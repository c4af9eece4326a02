import json

import pytest

from pipeline import sealed


def test_what_is_sealed_comes_back_and_the_same_content_is_the_same_bytes():
    content = {"b": [1, 2.5, None], "a": {"日": "々"}}
    assert sealed.loads(sealed.dumps(content)) == content
    assert sealed.dumps({"a": {"日": "々"}, "b": [1, 2.5, None]}) == sealed.dumps(content)


def test_a_digit_turned_into_another_is_noticed():
    data = sealed.dumps({"posts": 12})
    assert json.loads(data.replace(b"12", b"13"))["posts"] == 13  # JSON as before
    with pytest.raises(ValueError, match="does not fit its seal"):
        sealed.loads(data.replace(b"12", b"13"))


def test_what_has_no_seal_is_no_less_damaged():
    with pytest.raises(ValueError, match="does not fit its seal"):
        sealed.loads(b'{"posts": 12}')


def test_a_name_that_is_no_utf_8_comes_back():
    content = {"files": {"/inbox/\udcff.jsonl": 1}}  # what Python makes of the byte FF
    assert sealed.loads(sealed.dumps(content)) == content


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"3", b"\xff"])
def test_what_is_no_object_is_an_error(data):
    with pytest.raises(ValueError):
        sealed.loads(data)
