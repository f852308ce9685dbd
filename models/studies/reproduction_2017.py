"""The part of `docs/reproduction.md` on DDNN of 2017: the published tables beside the stored study. No torch.

Published numbers [R] are those of the authors' evaluation on their own six-camera data (171 test samples).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simnet.models.cards.markdown import table
from simnet.models.studies.reproduction import Measured, over_seeds

SWEEP = {
    0.1: (0.0, 96),
    0.3: (0.58, 96),
    0.5: (1.75, 96),
    0.6: (2.92, 96),
    0.7: (22.81, 96),
    0.8: (60.82, 97),
    0.9: (83.04, 96),
    1.0: (100.0, 92),
}
"""T to local exit share and system accuracy, percent [R]."""
SWEEP_BYTES = (140, 139, 138, 136, 111, 62, 34, 12)
"""Bytes per device and sample at these T [R]."""
ALONE = (37, 37, 46, 52, 60, 73)
"""Accuracy of cameras 1 to 6 alone, percent [R]."""
GROWING = ((37, 55, 58), (43, 77, 80), (75, 87, 88), (94, 95, 96), (95, 97, 99), (97, 99, 99))
"""Local, cloud and system accuracy with cameras 1 to n, percent [R]."""
WITHOUT = ((92, 98, 99), (94, 98, 99), (97, 98, 99), (95, 97, 99), (96, 96, 96), (94, 95, 98))
"""The same, retrained without camera i, percent [R]."""
FILTERS = {
    1: (86, 90, 91, 70.2, 14, 432),
    2: (90, 92, 95, 73.7, 16, 660),
    4: (92, 92, 96, 70.8, 21, 1116),
    8: (92, 94, 97, 71.4, 30, 2028),
}
"""Filters to local, cloud and system accuracy, local share (percent), bytes per sample and bytes of memory [R]."""
FILTERS_T = 0.8
"""T at which ours stand beside these; the published T is not known [I]."""
TIERS = ("local", "cloud", "system")


def _over_seeds(figure: Mapping[str, Any]) -> str:
    """Mean over seeds with its interval over samples and, in square brackets, least and greatest of the seeds."""
    return over_seeds(figure["per_seed"], figure["samples"])


def _beside(figure: Mapping[str, Any], published: float) -> str:
    """The same, with the verdict of the mean's interval."""
    verdict = Measured(figure["mean"], figure["samples"]).verdict(published)
    return f"{_over_seeds(figure)} {verdict}"


def sweep(study: Mapping[str, Any]) -> str:
    """Local share, system accuracy and bytes over T."""
    rows = []
    for (t, (share, accuracy)), size, line, mine in zip(
        SWEEP.items(), SWEEP_BYTES, study["sweep"], study["sweep_shipped"]["sweep"], strict=True
    ):
        rows.append(
            (
                f"{t:g}",
                f"{share:g}",
                _over_seeds(line["local_share"]),
                f"{100 * mine['local_share']:.1f}",
                str(accuracy),
                _beside(line["system"], accuracy),
                f"{100 * mine['system']:.1f}",
                str(size),
                f"{line['bytes']['mean']:.0f}",
                f"{mine['bytes']:.0f}",
                f"{study['baselines']['raw_bytes_per_device'] / mine['bytes']:.0f}×",
            )
        )
    head = (
        "T",
        "local share: published",
        "ours",
        "shipped",
        "system accuracy: published",
        "ours",
        "shipped",
        "bytes: published",
        "ours",
        "shipped",
        "raw view ÷ shipped",
    )
    return table(head, rows)


def sweep_as_published(study: Mapping[str, Any]) -> str:
    """The same of networks with the heads, cloud and recipe of the public code."""
    rows = [
        (
            f"{t:g}",
            f"{share:g}",
            _beside(line["local_share"], share),
            str(accuracy),
            _beside(line["system"], accuracy),
            str(size),
            f"{line['bytes']['mean']:.0f}",
        )
        for (t, (share, accuracy)), size, line in zip(SWEEP.items(), SWEEP_BYTES, study["sweep"], strict=True)
    ]
    head = ("T", "local share: published", "ours", "system accuracy: published", "ours", "bytes: published", "ours")
    return table(head, rows)


def alone_as_published(study: Mapping[str, Any]) -> str:
    """Each camera's head of the networks of six, over all samples, beside networks of one camera each."""
    networks = sorted(study["alone"], key=lambda line: line["local"]["mean"])
    runs = [r for r in study["runs"] if len(r["devices"]) == len(ALONE) and r["pair"] == "MP-CC"]
    rows = []
    for number, (published, line) in enumerate(zip(ALONE, networks, strict=True), start=1):
        joint = [r["device"]["accuracy"][line["camera"]] for r in runs if r["seed"] in line["local"]["seeds"]]
        rows.append(
            (
                f"{number} (view {line['camera'] + 1})",
                str(published),
                _beside(line["local"], published),
                _over_seeds(line["cloud"]),
                over_seeds(joint, line["local"]["samples"]),
            )
        )
    return table(
        ("camera, worst first", "published", "ours, local exit", "ours, cloud exit", "its head among six"), rows
    )


