"""Every error that hibi raises on purpose.

    PipelineError
     ├── SettingsError        hibi.toml, an option or a word list says something that cannot be done
     ├── InputError           a file of posts cannot be read as a whole
     │    └── NotPosts        the file is readable but holds no posts in a format that we know
     ├── DictionaryError      MeCab's dictionary or the user's words cannot be used
     ├── FontError            the font for clouds and pages is missing or damaged
     ├── StoreError           the store is missing, damaged or of another version
     │    ├── StoreBusy       another run holds the store
     │    ├── StoreUnwritable the disk refuses: full, read-only, no rights
     │    └── StoreDamaged    a stored file is not what was written
     ├── ModelError           a model cannot be trained, found or served
     │    ├── NoModel         no model of that name, or no such version
     │    ├── TooFewLabels    not yet enough labels to train with
     │    ├── BundleDamaged   a model's files are not the bytes that were saved
     │    ├── BundleMismatch  a model of another format or dictionary
     │    └── TrainingDiverged  weights or loss are no longer numbers
     └── WorkError            a stage of a day failed
          └── LostWorker      a job ended its worker process

A message names the file, the line or the setting, and what to do about it.
"""

from pathlib import Path


class PipelineError(Exception):
    """Base of all errors raised on purpose; anything else is a defect."""


class SettingsError(PipelineError):
    """A setting, an option or a word list says something that cannot be done."""


class InputError(PipelineError):
    """A file of posts cannot be read as a whole."""


class NotPosts(InputError):
    """The file is readable but holds no posts in a format that we know."""


class DictionaryError(PipelineError):
    """MeCab's dictionary or the user's words cannot be used."""


class FontError(PipelineError):
    """The font for clouds and pages is missing or damaged."""


class StoreError(PipelineError):
    """The store is missing, damaged or of another version."""


class StoreBusy(StoreError):
    """Another run holds the store."""


class StoreUnwritable(StoreError):
    """The disk refuses a write: full, read-only, no rights."""


class StoreDamaged(StoreError):
    """A stored file is not what was written."""

    def __init__(self, path: Path, why: object) -> None:
        super().__init__(path, why)  # both, so that it travels from workers whole
        self.path, self.why = path, why

    def __str__(self) -> str:
        return f"{self.path}: damaged or missing ({self.why}); `hibi doctor` says what to do"


class ModelError(PipelineError):
    """A model cannot be trained, found or served."""


class NoModel(ModelError):
    """No model of that name, or no such version."""


class TooFewLabels(ModelError):
    """Not yet enough labels to train with."""


class BundleDamaged(ModelError):
    """A model's files are not the bytes that were saved."""


class BundleMismatch(ModelError):
    """A model of another format, or made with another dictionary."""


class TrainingDiverged(ModelError):
    """Weights or loss are no longer numbers."""


class WorkError(PipelineError):
    """A stage of a day failed."""


class LostWorker(WorkError):
    """A job ended its worker process (a crash in C code, or out of memory)."""
