"""Retraining: the first model serves, a better one takes over, a poisoned one does not, and cards say why."""

import datetime as dt
import json
import shutil

import pyarrow.parquet as pq
import pytest
from desk import Desk
from learned_desk import A_DAY, FIRST, copy, fill, label, settings, texts, turned

from pipeline import sealed
from pipeline.engines import asking, contest, forgotten, labelling, learning, material, refitting, retraining, trials
from pipeline.errors import SettingsError, StoreBusy, TrainingDiverged
from pipeline.models import labels, registry
from pipeline.settings import Settings
from pipeline.store import lock

pytest.importorskip("keras")

NOW = dt.datetime(2024, 3, 1, 3, 0, tzinfo=dt.UTC)
DAYS = 25
EARLY = FIRST + dt.timedelta(15)
"""192 posts up to this day, 300 up to the last."""


@pytest.fixture(scope="module")
def taught(tmp_path_factory, pool):
    """A store of 300 labelled posts, and a model that was trained on the days up to EARLY."""
    made = Desk(tmp_path_factory.mktemp("taught"), pool)
    made.settings = settings(made.store.parent)
    fill(made, DAYS)
    label(made, [(key, said) for key, _, _, said in texts(DAYS)])
    made.first = retrain(made, until=EARLY)
    return made


@pytest.fixture
def desk(taught, tmp_path):
    return copy(taught, tmp_path)


def retrain(desk, until=None):
    return retraining.retrain(desk.project(), "mood", until, when=NOW)


def card(desk, version=2):
    folder = desk.store / "models" / "mood" / "cards" / f"{version:04}"
    return json.loads((folder / "card.json").read_bytes()), pq.read_table(folder / "posts.parquet").to_pylist()


def served(desk):
    return registry.serve(desk.store, "mood", desk.project().lexicon.fingerprint)


def test_the_first_model_serves(taught):
    first = taught.first
    assert (first.version, first.champion, first.promoted) == ("mood/0001", None, True)
    assert first.reasons == [(True, "no model was in service")]
    told, rows = card(taught, 1)
    assert told["promoted"] and told["against"] is None
    parts = [row["part"] for row in rows]
    # 192 labels: 60 recent ones are wanted, 60 / 192 = 0.3125; 0.2 of them, 38, to tune on
    assert {name: parts.count(name) for name in ("train", "dev", "recent")} == {"train": 94, "dev": 38, "recent": 60}
    assert max(row["post_id"] for row in rows) < "jsonl:99z" and len(rows) == 16 * A_DAY


def test_what_answers_has_learned_all_and_the_scores_are_of_the_training_that_had_not(taught):
    told, rows = card(taught, 1)
    assert all(row["learned"] for row in rows)  # once it was decided that it serves
    fits = told["fits"]
    assert (fits["scored"]["posts"], fits["served"]["posts"]) == (94, 16 * A_DAY)
    assert fits["scored"]["days"] == ["2024-01-01", "2024-01-08"]  # 94 = 7 × 12 + 10
    assert fits["served"]["days"] == ["2024-01-01", "2024-01-16"] and fits["new"] == []
    assert fits["served"]["epochs"] == fits["scored"]["epochs"] <= 6
    about = served(taught).bundle.metrics
    assert about["refit"] == {"posts": 192, "epochs": fits["served"]["epochs"], "new": []}
    assert about["examples"] == {"train": 94, "dev": 38} and about["dev"]["posts"] == 38
    assert "学習し直" in taught.first.card.read_text(encoding="utf-8")


