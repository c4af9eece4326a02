"""Stores that are broken."""

import shutil
from types import SimpleNamespace

import pytest
from damaging import Broken, fill, tonight
from desk import QUICK, Desk, Here


@pytest.fixture(scope="session")
def sound(tmp_path_factory):
    """A sound store of two days, and the same a night later."""
    folder = tmp_path_factory.mktemp("sound")
    desk = Desk(folder, Here(), **QUICK)
    fill(desk)
    desk.run()
    shutil.copytree(desk.store, folder / "before")
    tonight(desk)
    desk.run()
    later = Broken.tree(desk)
    return SimpleNamespace(inbox=desk.inbox, before=folder / "before", later=later)


@pytest.fixture
def broken(tmp_path, sound):
    """A copy of the sound store as it was before the night, whose files lie in the inbox."""
    desk = Broken(tmp_path, Here(), **QUICK)
    desk.inbox = sound.inbox
    shutil.copytree(sound.before, desk.store)
    return desk
