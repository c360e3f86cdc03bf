"""The command line of the lab: up, down, status."""

from __future__ import annotations

import argparse
import difflib
import json
import shlex
import signal
import sys
from types import FrameType
from typing import NoReturn

from fopslab.neighbours import BY_NAME, TABLE
from fopslab.neighbours.base import Neighbour
from fopslab.process import read_records
from fopslab.state import Lab, Skipped, StartFailed, locked, open_lab, remove_state
from fopslab.topology import gather, write_offer

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_SKIPPED = 3


def warn(text: str) -> None:
    print(f"lab: {text}", file=sys.stderr, flush=True)


def check_names(names: list[str]) -> None:
    """Ends with a suggestion when a name is unknown."""
    for name in names:
        if name not in BY_NAME:
            near = difflib.get_close_matches(name, BY_NAME, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}?" if near else f"known are: {', '.join(BY_NAME)}"
            warn(f"unknown neighbour {name!r}; {hint}")
            sys.exit(EXIT_USAGE)


def with_needs(names: list[str]) -> list[Neighbour]:
    """The named neighbours and all they need, in the order of the table."""
    wanted = set(names)
    while more := {need for name in wanted for need in BY_NAME[name].needs} - wanted:
        wanted |= more
    return [neighbour for neighbour in TABLE if neighbour.name in wanted]


def with_dependants(names: list[str]) -> list[Neighbour]:
    """The named neighbours and all that need them, dependants first; without names everybody."""
    wanted = set(names or BY_NAME)
    while more := {each.name for each in TABLE if wanted & set(each.needs)} - wanted:
        wanted |= more
    return [neighbour for neighbour in reversed(TABLE) if neighbour.name in wanted]


def bring_up(lab: Lab, neighbour: Neighbour) -> None:
    """Leaves a neighbour that is ready alone, and starts any other from a clean state."""
    facts = lab.load_facts(neighbour.name)
    if facts is not None and neighbour.ready(lab, facts):
        return
    neighbour.end(lab)
    try:
        lab.save_facts(neighbour.name, neighbour.start(lab))
    except BaseException:
        neighbour.end(lab)
        raise


def up(lab: Lab, names: list[str]) -> int:
    skipped: dict[str, str] = {}
    failed: set[str] = set()
    for neighbour in with_needs(names):
        absent = [need for need in neighbour.needs if need in skipped or need in failed]
        try:
            if absent:
                raise Skipped(f"it needs {absent[0]}, which is not up")
            bring_up(lab, neighbour)
        except Skipped as reason:
            skipped[neighbour.name] = " ".join(str(reason).split())
            print(f"skipped {neighbour.name}: {skipped[neighbour.name]}", flush=True)
        except (StartFailed, OSError) as reason:
            failed.add(neighbour.name)
            warn(f"{neighbour.name} failed: {reason}")
        else:
            facts = lab.load_facts(neighbour.name) or {}
            print(f"ready {neighbour.name}: {neighbour.describe(facts)}", flush=True)
    print_usage(lab, write_offer(lab))
    if failed:
        return EXIT_FAILED
    return EXIT_SKIPPED if skipped else 0


def print_usage(lab: Lab, folders: list[str]) -> None:
    if not folders:
        return
    print(f"topology below {lab.root / 'topology'}: {', '.join(folders)}")
    print("use it:")
    print(f"  . {shlex.quote(str(lab.root / 'env'))}")
    print(f"  export FOPS_TOPOLOGY={shlex.quote(str(lab.root / 'topology' / folders[0]))}")
    print("  lab/lab down")


def down(lab: Lab, names: list[str]) -> int:
    result = 0
    for neighbour in with_dependants(names):
        try:
            neighbour.end(lab)
        except (StartFailed, OSError) as reason:
            warn(f"{neighbour.name}: {reason}")
            result = EXIT_FAILED
    if gather(lab):
        write_offer(lab)
    elif result == 0:
        remove_state(lab)
    return result


def status(lab: Lab, names: list[str], form: str) -> int:
    rows = []
    for neighbour in [BY_NAME[name] for name in names] or TABLE:
        facts = lab.load_facts(neighbour.name)
        records = read_records(lab, neighbour.name)
        state = "stopped"
        if facts is not None:
            state = "ready" if neighbour.ready(lab, facts) else "broken"
        elif records:
            state = "broken"
        processes = {name: record.pid for name, record in records.items() if record.alive}
        detail = neighbour.describe(facts) if facts else neighbour.summary
        rows.append({"name": neighbour.name, "state": state, "processes": processes, "detail": detail})
    if form == "json":
        print(json.dumps({"root": str(lab.root), "neighbours": rows}, indent=2))
    else:
        print(f"{'NAME':<12}{'STATE':<10}DETAIL")
        for row in rows:
            print(f"{row['name']:<12}{row['state']:<10}{row['detail']}")
    return 0 if all(row["state"] == "ready" for row in rows) or not names else EXIT_FAILED


def parse_arguments() -> argparse.Namespace:
    known = "\n".join(f"  {neighbour.name:<12}{neighbour.summary}" for neighbour in TABLE)
    parser = argparse.ArgumentParser(
        prog="lab",
        description="Starts and stops the real neighbours that tests and demonstrations talk to, on loopback only.",
        epilog=f"neighbours:\n{known}\n\nexit codes: 0 all ready, 1 something failed or (status NAME) is not ready, "
        "2 usage, 3 skipped on this machine\nFOPS_LAB_DIR names the state folder (default: build/lab).",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="up|down|status")
    commands.add_parser("up", help="start neighbours").add_argument("names", nargs="+", metavar="NAME")
    commands.add_parser("down", help="stop neighbours, by default all").add_argument("names", nargs="*", metavar="NAME")
    reporter = commands.add_parser("status", help="tell which neighbours are ready")
    reporter.add_argument("names", nargs="*", metavar="NAME")
    reporter.add_argument("-o", "--output", choices=("table", "json"), default="table")
    return parser.parse_args()


def end_by_signal(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def main() -> int:
    arguments = parse_arguments()
    check_names(arguments.names)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_by_signal)
    lab = open_lab()
    if arguments.command == "status":
        return status(lab, arguments.names, arguments.output)
    try:
        with locked(lab):
            return up(lab, arguments.names) if arguments.command == "up" else down(lab, arguments.names)
    except (StartFailed, OSError) as reason:
        warn(str(reason))
        return EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
