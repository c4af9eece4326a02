"""Forgetting posts and authors: out of every table, a tombstone set, what they fed made anew, and a proof of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pipeline import files, stages
from pipeline.engines import dictionaries, forgotten, integrity, local, sweeping, traces
from pipeline.engines.contents import held
from pipeline.engines.forgotten import Plan
from pipeline.engines.local import Watcher
from pipeline.engines.pool import Pool
from pipeline.engines.project import Project, salt
from pipeline.errors import InputError, SettingsError, StoreDamaged
from pipeline.ingest.tombstones import Key, Tombstones
from pipeline.store import lock, parquet, search
from pipeline.store.layout import Layout
from pipeline.store.manifest import DayManifest, read

_HASH = re.compile(r"[0-9a-f]{16}")
_LARGEST = 64 << 20


@dataclass(frozen=True)
class Asked:
    """Lines of the user's file: number and text."""

    posts: Sequence[tuple[int, str]] = ()
    authors: Sequence[tuple[int, str]] = ()


@dataclass(frozen=True)
class Proof:
    """What was looked for, where, and what was found."""

    files: int
    stored: int
    """Bytes of the files."""
    unpacked: int
    """Bytes of what is packed in them: Parquet, gzip, zip, workbooks."""
    ids: int
    texts: int
    """Pieces of texts that no post that stays has."""
    left_out: int
    """Posts whose whole text others said, too, or that is too short to be told from others' words."""
    found: dict[str, list[str]] = field(default_factory=dict)
    """File -> what it still holds."""
    unread: list[str] = field(default_factory=list)
    """Files that could not be looked into."""
    elsewhere: list[str] = field(default_factory=list)
    """Ids that other people's posts name in their words."""

    @property
    def clean(self) -> bool:
        """Whether nothing was found, and all was looked into."""
        return not self.found and not self.unread


@dataclass(frozen=True)
class Forgotten:
    """What was done."""

    posts: int
    """Posts that were in the store, reposts of them included."""
    authors: int
    unknown: list[str]
    """Lines that name nothing in the store: a tombstone is set all the same."""
    removed: dict[str, int]
    days: list[str]
    """Days made anew."""
    failed: dict[str, str]
    models: dict[str, int]
    inbox: list[tuple[str, int, str]]
    """(file, line or item, member) of files that are not the store's and still hold them."""
    proof: Proof


def read_lines(path: Path) -> list[tuple[int, str]]:
    """Read one name a line; empty lines are passed over. Raises InputError."""
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path}: larger than {_LARGEST >> 20} MB; one post_id or author a line is wanted")
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8") from error
    found = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise InputError(f"{path}: empty; one post_id or author a line is wanted")
    return found


def forget(project: Project, asked: Asked, pool: Pool, watcher: Watcher) -> Forgotten:
    """Forget what was asked for, and end what a killed forgetting left to do.

    Raises SettingsError for a line that names nothing or two things, DictionaryError where the days that are made anew
    would be by another dictionary than the others, StoreDamaged for what could not be swept: all before anything is
    changed; StoreBusy.
    """
    layout = project.layout
    with lock.held(layout):
        files.clear_staging(layout.root)
        plan = forgotten.pending(layout)
        if plan is None:
            _verify(layout)
            plan = Plan(through=_through(layout))
        anew = plan.through
        dictionaries.agree(project, lambda day: str(day) not in anew)
        unknown = _resolve(layout, plan, asked)
        forgotten.keep(layout, plan)
        sweeping.sweep(layout, plan)
        results = local.refresh(project, plan.through, pool, watcher)
        proof = prove(layout, plan)
        failed = {str(one.day): one.error for one in results if one.error}
        if proof.clean and not failed:
            files.remove(layout.forgetting)
    return Forgotten(
        posts=len({one.post_id for one in plan.gone}),
        authors=len({key for _, key in plan.authors}),
        unknown=unknown,
        removed=dict(sorted(plan.removed.items())),
        days=[str(one.day) for one in results if not one.error],
        failed=failed,
        models=dict(sorted(plan.models.items())),
        inbox=list(_inbox(layout, plan)),
        proof=proof,
    )


def _verify(layout: Layout) -> None:
    """Read all that a sweep is going to read, as it must not end half way. Raises StoreDamaged for what is damaged."""
    for one in integrity.given(layout):
        if one is not None:
            raise StoreDamaged(one.path, one.why)
    for pattern in ("labels/*.parquet", "models/*/cards/*/posts.parquet"):
        for path in sorted(layout.root.glob(pattern)):
            parquet.read(path)


def _through(layout: Layout) -> dict[str, str]:
    """Tell the last stage that each day has: a day is made anew so far, and no further."""
    found = {}
    for day in layout.days():
        done = DayManifest(layout, day).stages
        last = [stage.name for stage in stages.STAGES if stage.name in done]
        if last:
            found[str(day)] = last[-1]
    return found


def _resolve(layout: Layout, plan: Plan, asked: Asked) -> list[str]:
    """Put what the lines name into the plan; return those that name nothing in the store."""
    known, unknown = _Known(layout, Tombstones(salt(layout)), [line for _, line in asked.posts]), list[str]()
    for number, line in asked.posts:
        post, there = known.post(number, line)
        plan.posts.append(post)
        unknown += [] if there else [line]
    for number, line in asked.authors:
        keys, there = known.author(number, line)
        plan.authors += keys
        unknown += [] if there else [line]
    plan.posts = sorted({*plan.posts, *known.posts_of(set(plan.authors))})
    plan.authors = sorted(set(plan.authors))
    done = {one.post_id for one in plan.gone}
    return [line for line in unknown if line not in done]


