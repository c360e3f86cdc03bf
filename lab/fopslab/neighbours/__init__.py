"""The table of neighbours, in the order in which they start. A new one is a file here and a row below."""

from __future__ import annotations

from fopslab.neighbours import (
    executor,
    git,
    health,
    incus,
    keycloak,
    kube,
    lxc,
    nginx,
    opa,
    openbao,
    oxigraph,
    prometheus,
    proxmox,
    ssh,
    temporal,
    versitygw,
)
from fopslab.neighbours.base import Neighbour

TABLE: tuple[Neighbour, ...] = (
    lxc.NEIGHBOUR,
    ssh.NEIGHBOUR,
    executor.NEIGHBOUR,
    kube.NEIGHBOUR,
    proxmox.NEIGHBOUR,
    incus.NEIGHBOUR,
    git.NEIGHBOUR,
    health.NEIGHBOUR,
    keycloak.NEIGHBOUR,
    nginx.NEIGHBOUR,
    opa.NEIGHBOUR,
    openbao.NEIGHBOUR,
    oxigraph.NEIGHBOUR,
    prometheus.NEIGHBOUR,
    temporal.NEIGHBOUR,
    versitygw.NEIGHBOUR,
)
BY_NAME = {neighbour.name: neighbour for neighbour in TABLE}
