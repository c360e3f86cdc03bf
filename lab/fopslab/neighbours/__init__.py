"""The table of neighbours, in the order in which they start. A new one is a file here and a row below."""

from __future__ import annotations

from fopslab.neighbours import executor, incus, kube, lxc, proxmox, ssh
from fopslab.neighbours.base import Neighbour

TABLE: tuple[Neighbour, ...] = (
    lxc.NEIGHBOUR,
    ssh.NEIGHBOUR,
    executor.NEIGHBOUR,
    kube.NEIGHBOUR,
    proxmox.NEIGHBOUR,
    incus.NEIGHBOUR,
)
BY_NAME = {neighbour.name: neighbour for neighbour in TABLE}
