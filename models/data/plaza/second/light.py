"""Time of day and weather of a sample: sun, sky, haze, wetness, and how cameras expose for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simnet.models.data.plaza.shapes import Draws, Floats

LIGHT_DRAWS = 10
"""Uniform numbers that it takes."""

CLEAR, CLOUDED, RAIN = 0.45, 0.7, 0.87
"""Up to these shares of all samples the sky is clear, overcast, and rain falls; the rest is fog."""

_DAY = 0.72  # share of samples at day; of the rest some are a little and some far into dusk


@dataclass(frozen=True)
class Light:
    """Of b samples.

    `toward` `[b, 3]` unit vector to the sun; colours `[b, 3]`, as strong as they are: `sun` its light on a surface that
    faces it, `sky` that of the whole sky, `horizon` and `zenith` what the sky looks like; `[b]`: `cloud` 0..1, `haze`
    per metre, `wet` 0..1, `dusk` 0..1.
    """

    toward: Floats
    sun: Floats
    sky: Floats
    horizon: Floats
    zenith: Floats
    cloud: Floats
    haze: Floats
    wet: Floats
    dusk: Floats

    @staticmethod
    def drawn(draw: Draws) -> Light:
        """From the next `LIGHT_DRAWS` columns."""
        azimuth, high = draw.uniform(0, 2 * np.pi), draw.uniform(0.6, 1.2)
        kind, much, late = draw.uniform(), draw.uniform(), draw.uniform()
        warm, bright, lucky = draw.uniform(), draw.uniform(0.85, 1.15), draw.uniform()
        draw.uniform(), draw.uniform()  # to spare
        clear, rain, fog = kind < CLEAR, (kind >= CLOUDED) & (kind < RAIN), kind >= RAIN
        dusk = np.clip((late - _DAY) / (1 - _DAY), 0, 1)
        dusk = np.where(late < _DAY, 0, 0.25 + 0.75 * dusk).astype(np.float32)
        cloud = np.where(clear, 0.35 * much, 0.75 + 0.25 * much).astype(np.float32)
        through = np.where(clear, 1.0, 0.12 * lucky)  # of the sun's light that clouds let through
        height = high * (1 - dusk) + 0.16 * dusk
        level = np.cos(height)
        toward = np.stack([np.cos(azimuth) * level, np.sin(azimuth) * level, np.sin(height)], axis=1)
        sun = _mix((1.02, 0.95, 0.84), (0.62, 0.3, 0.12), dusk) * (through * bright * (1 - 0.65 * dusk))[:, None]
        fair = _mix((0.36, 0.41, 0.50), (0.11, 0.12, 0.19), dusk)
        dull = _mix((0.58, 0.59, 0.61), (0.13, 0.14, 0.18), dusk)
        sky = fair + (dull - fair) * cloud[:, None]
        sky = sky * (bright * np.where(rain, 0.8, 1.0))[:, None]
        glow = _mix((0.72, 0.82, 0.93), (0.78, 0.42, 0.24), dusk) * (0.7 + 0.3 * warm)[:, None]
        deep = _mix((0.25, 0.46, 0.82), (0.10, 0.13, 0.30), dusk)
        grey = _mix((0.74, 0.76, 0.79), (0.2, 0.21, 0.26), dusk) * np.where(rain, 0.75, 1.0)[:, None]
        closed = np.clip(1.5 * cloud - 0.4, 0, 1)[:, None]
        haze = np.where(fog, 0.009 + 0.021 * much * much, np.where(rain, 0.006 + 0.008 * much, 0.0012))
        singles = (cloud, haze, np.where(rain, 0.4 + 0.6 * much, 0.0), dusk)
        return Light(
            *(
                part.astype(np.float32)
                for part in (toward, sun, sky, glow + (grey - glow) * closed, deep + (grey - deep) * closed, *singles)
            )
        )

    def exposure(self, shade: Floats) -> Floats:
        """What cameras make of the light on ground that is in `shade` 0..1 of houses, a factor `[b]`."""
        lit = (self.sky + self.sun * (0.6 * self.toward[:, 2] * (1 - shade))[:, None]).mean(axis=1)
        factor: Floats = ((1.15 / lit) ** 0.65).astype(np.float32)
        return factor

    @property
    def fog(self) -> Floats:
        """What far things fade into, `[b, 3]`."""
        return self.horizon


def _mix(day: tuple[float, float, float], dusk: tuple[float, float, float], share: Floats) -> Floats:
    """Colours `[b, 3]` between that of day and that of dusk."""
    first, last = np.array(day, np.float32), np.array(dusk, np.float32)
    mixed: Floats = first + (last - first) * share[:, None]
    return mixed
