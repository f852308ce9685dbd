"""Links by name, with the source of every number."""

from __future__ import annotations

from simnet.language.presets import Preset

DADS = (
    "bandwidth up: {what}, and neither latency nor headers modelled, as in Hu et al., 'Dynamic Adaptive DNN "
    "Surgery for Inference Acceleration on the Edge' (DADS, INFOCOM 2019), Table I; down the same: our choice"
)


def dads(bandwidth: str, what: str) -> Preset:
    """A network of DADS: for runs that are set beside its figures, and DAPDEE's."""
    return Preset({"bandwidth": bandwidth, "latency": "0 s", "header": "0 B"}, DADS.format(what=what))


LINK_PRESETS: dict[str, Preset] = {
    "ethernet-100m": Preset(
        {"bandwidth": "100 Mbit/s", "latency": "200 us", "header": "78 B"},
        "bandwidth: IEEE 802.3u line rate; header: preamble 8, Ethernet 14 + 4, gap 12, IPv4 20, TCP 20 B, once a "
        "message (longer messages pay it once: our choice); latency: a switched LAN, our choice",
    ),
    "ethernet-1g": Preset(
        {"bandwidth": "1 Gbit/s", "latency": "100 us", "header": "78 B"},
        "bandwidth: IEEE 802.3ab line rate; header: as ethernet-100m; latency: a switched LAN, our choice",
    ),
    "wifi": Preset(
        {"bandwidth": "50 Mbit/s", "latency": "2 ms", "header": "78 B"},
        "header: 802.11 QoS MAC 26, LLC/SNAP 8, FCS 4, IPv4 20, TCP 20 B, once a message; bandwidth (one station's "
        "share of a good 802.11n/ac cell, each station with a link of its own) and latency: our choice",
    ),
    "5g": Preset(
        {"bandwidth": {"up": "165 Mbit/s", "down": "671 Mbit/s"}, "latency": "10.8 ms", "header": "40 B"},
        "bandwidth and latency: means of a campaign in Glasgow, 2025 (data under CC BY 4.0; quoted at second hand, the "
        "publication was not seen): up 165, down 671 Mbit/s, ping 21.6 ms, of which half; header: IPv4 + TCP",
    ),
    "4g": Preset(
        {"bandwidth": {"up": "13.6 Mbit/s", "down": "14.7 Mbit/s"}, "latency": "26.55 ms", "header": "40 B"},
        "bandwidth and latency: UK averages, Q4 2014: up 13.6, down 14.7 Mbit/s, round trip 53.1 ms (Ofcom, "
        "'Measuring mobile broadband performance in the UK: 4G and 3G network performance', 2015); header: IPv4 + TCP",
    ),
    "cat1": Preset(
        {"bandwidth": {"up": "5.16 Mbit/s", "down": "10.296 Mbit/s"}, "latency": "26.55 ms", "header": "40 B"},
        "bandwidth: LTE category 1, peak rates: 5160 bits up and 10296 bits down in each 1 ms (3GPP TS 36.306, tables "
        "4.1-1 and 4.1-2); a cell in use gives less; latency: as 4g, it is the same network; header: IPv4 + TCP",
    ),
    "lte-m": Preset(
        {"bandwidth": {"up": "375 kbit/s", "down": "300 kbit/s"}, "latency": "50 ms", "header": "40 B"},
        "bandwidth: LTE category M1 of 3GPP release 13, peak rates of half-duplex devices with their scheduling delays "
        "(RF Wireless World, 'LTE-M device categories', https://www.rfwireless-world.com/terminology/"
        "mobile-communication/lte-m-device-categories-cat-0-cat-m1-cat-m2); latency: our choice, half of the 100 ms of "
        "a message at the edge of normal coverage ('Evaluation of LTE-M towards 5G IoT requirements', V1.1); "
        "header: IPv4 + TCP",
    ),
    "3g": Preset(
        {"bandwidth": "1.1 Mbit/s", "latency": "31.75 ms", "header": "40 B"},
        "bandwidth: the 3G setting of DAPDEE (Ding et al. 2025); latency: half of 63.5 ms, the UK 3G average of Q4 "
        "2014 (Ofcom, as 4g); header: IPv4 + TCP",
    ),
    "dads-cat1": dads("0.13 Mbit/s", "LTE CAT1"),
    "dads-3g": dads("1.1 Mbit/s", "3G"),
    "dads-4g": dads("5.85 Mbit/s", "4G"),
    "dads-wifi": dads("18.88 Mbit/s", "Wi-Fi"),
    "wan": Preset(
        {"bandwidth": "100 Mbit/s", "latency": "20 ms", "header": "40 B"},
        "bandwidth and latency: a wired site to a cloud region of its own continent: our choice (latencies of this "
        "order: Corneo et al., 'Surrounded by the Clouds', WWW 2021, https://doi.org/10.1145/3442381.3449854); "
        "header: IPv4 + TCP",
    ),
}