def test_a_label_that_comes_late_is_known_to_what_answers(desk):
    rows = [(key, at) for at, (key, _, text, _) in enumerate(texts(16)) if "嬉しい" in text]
    late = [(key, "sorry" if at >= 132 else "?") for key, at in rows]  # 132 = 192 - 60, the first one held out
    three = ["positive", "negative", "sorry"]
    desk.settings = settings(desk.store.parent, labels=three)
    shutil.rmtree(desk.store / "models")
    label(desk, late, when="2024-03-03T00:00:00Z")
    done = retrain(desk, until=EARLY)
    told, _ = card(desk, 1)
    assert done.promoted and told["fits"]["new"] == ["sorry"] and "new labels: sorry" in done.notes[-1]
    bundle = served(desk).bundle
    assert bundle.labels == ["negative", "positive", "sorry"] and bundle.confusion.shape == (3, 3)
    (row,) = [one for one in told["labels"] if one["label"] == "sorry"]
    assert row["learned"] == 0 and row["recall"] == 0 and row["gold"] > 0  # nobody can know what nobody told
    assert (told["fits"]["scored"]["labels"], told["fits"]["served"]["labels"]) == (2, 3)


def test_a_killed_second_training_does_not_cost_the_first(desk, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(refitting, "refit", killed)
        desk.settings = settings(desk.store.parent, promotion={"tolerance": 1.0, "collapse": 1.0})
        retrain(desk)
    assert len(registry.versions(desk.store, "mood")) == 1
    monkeypatch.setattr(learning, "fitted", killed)  # not called again
    done = retrain(desk)
    assert done.version == "mood/0002" and not (desk.store / "models/mood/training/measured").exists()


def test_a_refused_version_is_kept_as_it_was_measured(desk):
    desk.settings = settings(desk.store.parent, promotion={"least_posts": 1000})
    done = retrain(desk)
    assert not done.promoted and done.reasons[0] == (False, "60 recent posts are too few to decide; 1000 are needed")
    told, rows = card(desk)
    assert told["fits"]["served"] is None
    assert {row["part"] for row in rows if row["learned"]} == {"train", "dev"}
    assert "refit" not in json.loads((desk.store / "models/mood/versions/0002/bundle.json").read_bytes())["metrics"]


def test_a_version_put_into_service_meanwhile_is_the_one_compared_with(desk, monkeypatch):
    whole = served(desk)
    asked = []
    hold = contest.Contest.hold

    def meanwhile(self, watch):
        hold(self, watch)
        asked.append(self.champion.version.label)
        if len(asked) == 1:
            again = registry.add(desk.store, "mood", whole.bundle, when=NOW, origin="import")
            fingerprint = desk.project().lexicon.fingerprint
            registry.promote(desk.store, "mood", again.number, dictionary=fingerprint, when=NOW, why="by hand")

    monkeypatch.setattr(contest.Contest, "hold", meanwhile)
    done = retrain(desk)
    assert asked == ["mood/0001", "mood/0002"] and (done.champion, done.version) == ("mood/0002", "mood/0003")


def test_the_card_can_be_counted_from_its_posts(taught):
    told, rows = card(taught, 1)
    recent = [row for row in rows if row["part"] == "recent"]
    for role in ("challenger", "linear"):
        right = sum(row[role] == row["label"] for row in recent) / len(recent)
        (score,) = [one for one in told["scores"] if one["role"] == role]
        assert score["accuracy"]["value"] == pytest.approx(right) and score["part"] == "recent"
    assert told["labels"][0]["gold"] == sum(row["label"] == told["labels"][0]["label"] for row in recent)
    assert sum(map(sum, told["confusion"])) == 60
    assert told["scores"][0]["accuracy"]["value"] > 0.9  # six words tell all


def test_a_model_as_good_takes_over_and_its_card_says_so(desk):
    done = retrain(desk)
    assert (done.version, done.champion, done.promoted) == ("mood/0002", "mood/0001", True)
    told, rows = card(desk)
    assert [reason["name"] for reason in told["reasons"]] == ["better", "kept", "unfrozen"]
    assert {one["role"] for one in told["scores"]} == {"challenger", "champion", "linear", "difference"}
    assert [chart["name"] for chart in told["charts"]] == ["learning", "calibration"]
    assert served(desk).version.label == "mood/0002"
    page = (desk.store / "models/mood/cards/0002/card.html").read_text(encoding="utf-8")
    assert "mood/0002" in page and "採用" in page
    # 300 labels: 60 recent; what the champion had learned from lies before EARLY
    assert sum(row["champion"] is not None for row in rows) == 60 == sum(row["part"] == "recent" for row in rows)


def test_where_nothing_is_new_nothing_is_trained(desk):
    done = retrain(desk, until=EARLY)
    assert done.version is None and done.champion == "mood/0001"
    assert len(registry.versions(desk.store, "mood")) == 1


def test_poisoned_labels_are_refused_by_the_frozen_set(desk, tmp_path):
    early = [row for row in texts(DAYS) if row[1].date() <= EARLY]
    frozen, late = early[:60], texts(DAYS)[len(early) :]
    gold = tmp_path / "gold.csv"
    gold.write_text("post_id,label\n" + "".join(f"jsonl:{key},{said}\n" for key, _, _, said in frozen))
    poison = [(key, turned(said)) for key, _, _, said in texts(DAYS)]
    label(desk, poison, when="2024-03-02T00:00:00Z")
    desk.settings = settings(tmp_path, gold=gold)
    before = served(desk).version.label
    done = retrain(desk)
    assert not done.promoted and served(desk).version.label == before == "mood/0001"
    failed = [words for passed, words in done.reasons if not passed]
    assert any("the frozen gold set" in words for words in failed)
    told, rows = card(desk)
    assert told["promoted"] is False and told["flipped"] > 100 and len(told["flips"]) == 50
    assert "見送り" in (desk.store / "models/mood/cards/0002/card.html").read_text(encoding="utf-8")
    kept = {row["post_id"] for row in rows if row["part"] == "frozen"}
    assert kept == {f"jsonl:{key}" for key, *_ in frozen} and len(late) == 108
    assert registry.history(desk.store, "mood")[-1]["action"] == "refused"


def test_copies_stand_on_one_side(desk):
    copies = [(f"c{n}", f"2024-01-25T20:{n:02}:00", text) for n, (_, _, text, _) in enumerate(texts(5)[:20])]
    desk.put("copies.jsonl", *copies)
    desk.merge()
    label(desk, [(key, "positive") for key, *_ in copies])
    known = material.gather(desk.project().layout, desk.settings.models[0], None)
    split = material.part(known)
    sides = [{known.groups[row] for row in part} for part in (split.train, split.dev, split.held_out)]
    assert not sides[0] & sides[1] and not sides[0] & sides[2] and not sides[1] & sides[2]
    assert len(split.left_out) == 20


def test_few_labels_are_helped_by_weak_ones_which_are_never_gold(desk):
    table = labelling.load(desk.project().layout, "mood")
    few = [answer for answer in labels.rows_of(table) if int(answer.post_id[6:]) < 10]
    labelling.save(desk.project().layout, "mood", labels.as_table(few))
    from pipeline import stages
    from pipeline.engines.book import Book
    from pipeline.engines.days import DayWork
    from pipeline.store.manifest import DayManifest

    project = desk.project()
    book = Book(project, {day: DayManifest(project.layout, day) for day in project.layout.days()})
    for day in list(book.days)[:8]:
        DayWork(book, day, desk.pool).run(next(stage for stage in stages.STAGES if stage.name == "tokenise"))
    known = material.gather(project.layout, desk.settings.models[0], None)
    said = dict(zip(known.ids, known.labels, strict=True))
    assert known.gold.sum() == 10 and len(known.ids) == 8 * A_DAY  # each post has a word of the list
    truth = {f"jsonl:{key}": label for key, _, _, label in texts(8)}
    assert said == truth
    kept = labelling.load(project.layout, "mood")
    assert labels.gold(kept, "mood").keys() == {f"jsonl:{n}" for n in range(10)}
    assert not {row.post_id for row in labels.rows_of(kept) if row.origin == labels.WEAK} - truth.keys()
    split = material.part(known)
    assert not len(split.held_out)
    again = material.gather(project.layout, desk.settings.models[0], None)
    assert again.ids == known.ids and labelling.load(project.layout, "mood").equals(kept)


def test_too_little_teaches_nothing(desk):
    desk.settings = Settings.model_validate({"models": [{"name": "topic"}, {"name": "mood"}]})
    done = retraining.retrain(desk.project(), "topic", when=NOW)
    assert (done.version, done.champion, done.promoted) == (None, None, False)
    [note] = done.notes
    assert note.startswith("topic: 0 labelled posts of 0 labels; 20 of two are needed. `hibi label queue` chooses")
    assert not (desk.store / "models" / "topic" / "versions").exists()
    with pytest.raises(SettingsError, match="weather: no such task"):
        retraining.retrain(desk.project(), "weather", when=NOW)


def test_posts_that_the_champion_learned_from_prove_nothing(desk, monkeypatch):
    bundle = served(desk).bundle
    rows = pq.read_table(desk.store / "models/mood/cards/0001/posts.parquet")
    assert rows["learned"].to_pylist() == [True] * 192
    monkeypatch.setattr(learning, "fitted", lambda *_, **__: bundle)
    monkeypatch.setattr(retraining, "_learned", lambda *_: False)
    done = retrain(desk, until=EARLY)
    assert not done.promoted and (False, "0 recent posts are too few to decide; 50 are needed") in done.reasons
    assert list(done.scores) == ["dev"]  # which the new model was tuned on, and the old one is not asked


def test_texts_that_a_file_taught_prove_nothing_either(desk):
    layout, task = desk.project().layout, desk.settings.models[0]
    known = material.gather(layout, task, EARLY)
    assert len(trials.seen(layout, "mood", 1, known)) == 192  # as the card tells
    (layout.cards("mood", 1) / "posts.parquet").unlink()
    assert not trials.seen(layout, "mood", 1, known)
    forgotten.remember(layout, "mood", 1, [*known.texts[:100], "of no post"])  # as `hibi train` does
    assert trials.seen(layout, "mood", 1, known) == set(known.ids[:100])


def test_a_training_that_diverges_changes_nothing_that_serves(desk, monkeypatch):
    def diverged(*_, **__):
        raise TrainingDiverged("the loss is nan")

    before = desk.bytes("models/mood/versions"), (desk.store / "models/mood/served.json").read_bytes()
    with monkeypatch.context() as patch, pytest.raises(TrainingDiverged):
        patch.setattr(learning, "fitted", diverged)
        retrain(desk)
    assert before == (desk.bytes("models/mood/versions"), (desk.store / "models/mood/served.json").read_bytes())
    with lock.held(desk.project().layout), lock.training(desk.project().layout, "mood"):
        pass


def test_a_version_that_a_kill_left_undecided_is_trained_again(desk):
    pointer = desk.store / "models" / "mood" / "served.json"
    pointer.write_bytes(sealed.dumps({"format": 1, "stack": [], "log": []}))
    known = material.gather(desk.project().layout, desk.settings.models[0], EARLY)
    assert not retraining._learned(desk.project(), desk.settings.models[0], known)


def test_one_training_at_a_time(desk):
    with lock.training(desk.project().layout, "mood"), pytest.raises(StoreBusy):
        retrain(desk)


def test_a_damaged_champion_is_not_compared_with_and_a_note_says_so(desk, monkeypatch):
    whole = served(desk).bundle
    monkeypatch.setattr(learning, "fitted", lambda *_, **__: whole)  # what was learned does not matter here
    weights = desk.store / "models/mood/versions/0001/weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    done = retrain(desk)
    assert done.promoted and done.champion is None and "damaged" in done.notes[0]


def test_the_queue_asks_what_the_model_doubts_and_what_has_grown(desk):
    odd = [(f"q{n}", f"2024-01-26T10:{n:02}:00", f"新番組{n * 7}の{NOISE[n % 5]}") for n in range(30)]
    plain = [(f"p{n}", f"2024-01-26T11:{n:02}:00", f"{n}時の猫は好き") for n in range(12)]
    desk.put("new.jsonl", *odd, *plain)
    desk.merge()
    (found,) = asking.ask(desk.project(), dt.date(2024, 1, 26), "mood", 12)
    assert found.model == "mood/0001" and not found.notes
    assert found.why["unsure"] == 4 and found.why["drift"] == 4 and found.posts == 12


NOISE = ("最終回", "録画", "主題歌", "予告", "原作")
