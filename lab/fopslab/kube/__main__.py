"""What tests and benchmarks do with the cluster of a lab that is up: many pods, short tokens, a server that goes away.

python -m fopslab.kube pods COUNT [--namespaces NAME...]   that many ready pods, crowd-00000 ...; prints the seconds
python -m fopslab.kube remove-pods [--namespaces NAME...]  removes all pods there
python -m fopslab.kube token SECONDS                       prints a service-account token that ends then
python -m fopslab.kube stop-api | start-api | restart-api  the API server goes away, and comes back on the same port
FOPS_LAB_DIR names the lab, as for lab/lab.
"""

from __future__ import annotations

import argparse
import sys
import time

from fopslab.kube.objects import create_pods, remove_pods
from fopslab.kube.server import start_api, stop_api
from fopslab.kube.tokens import mint
from fopslab.state import open_lab


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="fopslab.kube", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    maker = commands.add_parser("pods")
    maker.add_argument("count", type=int)
    for each in (maker, commands.add_parser("remove-pods")):
        each.add_argument("--namespaces", nargs="+", default=["crowd"])
    commands.add_parser("token").add_argument("seconds", type=int)
    for name in ("stop-api", "start-api", "restart-api"):
        commands.add_parser(name)
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    lab = open_lab()
    facts = lab.load_facts("kube")
    if facts is None:
        print(f"fopslab.kube: no cluster is up below {lab.root}; lab/lab up kube", file=sys.stderr)
        return 1
    if arguments.command == "pods":
        begun = time.monotonic()
        create_pods(facts, arguments.count, arguments.namespaces)
        print(f"{time.monotonic() - begun:.1f}")
    elif arguments.command == "remove-pods":
        remove_pods(facts, arguments.namespaces)
    elif arguments.command == "token":
        print(mint(facts, arguments.seconds))
    if arguments.command in ("stop-api", "restart-api"):
        stop_api(lab, facts)
    if arguments.command in ("start-api", "restart-api"):
        start_api(lab, facts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
