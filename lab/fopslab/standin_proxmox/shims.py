"""Stand-ins for pct and qm on a node: their words, their checks, their ways to fail; commands run in real containers.

Called as: shims.py pct|qm PORT LXC_PATH NODE_PATH LC_CTYPE WORD...; it stands alone, because it runs without the lab's
packages.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from typing import Any, NoReturn

LARGEST_INPUT = 1024 * 1024
USAGE = {
    ("pct", "exec"): "pct exec <vmid> [<extra-args>] [OPTIONS]",
    ("pct", "status"): "pct status <vmid> [OPTIONS]",
    ("pct", "config"): "pct config <vmid> [OPTIONS]",
    ("qm", "status"): "qm status <vmid> [OPTIONS]",
    ("qm", "config"): "qm config <vmid> [OPTIONS]",
    ("qm", "guest cmd"): "qm guest cmd <vmid> <command>",
    ("qm", "guest exec"): "qm guest exec <vmid> [<extra-args>] [OPTIONS]",
    ("qm", "guest exec-status"): "qm guest exec-status <vmid> <pid>",
}
OPTIONS = {
    ("pct", "exec"): {"keep-env": "boolean"},
    ("pct", "status"): {"verbose": "flag"},
    ("qm", "status"): {"verbose": "flag"},
    ("pct", "config"): {"current": "boolean", "snapshot": "string"},
    ("qm", "config"): {"current": "boolean", "snapshot": "string"},
    ("qm", "guest exec"): {"timeout": "integer", "pass-stdin": "boolean", "synchronous": "boolean"},
}
# perl ends with errno when it is set, and with 255 otherwise.
ENOENT, OTHER = 2, 255
# What the shell of the real node would not have.
OWN_VARIABLES = ("FOPS_LAB_PROCESS",)


def die(text: str, status: int = OTHER) -> NoReturn:
    sys.stderr.write(f"{text}\n")
    sys.exit(status)


class Tool:
    """One call of pct or qm."""

    def __init__(self, name: str, port: int, lxc_path: str, node_path: str, locale: str) -> None:
        self.name, self.port, self.lxc_path, self.node_path, self.locale = name, port, lxc_path, node_path, locale
        self.key = (name, "")

    def usage(self, text: str) -> NoReturn:
        die(f"{text}\n{USAGE[self.key]}")

    def ask(self, **words: Any) -> dict[str, Any]:
        kind = "lxc" if self.name == "pct" else "qemu"
        with socket.create_connection(("127.0.0.1", self.port)) as link:
            link.sendall(json.dumps({"kind": kind, **words}).encode() + b"\n")
            answer: dict[str, Any] = json.loads(link.makefile("rb").readline())
        if "error" in answer:
            die(answer["error"], ENOENT if "does not exist" in answer["error"] else OTHER)
        return answer

    def value(self, name: str, kind: str, word: str) -> Any:
        if kind == "boolean" and word.lower() in ("0", "no", "off", "false", "1", "yes", "on", "true"):
            return word.lower() in ("1", "yes", "on", "true")
        if kind == "integer" and word.isascii() and word.isdigit():
            return int(word)
        if kind == "string":
            return word
        return self.usage(f"400 Parameter verification failed.\n{name}: type check ('{kind}') failed - got '{word}'")

    def read(self, words: list[str]) -> tuple[dict[str, Any], list[str]]:
        """Options, wherever they stand before `--`, and the other words."""
        known, options, rest = OPTIONS.get(self.key, {}), {}, []
        words = list(words)
        while words:
            word = words.pop(0)
            if word == "--":
                return options, rest + words
            if not word.startswith("-") or word == "-":
                rest.append(word)
                continue
            name, equals, value = word.lstrip("-").partition("=")
            if name not in known:
                self.usage(f"Unknown option: {name}\n400 unable to parse option")
            if known[name] == "flag":
                options[name] = True
                continue
            if not equals:
                if not words:
                    self.usage(f"Option {name} requires an argument\n400 unable to parse option")
                value = words.pop(0)
            options[name] = self.value(name, known[name], value)
        return options, rest

    def number(self, words: list[str]) -> int:
        if not words:
            self.usage("400 not enough arguments")
        word = words.pop(0)
        if not word.isascii() or not word.isdigit() or not 100 <= int(word) <= 999999999:
            self.usage(f"400 Parameter verification failed.\nvmid: invalid format - value '{word}' does not look like "
                       "a valid VM ID")  # fmt: skip
        return int(word)

    def run(self, words: list[str]) -> None:
        if not words:
            die(f"ERROR: no command specified\nUSAGE: {self.name} <COMMAND> [ARGS] [OPTIONS]")
        count = 2 if self.name == "qm" and words[0] == "guest" and len(words) > 1 else 1
        verb = " ".join(words[:count])
        self.key = (self.name, verb)
        if self.key not in USAGE:
            die(f"ERROR: unknown command '{self.name} {verb}'\nUSAGE: {self.name} <COMMAND> [ARGS] [OPTIONS]")
        options, rest = self.read(words[count:])
        vmid = self.number(rest)
        getattr(self, verb.replace(" ", "_").replace("-", "_"))(vmid, options, rest)

    def no_more(self, rest: list[str]) -> None:
        if rest:
            self.usage("400 too many arguments")

    def status(self, vmid: int, options: dict[str, Any], rest: list[str]) -> None:
        self.no_more(rest)
        guest = self.ask(call="look", vmid=vmid)["guest"]
        print(f"status: {guest['status']}")
        if options.get("verbose"):
            print(f"vmid: {vmid}")

    def config(self, vmid: int, _options: dict[str, Any], rest: list[str]) -> None:
        self.no_more(rest)
        known = self.ask(call="look", vmid=vmid)["guest"]["config"]
        for key in sorted(set(known) - {"digest"}):
            print(f"{key}: {known[key]}")

    def exec(self, vmid: int, options: dict[str, Any], rest: list[str]) -> None:
        """Becomes lxc-attach: streams and status are its own from here on."""
        guest = self.ask(call="look", vmid=vmid)["guest"]
        if not rest:
            die("missing command")
        if guest["status"] != "running":
            die(f"Error: container '{vmid}' not running!")
        environment = {key: value for key, value in os.environ.items() if key not in OWN_VARIABLES}
        environment["PATH"] = self.node_path
        # Python itself sets the one and ignores the others; what becomes of this process must not see either.
        environment.pop("LC_CTYPE", None)
        environment.update({"LC_CTYPE": self.locale} if self.locale else {})
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        keep = "--keep-env" if options.get("keep-env", True) else "--clear-env"
        argv = ["lxc-attach", "-P", self.lxc_path, "-n", guest["container"], keep, "--", *rest]
        os.execvpe("lxc-attach", argv, environment)

    def guest_cmd(self, vmid: int, _options: dict[str, Any], rest: list[str]) -> None:
        if rest != ["ping"]:
            self.usage("400 Parameter verification failed.\ncommand: the stand-in knows ping alone")
        self.ask(call="ping", vmid=vmid)

    def guest_exec(self, vmid: int, options: dict[str, Any], rest: list[str]) -> None:
        given = None
        if options.get("pass-stdin"):
            data = sys.stdin.buffer.read(LARGEST_INPUT + 1)
            if len(data) > LARGEST_INPUT:
                die("input data is larger than 1 MiB")
            given = data.decode("latin-1")
        if not rest:
            die("400 Parameter verification failed.\nextra-args: missing command")
        command = [os.fsencode(word).decode("latin-1") for word in rest]
        wait, seconds = options.get("synchronous", True), options.get("timeout", 30)
        answer = self.ask(call="exec", vmid=vmid, command=command, input=given, wait=wait, seconds=seconds)
        if answer.get("late"):
            sys.stderr.write("timeout reached, returning pid\n")
        self.show(answer["result"])

    def guest_exec_status(self, vmid: int, _options: dict[str, Any], rest: list[str]) -> None:
        if len(rest) != 1 or not rest[0].isdigit():
            self.usage("400 Parameter verification failed.\npid: type check ('integer') failed")
        self.show(self.ask(call="exec-status", vmid=vmid, pid=int(rest[0]))["result"])

    def show(self, result: dict[str, Any]) -> None:
        """Whatever the command's status was, qm's own is 0."""
        text = json.dumps(result, sort_keys=True, indent=3, separators=(",", " : "), ensure_ascii=False)
        sys.stdout.buffer.write(text.encode() + b"\n")


def main() -> None:
    name, port, lxc_path, node_path, locale, *words = sys.argv[1:]
    if os.geteuid() != 0:
        die("please run as root")
    Tool(name, int(port), lxc_path, node_path, locale).run(words)


if __name__ == "__main__":
    main()
