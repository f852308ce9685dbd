"""A data set: stripes in one of four directions, drawn when they are asked for."""

import hashlib

import numpy as np

from simnet import Dataset, DatasetOptions

SIZES = {"train": 512, "validation": 128, "test": 256}


class Stripes(Dataset):
    name, licence = "stripes", "generated; no third-party material"
    class_names = ("across", "down", "rising", "falling")
    views = 1

    class Options(DatasetOptions):
        side: int = 32
        """Height and width in pixels."""

    def __init__(self, split, side):
        self.split, self.side, self.view_shape = split, side, (3, side, side)
        self.labels = np.arange(SIZES[split]) % 4

    @classmethod
    def open(cls, options, split, data_dir):
        return cls(split, options.side)

    @property
    def checksum(self):
        return hashlib.sha256(f"stripes 1 {self.split} {self.side}".encode()).hexdigest()

    def pixels(self, rows):
        return np.stack([self._one(int(row)) for row in rows])[:, None]

    def _one(self, row):
        random = np.random.default_rng(
            [len(self.split), row]
        )  # each sample is the same whatever is asked for beside it
        y, x = np.mgrid[: self.side, : self.side]
        across = (y, x, x + y, x - y)[self.labels[row]]
        wave = np.sin(across * random.uniform(0.6, 1.0) + random.uniform(0, 6))
        noise = random.normal(0, 0.7, (3, self.side, self.side))
        return np.clip(128 + 60 * (wave + noise), 0, 255).astype(np.uint8)
