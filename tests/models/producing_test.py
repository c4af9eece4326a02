"""Heads that produce: a number, the next unit, a sentence; and the data made for exercises."""

import numpy as np
import pytest

from pipeline.errors import InputError, ModelError
from pipeline.models import arithmetic, beam, generation, ginza, serving, training, vectors
from pipeline.models.examples import Examples
from pipeline.models.recipe import Branch, Dropout, Head, Recipe, Training

NONE = Dropout(embedding=0, between=0, output=0)
ENGLISH = Branch(language="en", least=1, units=24, embedding=16)
SAID = ["the cat sat on the mat.", "the dog sat on the log.", "a cat ate the dog?"] * 20


@pytest.fixture(scope="module")
def speaker(tmp_path_factory):
    wanted = Recipe(
        encoder=ENGLISH,
        dropout=NONE,
        head=Head(kind="next"),
        training=Training(epochs=20, patience=20, rate=0.02, rows=8),
    )
    done = training.fit(wanted, Examples(SAID), Examples(SAID[:6]), tmp_path_factory.mktemp("speaker"))
    return serving.Model.of(done), done


def test_likely_texts_are_likelier(speaker):
    found, units = generation.likelihoods(speaker[0], ["the cat sat on the mat.", "mat the on sat cat the.", ""])
    assert units.tolist() == [8, 8, 1]  # seven units and the end; nothing but the end
    assert np.exp(-found[0] / 8) < 2 < np.exp(-found[1] / 8)
    assert (found < 0).all()


def test_a_long_text_is_as_likely_as_its_pieces(speaker):
    short = serving.Model.of(speaker[1])
    encoder = short.recipe.encoder.model_copy(update={"longest": 8})
    short.recipe = short.recipe.model_copy(update={"encoder": encoder})
    cat, dog, odd = "the cat sat on the mat.", "the dog sat on the log.", "mat the on sat cat the cat sat"
    whole, all_units = generation.likelihoods(short, [cat + dog, dog, "", f"{cat} {odd} {dog}"])
    found, units = generation.likelihoods(short, [cat, dog, "", odd])
    assert all_units.tolist() == [16, 8, 1, 25] and units.tolist() == [8, 8, 1, 9]
    assert np.allclose(whole, [found[0] + found[1], found[1], found[2], found[0] + found[3] + found[1]], atol=1e-3)


def test_a_step_at_a_time_is_the_whole_at_once(speaker):
    model = speaker[0]
    stepper = generation._Stepper(model.members[0])
    states = generation._states(model.members[0], 1)
    units = model.number(["the cat"])["encoder"].values
    whole = model.members[0].logits({"encoder": units[None], "encoder_lengths": np.array([len(units)], np.int32)})
    for place, unit in enumerate(units):
        logits, *states = generation._step(stepper, np.array([unit], np.int32), states)
        assert np.allclose(logits[0], whole[0, place, 0], atol=1e-4)


def test_texts_go_on_from_a_prompt_and_repeat_with_the_seed(speaker):
    made = generation.generate(speaker[0], "the dog", count=3, seed=5)
    assert made == generation.generate(speaker[0], "the dog", count=3, seed=5)
    assert all(text.startswith("the dog") and "<" not in text for text in made)
    assert generation.generate(speaker[0], "a cat", temperature=0) == ["a cat ate the dog?"]
    assert len(generation.generate(speaker[0], longest=2, count=4)) == 4


def test_a_language_model_learns_from_all_of_a_long_text(tmp_path):
    branch = Branch(language="en", least=1, units=16, embedding=16, longest=8)
    options = Training(epochs=15, rate=0.02, rows=8)
    wanted = Recipe(encoder=branch, dropout=NONE, head=Head(kind="next"), training=options)
    texts = ["a a a a a a a. the dog sat on the log.", "b b b b b b b. the dog sat on the log."] * 20
    model = serving.Model.of(training.fit(wanted, Examples(texts), Examples(texts[:4]), tmp_path))
    assert generation.generate(model, "the dog", temperature=0) == ["the dog sat on the log."]


def test_a_language_model_begins_a_classifier(speaker, tmp_path):
    wanted = Recipe(encoder=ENGLISH, dropout=NONE, training=Training(epochs=1, rate=1e-7, rows=16))
    some = Examples(SAID, ["dog" if "dog" in text else "cat" for text in SAID])
    done = training.fit(wanted, some, some, tmp_path, start=speaker[1])
    assert done.vocabularies == speaker[1].vocabularies
    theirs = speaker[1].weights
    same = [path for path in done.weights.keys() & theirs.keys() if done.weights[path].shape == theirs[path].shape]
    taken = [path for path in same if np.allclose(done.weights[path], theirs[path], atol=1e-4)]
    assert len(taken) == 1 + 2 * 3  # the embedding, and both directions' kernel, recurrent kernel and bias


def test_a_model_of_another_head_is_told_apart(speaker):
    with pytest.raises(ModelError, match="'sequence'"):
        beam.translate(speaker[0], ["a"])


def test_text_is_put_together_as_it_is_written():
    assert generation.joined(["a", "cat", ",", "a", "dog", "."], "en", "word") == "a cat, a dog."
    assert generation.joined(["猫", "です"], "ja", "word") == "猫です"


def test_english_is_written_with_capitals():
    assert beam._cased("he said i'm in. so am i! is it in iran?") == "He said I'm in. So am I! Is it in iran?"
    assert beam._cased('"yes." no') == '"Yes." no' and beam._cased("") == ""


