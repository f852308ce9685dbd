"""Which split a sample of a user's own data is in: by its name alone, so that further samples move no other."""

from __future__ import annotations

import hashlib
from typing import Annotated

from pydantic import Field, model_validator

from simnet.language.quantities import Model

_Part = Annotated[float, Field(gt=0, lt=1, strict=True)]


class Shares(Model):
    """Shares of the samples that are held out, as numbers from 0 to 1; the others are for training."""

    validation: _Part = 0.15
    """For choosing thresholds."""
    test: _Part = 0.15
    """For the figures at the end."""

    @model_validator(mode="after")
    def _leaves_some(self) -> Shares:
        if self.validation + self.test >= 1:
            raise ValueError("validation and test together must leave some samples for training")
        return self

    def split_of(self, name: str) -> str:
        """`test`, `validation` or `train`: by the SHA-256 of the sample's name, as a number from 0 to 1."""
        place = int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[:8]) / 2**64
        if place < self.test:
            return "test"
        return "validation" if place < self.test + self.validation else "train"
