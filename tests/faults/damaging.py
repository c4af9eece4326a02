"""A small store, what a night brings to it, and bits that are flipped in it."""

from desk import Desk
from structlog.testing import capture_logs

ONE, TWO, THREE = "2024-01-01", "2024-01-02", "2024-01-03"
DELETED = {
    "did": "did:plc:a", "time_us": 1704070000000000, "kind": "commit",
    "commit": {"operation": "delete", "collection": "app.bsky.feed.post", "rkey": "k1"},
}  # fmt: skip


class Broken(Desk):
    """A store to be damaged, and what it is when nobody damaged it."""

    def run(self, **wanted):
        with capture_logs() as self.logs:
            return super().run(**wanted)

    def path(self, pattern):
        found = sorted(self.store.glob(pattern))
        assert found, pattern
        return found[-1]

    def flip(self, pattern):
        """Turn the lowest bit of a byte in the middle round: a 2 becomes a 3."""
        path = self.path(pattern)
        data = bytearray(path.read_bytes())
        at = len(data) // 2
        if path.suffix == ".json":  # a digit: then it is JSON as before
            at = max(place for place, byte in enumerate(data) if 0x30 <= byte <= 0x39)
        data[at] ^= 1
        path.write_bytes(bytes(data))
        return path

    def named(self):
        """All that the log says was damaged."""
        return [line["file"] for line in self.logs if line["event"] == "damaged"]

    def tree(self, *but):
        """Every file, but for the one that tells the clock."""
        apart = {".lock", "manifests/runs.json", *but}
        found = ((path.relative_to(self.store).as_posix(), path) for path in sorted(self.store.rglob("*")))
        return {name: path.read_bytes() for name, path in found if path.is_file() and name not in apart}


def fill(desk):
    """Two days, with a row that is no post, a deletion and a post that moved."""
    desk.put(
        "a.jsonl",
        ("1", f"{ONE}T01:00:00", "とても寒い朝 #雪"),
        ("2", f"{ONE}T23:00:00", "移る"),
        {"id": "x"},
        mtime=10**9,
    )
    desk.put("b.jsonl", ("2", f"{TWO}T00:30:00", "移った"), ("3", f"{TWO}T01:00:00", "楽しい朝 😊"), mtime=10**9 + 9)
    desk.put("c.jsonl", DELETED, mtime=10**9)


def tonight(desk):
    """What a night brings: another day, and a post for the first."""
    desk.put("d.jsonl", ("4", f"{THREE}T01:00:00", "静かな朝"), ("5", f"{ONE}T09:00:00", "遅れた"), mtime=10**9 + 99)