def _posts(layout: Layout) -> Iterator[tuple[str, str | None]]:
    """Give the id and the author, as stored, of every row that was collected."""
    for day in layout.days():
        for path in layout.pieces(day):
            table = parquet.read(path, ["post_id", "author"])
            yield from zip(table["post_id"].to_pylist(), table["author"].to_pylist(), strict=True)


class _Known:
    """The authors of a store, and those of its posts that lines name: all posts are too many to be held."""

    def __init__(self, layout: Layout, hashes: Tombstones, lines: Sequence[str]) -> None:
        self.layout, self.hashes = layout, hashes
        self.of: dict[str, set[str]] = {}
        """network -> authors as stored"""
        self.own: dict[str, set[str]] = {}
        """own id -> posts"""
        named = {name for line in lines for name in (line, line.partition(":")[2])}
        for post, author in _posts(layout):
            network, _, own = post.partition(":")
            self.of.setdefault(network, set()).add(author or "")
            if own in named:
                self.own.setdefault(own, set()).add(post)

    def post(self, number: int, line: str) -> tuple[str, bool]:
        """Find a post by its id, or by its own id where one network has it."""
        own = line.partition(":")[2]
        if own and line in self.own.get(own, ()):
            return line, True
        found = sorted(self.own.get(line, ()))
        if len(found) > 1:
            raise SettingsError(f"line {number}: {line} names {' and '.join(found)}; write the one that is meant")
        if not found and not own:
            raise SettingsError(
                f"line {number}: {line} is no post_id of the store; write it as network:id, such as x:1"
            )
        return (found[0], True) if found else (line, False)

    def author(self, number: int, line: str) -> tuple[list[Key], bool]:
        """Find an author by name or id as collected, with or without @ and network, or by the hash of the store."""
        found = {key for network in self.of for key in self._author(network, line)}
        if len({network for network, _ in found}) > 1:
            names = " and ".join(sorted(f"{network}:{line}" for network, _ in found))
            raise SettingsError(f"line {number}: {line} names {names}; write the one that is meant")
        if found:
            return sorted(found), True
        if not self.of:
            raise SettingsError("the store has no posts; there is nothing to forget")
        if _HASH.fullmatch(line):
            return sorted((network, line) for network in self.of), False
        return sorted({self._key(network, line) for network in self.of if self._meant(network, line)}), False

    def _author(self, network: str, line: str) -> Iterator[Key]:
        if not self._meant(network, line):
            return
        there = self.of[network]
        bare = line.removeprefix(f"{network}:")
        for name in dict.fromkeys((bare, bare.lstrip("@＠"))):
            _, key = self.hashes.author_key(network, name)
            if name and (key in there or name in there):
                yield (network, name) if _HASH.fullmatch(name) and name in there else (network, key)
                return

    def _meant(self, network: str, line: str) -> bool:
        """Tell whether a line may be of a network: it names none of the store's, or this one."""
        named = line.partition(":")[0] if ":" in line else None
        return named not in self.of or named == network

    def _key(self, network: str, line: str) -> Key:
        return self.hashes.author_key(network, line.removeprefix(f"{network}:").lstrip("@＠"))

    def posts_of(self, keys: set[Key]) -> set[str]:
        """Name the posts of authors."""
        holder = Tombstones(self.hashes.salt, authors=frozenset(keys))
        theirs = {
            (network, author)
            for network, authors in self.of.items()
            for author in authors
            if keys and author and holder.holds_author(network, author)
        }
        rows = _posts(self.layout) if theirs else ()
        return {post for post, author in rows if (post.partition(":")[0], author) in theirs}


def prove(layout: Layout, plan: Plan) -> Proof:
    """Look through every file of the store for the ids, the authors' hashes and the texts."""
    ids, hashes = plan.ids(), {key for _, key in plan.authors}
    own = {name for name in (one.partition(":")[2] for one in ids) if len(name.encode()) >= search.LEAST}
    texts = traces.pieces(layout, plan)
    elsewhere = traces.spoken(layout, search.Strings(names=ids | own))
    look, found = search.Search(search.Strings(texts, names=[*ids, *own, *hashes])), dict[str, list[str]]()
    for path in search.files(layout.root, {layout.forgetting, layout.lock}):
        with suppress(FileNotFoundError):  # a training, which leaves the store free, replaced it
            there = look.file(path) - elsewhere - (hashes if path == layout.forgotten else set())
            if there:
                found[layout.relative(path)] = sorted(there)
    known, each = set(texts), traces.per_post(plan)
    untold = {one.post_id for one in plan.gone if known.isdisjoint(traces.cut(one.text, each))}
    return Proof(
        files=look.files,
        stored=look.stored,
        unpacked=look.unpacked,
        ids=len(ids) + len(hashes),
        texts=len(texts),
        left_out=len(untold),
        found=found,
        unread=[layout.relative(path) for path in look.unread],
        elsewhere=sorted(elsewhere),
    )


def _inbox(layout: Layout, plan: Plan) -> Iterator[tuple[str, int, str]]:
    """Name the files that are the user's and still hold what was forgotten."""
    of: dict[str, list[str]] = {}
    for path, key in held(read(layout.inbox_cache)).items():
        of.setdefault(key, []).append(str(path))
    places = {(one.key, one.file, one.line) for one in plan.gone} | set(plan.rejected)
    yield from sorted((name, line, file) for key, file, line in places for name in of.get(key, []))
