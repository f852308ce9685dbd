"""The section `sites`: the samples of each named site apart."""

from __future__ import annotations

from simnet.results.lives import Lives, Words
from simnet.results.sections.parts import Parts


class Sites(Parts):
    """See `Parts`."""

    name, one = "sites", "site"

    def parts(self, lives: Lives) -> Words:
        """The site of each sample."""
        return lives.site
