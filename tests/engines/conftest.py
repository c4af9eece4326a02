import sys
from types import SimpleNamespace

import pytest
from desk import Desk

from pipeline import models
from pipeline.engines import learning, predicting
from pipeline.engines.pool import Pool


@pytest.fixture(scope="session")
def pool():
    with Pool(1) as workers:
        yield workers


@pytest.fixture
def desk(tmp_path, pool):
    return Desk(tmp_path, pool)


@pytest.fixture
def new_desk(tmp_path, pool):
    """Make several desks in one test."""

    def make(name, **settings):
        return Desk(tmp_path / name, pool, **settings)

    return make


@pytest.fixture
def pretend(monkeypatch):
    """Put stand-ins in place of the modules of pipeline.models that load Keras: NAME={what it has}; gives them back."""
    opened = predicting._open, predicting._translator

    def put(**modules):
        made = {name: SimpleNamespace(**has) for name, has in modules.items()}
        for name, module in made.items():
            monkeypatch.setitem(sys.modules, f"pipeline.models.{name}", module)
            monkeypatch.setattr(models, name, module, raising=False)
        return made

    monkeypatch.setattr(learning, "require_keras", lambda: None)
    for cache in opened:
        cache.cache_clear()
    yield put
    for cache in opened:
        cache.cache_clear()
