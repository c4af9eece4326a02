import pytest
from desk import Desk

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
