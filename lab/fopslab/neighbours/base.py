"""What a neighbour is: one row of the table in __init__.py, made by one file of this folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fopslab.process import stop_processes
from fopslab.state import Facts, Lab

Document = dict[str, Any]
Folders = dict[str, list[Document]]
Contexts = dict[str, Document]


def no_documents(_everybody: Mapping[str, Facts]) -> Folders:
    return {}


def no_contexts(_everybody: Mapping[str, Facts]) -> Contexts:
    return {}


def no_environment(_lab: Lab, _facts: Facts) -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class Neighbour:
    """A real thing that the lab starts.

    start() starts it and returns once it is ready, with the facts that tests need (ports, paths); it raises Skipped
    when this machine cannot run it and StartFailed when something broke. stop() must cope with every state that a crash
    can leave; without one, the recorded and the marked processes are ended. documents() turns the facts of everybody
    that is up into contracts by topology folder; contexts() are those of the configuration that no folder makes; environment() sets the variables that the contracts refer to.
    """

    name: str
    summary: str
    start: Callable[[Lab], Facts]
    ready: Callable[[Lab, Facts], bool]
    describe: Callable[[Facts], str]
    needs: tuple[str, ...] = ()
    stop: Callable[[Lab], None] | None = None
    documents: Callable[[Mapping[str, Facts]], Folders] = no_documents
    contexts: Callable[[Mapping[str, Facts]], Contexts] = no_contexts
    environment: Callable[[Lab, Facts], dict[str, str]] = no_environment

    def end(self, lab: Lab) -> None:
        """Stops the neighbour whatever state it is in."""
        if self.stop:
            self.stop(lab)
        else:
            stop_processes(lab, self.name)
        lab.forget_facts(self.name)
