"""The section `classes`: the samples of each class of demand apart."""

from __future__ import annotations

from simnet.results.lives import Lives, Words
from simnet.results.sections.parts import Parts


class Classes(Parts):
    """See `Parts`."""

    name, one = "classes", "class"

    def parts(self, lives: Lives) -> Words:
        """The class of each sample."""
        return lives.kind