def test_translating_word_by_word_in_reverse(tmp_path):
    draw = np.random.default_rng(0)
    words = np.array(["one", "two", "three", "four"]), np.array(["ichi", "ni", "san", "yon"])
    rows = [draw.integers(0, 4, draw.integers(1, 4)) for _ in range(300)]
    pairs = Examples([" ".join(words[0][row]) for row in rows], [" ".join(words[1][row[::-1]]) for row in rows])
    branch = ENGLISH.model_copy(update={"units": 32})
    wanted = Recipe(
        encoder=branch, target=branch, dropout=NONE, head=Head(kind="sequence"),
        training=Training(epochs=30, patience=30, rate=0.02, rows=16, schedule="cosine"),
    )  # fmt: skip
    done = training.fit(wanted, pairs.take(range(240)), pairs.take(range(240, 300)), tmp_path)
    model = serving.Model.of(done)
    assert beam.translate(model, ["three one", "four", "two two three"]) == ["Ichi san", "Yon", "San ni ni"]
    assert beam.translate(model, ["four"], beams=1) == ["Yon"]
    assert len(beam.translate(model, ["", "zzz"])) == 2


def test_made_data():
    ones = arithmetic.bit_sum(50)
    assert [text.count("1") for text in ones.texts] == ones.gold.tolist()
    sums = arithmetic.binary_addition(50, bits=8)
    for text, gold in zip(sums.texts, sums.gold, strict=True):
        first = sum((int(unit) >> 1) << place for place, unit in enumerate(text))
        second = sum((int(unit) & 1) << place for place, unit in enumerate(text))
        assert sum(int(bit) << place for place, bit in enumerate(gold)) == first + second


def test_a_number_is_learned(tmp_path):
    branch = Branch(language="en", unit="character", units=8, embedding=2, least=1, bidirectional=False)
    wanted = Recipe(
        encoder=branch, dropout=NONE, head=Head(kind="number"), training=Training(epochs=10, rate=0.02, rows=16)
    )
    done = training.fit(wanted, arithmetic.bit_sum(300, 4), arithmetic.bit_sum(50, 4, seed=2), tmp_path)
    found = serving.Model.of(done).numbers(["0000", "0110", "1111"])
    assert np.abs(found - [0, 2, 4]).max() < 0.7


def test_vector_files_and_what_is_wrong_in_them(tmp_path):
    path = tmp_path / "a.vec"
    path.write_text("3 2\n猫 1 2\nnew york 3 4\n猫 5 6\n", encoding="utf-8")
    table = vectors.read(str(path))
    assert (table.words, table.matrix.tolist()) == (["猫", "new york"], [[1, 2], [3, 4]])
    assert table.rows_of(["犬", "new york"]).tolist() == [0, 2]
    assert table.rows_of(["犬", "猫達"], {"猫達": ["猫等", "猫"]}).tolist() == [0, 1]
    assert table.even().std() == pytest.approx(0.4)
    path.write_text("New 5 6\nyork 3 4\n", encoding="utf-8")
    for language, words in (("en", ["york"]), ("ja", ["New", "york"])):
        (table,) = vectors.of_branches(Recipe(encoder=Branch(language=language, vectors=(str(path),))))["encoder"]
        assert table.words == words and table.matrix[table.rows_of(["york"])[0] - 1].tolist() == [3, 4]
    path.write_text("猫 1 2\n犬 1\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 2"):
        vectors.read(str(path))
    path.write_text("猫 1 nan\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 1"):
        vectors.read(str(path))
    for text in ("", "猫\n犬\n"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="holds no vectors"):
            vectors.read(str(path))
    with pytest.raises(InputError, match="cannot be read"):
        vectors.read(str(tmp_path / "b.vec"))


def test_pretrained_vectors_are_known_for_words_that_training_never_showed(tmp_path):
    path = tmp_path / "a.vec"
    path.write_text("fine 1 0\nlovely 1 0\nsad -1 0\nawful -1 0\n")
    draw = np.random.default_rng(1)
    gold = draw.integers(0, 2, 80)
    some = Examples([["sad", "fine"][y] for y in gold], [str(y) for y in gold])
    branch = Branch(language="en", units=4, embedding=2, least=1, vectors=(str(path),))
    wanted = Recipe(encoder=branch, dropout=Dropout(words=0.3), training=Training(epochs=8, rate=0.03, rows=8))
    model = serving.Model.of(training.fit(wanted, some, some, tmp_path / "fit"))
    assert model.probabilities(["lovely", "awful"]).argmax(1).tolist() == [1, 0]


def test_the_hash_and_the_table_of_ja_ginza(tmp_path, monkeypatch):
    assert ginza.string_hash(b"apple") == 8566208034543834098  # as spaCy's documentation gives it
    words = ["猫", "犬", "鳥"]
    keys = [ginza.string_hash(word.encode()) for word in words[:2]]
    packed = b"\x82" + b"".join(
        b"\xcf" + key.to_bytes(8, "big") + row for key, row in zip(keys, (b"\x01", b"\xcc\x00"), strict=True)
    )
    (tmp_path / "key2row").write_bytes(packed)
    (tmp_path / "strings.json").write_text('["猫", "犬", "鳥"]', encoding="utf-8")
    with (tmp_path / "vectors").open("wb") as file:
        np.save(file, np.array([[1, 2], [3, 4]], np.float16))
    monkeypatch.setattr(ginza, "_folder", lambda: tmp_path)
    found, rows, matrix = ginza.read()
    assert (found, matrix[rows].tolist()) == (["猫", "犬"], [[3, 4], [1, 2]])
    assert vectors.read(str(tmp_path)).words == ["猫", "犬"]  # the folder of any spaCy model
    (tmp_path / "key2row").write_bytes(packed[:9])
    with pytest.raises(InputError, match="not a vocabulary of spaCy"):
        ginza.read()
