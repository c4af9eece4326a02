"""Tables of posts and tokens written by hand: what tests of plain functions share."""

import datetime as dt

import pyarrow as pa

from pipeline.tables import POSTS, TOKENS


def posts(*rows):
    """Rows of posts; what a row does not say is as in a plain post of nobody."""
    plain = {"created_at": dt.datetime(2024, 1, 1, tzinfo=dt.UTC), "is_repost": False, "clean": "", "text": ""}
    filled = [plain | {"post_id": f"p{n}"} | row for n, row in enumerate(rows)]
    return pa.Table.from_pylist(filled, POSTS)


def tokens(*rows):
    """(post, sentence, base, pos, subpos) to rows of tokens."""
    columns = {name: pa.nulls(len(rows), TOKENS.field(name).type) for name in TOKENS.names}
    for at, name in enumerate(("post", "sentence", "base", "pos", "subpos")):
        column = pa.array([row[at] for row in rows], pa.int32() if at < 2 else pa.string())
        columns[name] = column if at < 2 else column.dictionary_encode()
    return pa.table(columns, schema=TOKENS)
