import json

import numpy as np
import pytest

from pipeline.models import baseline

GOOD, BAD = (
    ["とても良い宿", "良い部屋でした", "料理が良い", "良いお湯"],
    ["ひどい宿", "部屋がひどい", "ひどい対応", "料理もひどい"],
)


def fitted(**options):
    return baseline.fit(GOOD + BAD, np.array([0] * 4 + [1] * 4), 2, **options)


def test_it_learns_what_the_words_say():
    found = fitted().probabilities(["良い駅", "ひどい駅"])
    assert found.shape == (2, 2) and found.dtype == np.float32
    assert found[0, 0] > 0.7 and found[1, 1] > 0.7
    assert found.sum(axis=1) == pytest.approx([1, 1])


def test_it_is_what_scikit_learn_computes():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    texts, gold = [*GOOD, *BAD, "普通の宿", "普通の部屋"], np.array([0] * 4 + [1] * 4 + [2] * 2)
    ours = baseline.fit(texts, gold, 3)
    tfidf = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), min_df=2, sublinear_tf=True, lowercase=False)
    one_against_the_rest = OneVsRestClassifier(LogisticRegression(C=10.0, solver="liblinear"))
    theirs = one_against_the_rest.fit(tfidf.fit_transform(texts), gold)
    asked = ["良い宿でした", "まあ普通", ""]
    wanted = theirs.predict_proba(tfidf.transform(asked))
    assert ours.probabilities(asked) == pytest.approx(wanted, abs=1e-4)


def test_several_labels_are_asked_one_by_one():
    gold = np.array([[1, 1, 0]] * 4 + [[0, 1, 0]] * 4, np.int8)
    found = baseline.fit(GOOD + BAD, gold, 3).probabilities(["良い", "ひどい"])
    assert found[0, 0] > 0.5 > found[1, 0]
    assert (found[:, 1] > 0.99).all() and (found[:, 2] < 0.01).all()  # always, never in training


def test_labels_without_posts_are_never_said():
    found = baseline.fit(GOOD + BAD, np.array([0] * 4 + [2] * 4), 3).probabilities(["良い", "ひどい"])
    assert (found[:, 1] < 1e-6).all() and found[0, 0] > 0.5 and found[1, 2] > 0.5
    alone = baseline.fit(GOOD, np.array([1] * 4), 3).probabilities(["何"])
    assert alone[0].argmax() == 1 and alone[0, 1] > 0.99


def test_it_comes_back_from_its_parts():
    model = fitted()
    arrays = {name: array.copy() for name, array in model.arrays().items()}
    again = baseline.Linear(json.loads(json.dumps(model.ngrams)), several=False, **arrays)
    assert (again.probabilities(["良い宿"]) == model.probabilities(["良い宿"])).all()


def test_the_same_posts_give_the_same_numbers():
    first, second = fitted(), fitted()
    assert first.ngrams == second.ngrams
    assert all((first.arrays()[name] == second.arrays()[name]).all() for name in first.arrays())


@pytest.mark.parametrize("text", ["", "\ud800", "\0", "x" * 100_000, "＝ＣＭＤ", "👩‍👩‍👧"])
def test_any_text_gets_an_answer(text):
    assert np.isfinite(fitted().probabilities([text])).all()


def test_width_and_case_do_not_count():
    model = fitted()
    assert (model.probabilities(["ＡＢＣ良い"]) == model.probabilities(["abc良い"])).all()


def test_many_texts_are_taken_in_chunks(monkeypatch):
    model, texts = fitted(), [*GOOD, *BAD]
    whole = model.probabilities(texts)
    monkeypatch.setattr(baseline, "_CHUNK", 3)
    assert model.probabilities(texts) == pytest.approx(whole)
    assert model.probabilities([]).shape == (0, 2)


def test_without_posts_there_is_nothing_to_learn():
    with pytest.raises(ValueError, match="no posts"):
        baseline.fit([], np.array([], np.int64), 2)


def test_words_and_their_parts_have_length_one_each():
    texts, gold = ["oil price up", "oil price down", "film star up", "film star down"], np.array([0, 0, 1, 1])
    model = baseline.fit(texts, gold, 2, words=True)
    kinds = {ngram for ngram in model.ngrams if ngram[0] == "\t"}
    # Pairs of one text are left out: "price up", "star down" and so on.
    assert kinds == {"\toil", "\tprice", "\tup", "\tdown", "\tfilm", "\tstar", "\toil price", "\tfilm star"}
    assert {" oi", "oil", "il "} <= set(model.ngrams) and "l p" not in model.ngrams  # parts end with the word
    features = baseline._weighted(
        baseline._counter(True, vocabulary={n: i for i, n in enumerate(model.ngrams)}).transform(texts),
        model.idf,
        baseline._marked(model.ngrams, True),
    )
    of_words = np.array([ngram in kinds for ngram in model.ngrams])
    squares = features.multiply(features).toarray()
    assert squares[:, of_words].sum(1) == pytest.approx([1] * 4, abs=1e-5)
    assert squares[:, ~of_words].sum(1) == pytest.approx([1] * 4, abs=1e-5)
    assert model.probabilities(["the star of the film", "prices of oil", ""]).argmax(1).tolist()[:2] == [1, 0]


def test_a_tab_in_a_text_is_a_character_like_others():
    found = fitted()
    assert baseline._marked(["\ta", "a"], False).tolist() == [0, 0]
    assert found.probabilities(["良い\t宿"]).argmax() == 0
