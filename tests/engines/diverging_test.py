"""A training whose loss is no number any more, the whole way from labels to what serves."""

import datetime as dt

import pytest

pytest.importorskip("keras")

import learned_desk
from desk import Desk, Here

from pipeline.engines import retraining
from pipeline.errors import TrainingDiverged
from pipeline.models import network


def test_a_loss_that_is_no_number_leaves_what_serves(tmp_path, monkeypatch):
    now = dt.datetime(2024, 2, 1, tzinfo=dt.UTC)
    desk = Desk(tmp_path, Here())
    desk.settings = learned_desk.settings(tmp_path)
    learned_desk.fill(desk, 4)
    answers = [(key, said) for key, _, _, said in learned_desk.texts(4)]
    learned_desk.label(desk, answers[:40])
    assert retraining.retrain(desk.project(), "mood", when=now).promoted
    serving_now = desk.bytes("models/mood/versions"), (desk.store / "models/mood/served.json").read_bytes()
    learned_desk.label(desk, answers)
    with monkeypatch.context() as patch, pytest.raises(TrainingDiverged, match=r"nan.*training\.rate"):
        patch.setattr(network.Network, "step", lambda *_: float("nan"))
        retraining.retrain(desk.project(), "mood", when=now)
    assert serving_now == (desk.bytes("models/mood/versions"), (desk.store / "models/mood/served.json").read_bytes())