def alone(study: Mapping[str, Any]) -> str:
    """Networks of one camera each, sorted by their accuracy as the published ones are."""
    lines = sorted(study["alone"], key=lambda line: line["local"]["mean"])
    rows = [
        (
            f"{number} (view {line['camera'] + 1})",
            str(published),
            _beside(line["local"], published),
            _over_seeds(line["cloud"]),
            f"{100 * line['seen']['mean']:.0f}",
            over_seeds(line["accuracy_where_seen"]["per_seed"], round(line["seen"]["mean"] * line["seen"]["samples"])),
            _over_seeds(line["seen_and_right"]),
        )
        for number, (published, line) in enumerate(zip(ALONE, lines, strict=True), start=1)
    ]
    head = (
        "camera, worst first",
        "published",
        "ours, local exit",
        "ours, cloud exit",
        "sees the object",
        "right where it sees it",
        "seen and right",
    )
    return table(head, rows)


def _three(published: Sequence[float], figures: Mapping[str, Any]) -> list[str]:
    return ["/".join(map(str, published)), *(_beside(figures[t], p) for t, p in zip(TIERS, published, strict=True))]


def growing(study: Mapping[str, Any]) -> str:
    """Networks of the n worst cameras."""
    rows = [
        (", ".join(str(c + 1) for c in line["cameras"]), *_three(published, line))
        for published, line in zip(GROWING, study["growing"], strict=True)
    ]
    return table(("views", "published local/cloud/system", "ours: local", "cloud", "system"), rows)


def missing(study: Mapping[str, Any]) -> str:
    """One camera gone: retrained on five, and failing at inference in the network of six."""
    rows = []
    for number, published in enumerate(WITHOUT):
        line = study["missing"][number]
        rows.append(
            (
                str(line["camera"] + 1),
                *_three(published, line["retrained"]),
                *(_over_seeds(line["failing"][tier]) for tier in TIERS),
            )
        )
    head = (
        "view gone",
        "published, retrained",
        "ours, retrained: local",
        "cloud",
        "system",
        "failing at inference: local",
        "cloud",
        "system",
    )
    return table(head, rows)


def fusion(study: Mapping[str, Any]) -> str:
    """The nine pairs of local and cloud fusion."""
    rows = [(line["pair"], *(_over_seeds(line[tier]) for tier in TIERS)) for line in study["fusion"]]
    return table(("local-cloud", "local", "cloud", "system"), rows)


def baselines(study: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    """What needs no network: no picture even, or the nearest one."""
    rows = [
        (name, str(Measured(found["accuracy"], found["samples"])))
        for name, found in study["baselines"].items()
        if isinstance(found, dict)
    ]
    near = data["nearest"]
    rows.append(
        ("class of the nearest training sample (1-NN)", str(Measured(near["right"] / near["samples"], near["samples"])))
    )
    return table(("guess", "accuracy, % (95 %)"), rows)


def device_memory(count: int) -> int:
    """Bytes that a device of `count` filters keeps: real weights in 4 bytes, signs of the head in one bit each [I].

    3x3 convolution of three colours with bias, its batch norm (4 numbers a filter), the head's signs for 16x16 values a
    filter and three classes, its bias and batch norm.
    """
    return count * (4 * (3 * 9 + 1 + 4) + 3 * 256 // 8) + 4 * 3 * (1 + 4)


def filters(study: Mapping[str, Any]) -> str:
    """Channels of a device's features: accuracies at each exit, local share and bytes at `FILTERS_T`, memory."""
    at = list(SWEEP).index(FILTERS_T)
    rows = []
    for (count, published), line in zip(FILTERS.items(), study["filters"], strict=True):
        local, cloud, system, share, size, memory = published
        there = line["sweep"][at]
        rows.append(
            (
                str(count),
                *_three((local, cloud, system), line),
                f"{share:g}",
                _over_seeds(there["local_share"]),
                str(size),
                f"{there['bytes']['mean']:.0f}",
                f"{memory:,}",
                f"{device_memory(count):,}",
            )
        )
    head = (
        "filters",
        "published local/cloud/system",
        "ours: local",
        "cloud",
        "system",
        "local share: published",
        f"ours, T = {FILTERS_T:g}",
        "bytes: published",
        f"ours, T = {FILTERS_T:g}",
        "memory of a device, bytes: published",
        "ours",
    )
    return table(head, rows)


def parts(study: Mapping[str, Any], published: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, str]:
    """Every generated part, by the name of its marks.

    `published` is the study of networks as published, `data` what the data give away without a network.
    """
    return {
        "2017 published sweep": sweep_as_published(published),
        "2017 published alone": alone_as_published(published),
        "2017 published growing": growing(published),
        "2017 published missing": missing(published),
        "2017 published filters": filters(published),
        "2017 published fusion": fusion(published),
        "2017 baselines": baselines(study, data),
        "2017 sweep": sweep(study),
        "2017 alone": alone(study),
        "2017 growing": growing(study),
        "2017 missing": missing(study),
        "2017 fusion": fusion(study),
    }
