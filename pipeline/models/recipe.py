"""A recipe: every knob of a network and of its training, as a small typed TOML file.

Shipped recipes lie in ``recipes/``; a path names one of the user's. A recipe is an encoder (one branch, and perhaps a
second one beside it), a head, and how to train.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipeline.errors import SettingsError

SHIPPED = Path(__file__).parent / "recipes"

Share = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Pooling = Literal["last", "mean", "max", "attention"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Branch(_Frozen):
    """One way of reading a text: its units, and the recurrent layers over them."""

    language: Literal["ja", "en"] = "ja"
    unit: Literal["word", "character"] = "word"
    vocabulary: Annotated[int, Field(ge=3)] = 20_000
    """Most units known, with padding (0) and unknown (1)."""
    least: Count = 2
    """Times that a unit must occur in training to be known."""
    seldom: Literal["unknown", "padding"] = "unknown"
    """``padding``: unknown units get number 0, as exercise 80 of the 100 language-processing exercises asks."""
    longest: Count = 300
    """Units read of a text; the rest is cut off. A language model learns from the rest, too, in pieces of so many."""
    embedding: Annotated[int, Field(ge=0)] = 128
    """Numbers learned for a unit, beside its pretrained vectors; 0 for those alone."""
    vectors: tuple[str, ...] = ()
    """Pretrained vectors: files in word2vec or fastText text format (may be .gz), the folder ``vocab`` of a spaCy model
    that has vectors, or ``ja-ginza``."""
    frozen: bool = True
    """Keep the pretrained vectors as they are."""
    forms: bool = False
    """Read a word that is not known as its dictionary form or else its lemma (Japanese), or without 's (English)."""
    project: Annotated[int, Field(ge=0)] = 0
    """Numbers that the embedding is brought down to before the recurrent layers; 0 to leave it."""
    cell: Literal["simple", "gru", "lstm"] = "lstm"
    activation: Literal["tanh", "sigmoid", "relu"] = "tanh"
    """Of the simple cell; gated cells keep tanh, as cuDNN knows no other."""
    bidirectional: bool = True
    apart: bool = False
    """Stack the two directions apart and join them at the top only, so that each can be a language model."""
    layers: Count = 1
    units: Count = 64
    pooling: tuple[Pooling, ...] = ("last",)
    """How states become one vector; several are put side by side."""
    bag: bool = False
    """Put the mean of the embedding, a bag of words, beside the pooled states."""

    @field_validator("pooling", "vectors", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.activation != "tanh" and self.cell != "simple":
            raise ValueError("activation is a matter of the simple cell")
        if not self.embedding and not self.vectors:
            raise ValueError("embedding may be 0 beside pretrained vectors only")
        if self.apart and not self.bidirectional:
            raise ValueError("apart is a matter of two directions")
        return self

    @property
    def width(self) -> int:
        """Numbers in a state."""
        return self.units * (2 if self.bidirectional else 1)


class Dropout(_Frozen):
    """What is left out at random while training."""

    words: Share = 0.0
    """Units read as unknown."""
    embedding: Share = 0.2
    """Columns of the embedding, for a whole text."""
    between: Share = 0.2
    """States between layers."""
    output: Share = 0.3
    """Numbers given to the head."""


class Head(_Frozen):
    """What is asked."""

    kind: Literal["labels", "number", "next", "sequence"] = "labels"
    several: bool = False
    """Labels: a text may have any number of them (sigmoid), not exactly one (softmax)."""
    each: bool = False
    """Labels: one for every unit; the gold is a string with a character a unit."""
    hidden: Annotated[int, Field(ge=0)] = 0
    """Units of a dense layer before the output; 0 for none."""
    smoothing: Share = 0.0
    """Label smoothing."""
    balanced: bool = False
    """Weigh seldom labels up, by the square root of the inverse frequency."""
    votes: Share = 0.0
    """Labels: how much the judges' votes count in the target where they are known, beside the label itself."""
    negatives: Annotated[int, Field(ge=0)] = 0
    """Next: units drawn for a batch, which its own are told from while training; 0 to tell them from all known."""
    wide: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Labels: the linear model's part in the answer, a weighted geometric mean (wide and deep)."""
    grams: Literal["characters", "words"] = "characters"
    """What the linear model counts: one to four characters; or, for languages that put blanks between words, words,
    pairs of words and parts of words."""
    strength: Annotated[float, Field(gt=0)] = 10.0
    """Of the linear model: the inverse of its regularisation, C of scikit-learn. Long texts may want more."""
    weigh: bool = False
    """Labels: find ``wide`` on dev, by likelihood: 0 where the network alone is best, 1 where the linear model is."""


class Training(_Frozen):
    """How to train."""

    optimiser: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    rate: Annotated[float, Field(gt=0)] = 1e-3
    schedule: Literal["constant", "cosine"] = "constant"
    """``cosine``: the rate falls to a fiftieth over the epochs."""
    decay: Annotated[float, Field(ge=0)] = 0.0
    """Weight decay (adamw)."""
    clip: Annotated[float, Field(ge=0)] = 1.0
    """Greatest global norm of the gradient; 0 for no bound."""
    epochs: Count = 20
    patience: Count = 4
    """Epochs without a better dev score before training ends."""
    monitor: Literal["score", "loss"] = "score"
    keep: Literal["best", "last"] = "best"
    """``last``: train all epochs and keep the end, so that dev chooses nothing and stays a fair measure."""
    tokens: Count = 4096
    """Most units in a batch, padding counted."""
    rows: Count = 64
    """Most texts in a batch."""
    average: Literal["none", "moving"] = "none"
    """``moving``: measure and keep the moving average of weights over about an epoch, not the weights of a step."""
    members: Count = 1
    """Networks trained one after another, each with a seed of its own, whose probabilities are averaged."""
    precision: Literal["float32", "mixed"] = "float32"
    """``mixed``: float16 on a GPU; elsewhere float32."""
    seed: Annotated[int, Field(ge=0)] = 1


class Recipe(_Frozen):
    """A network and its training."""

    about: str = ""
    encoder: Branch = Branch()
    beside: Branch | None = None
    """A second encoder whose vector stands beside the first one's: characters beside words."""
    target: Branch | None = None
    """Sequence: how the sentence to produce is read; only its units, vocabulary, embedding and length count."""
    dropout: Dropout = Dropout()
    head: Head = Head()
    training: Training = Training()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        encoder, kind = self.encoder, self.head.kind
        if kind == "next" and encoder.bidirectional and encoder.layers > 1 and not encoder.apart:
            raise ValueError("a second joined layer would see the word it is to predict; set encoder.apart = true")
        if (kind == "sequence") != (self.target is not None):
            raise ValueError("target goes with head.kind = 'sequence', and that with target")
        if self.beside is not None and (kind in {"next", "sequence"} or self.head.each):
            raise ValueError("beside is for heads that answer once a text")
        if kind != "labels" and (self.head.several or self.head.each or self.head.wide or self.head.weigh):
            raise ValueError("several, each, wide and weigh are for head.kind = 'labels'")
        if self.head.each and (self.head.wide or self.head.weigh):
            raise ValueError("the linear model answers once a text: wide and weigh do not go with each")
        if kind != "next" and self.head.negatives:
            raise ValueError("negatives are for head.kind = 'next'")
        return self

    @property
    def branches(self) -> dict[str, Branch]:
        """The branches that read the text, by the name of their vocabulary."""
        return {"encoder": self.encoder} | ({"beside": self.beside} if self.beside else {})


def names() -> list[str]:
    """Name the shipped recipes."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def load(name: str | Path) -> Recipe:
    """Read a shipped recipe by name, or a file by its path. Raises SettingsError naming the file and the key."""
    path = SHIPPED / f"{name}.toml" if str(name) in names() else Path(name)
    try:
        return Recipe.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise SettingsError(f"{name}: neither a file nor a shipped recipe ({', '.join(names())})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{path}: {key or 'recipe'}: {first['msg']}") from error
