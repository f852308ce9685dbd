"""DDNN as the ADA-DDNN paper compares with it ("algorithm 1", its Fig. 1; after Teerapittayanon et al. 2017)."""

from __future__ import annotations

from simnet.models.networks.residual import ResidualNetwork


class Ddnn(ResidualNetwork):
    """Devices extract features, the edge fuses and classifies them, the cloud goes deeper."""

    edge_exit = "edge"
    ada = False
