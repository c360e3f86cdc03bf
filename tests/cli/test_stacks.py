"""Stacks without a network: what `--compact` costs, which bytes are stable, graphs that others can read, completion."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import Runner
from golden_case import FIXTURES

pytestmark = pytest.mark.static

STACKS = FIXTURES / "topology/stacks"
CATALOGUE = (
    "argocd clickhouse cloudflared datahub daytona dokploy evidence fractalops gitops headlamp k3s kafka langboard nexus "
    "openbao-secret-delivery penpot pomerium runtime-storage windmill"
).split()
INTEGRATION = set("cloudflared dokploy headlamp nexus penpot pomerium windmill".split())
# The words of the seed of the catalogue; what it says in other places is prose.
OPERATIONS = {
    "argocd": "bootstrap_argocd_identity_gitops",
    "clickhouse": "bootstrap_clickhouse",
    "daytona": "create_project_daytona_workspace",
    "langboard": "create_project_daytona_workspace",
    "openbao-secret-delivery": "reconcile_connector_ssot",
    "gitops": "reconcile_connector_ssot",
    "runtime-storage": "storage_surface_metrics",
    "windmill": "windmill_runbook_catalog",
    "nexus": "reconcile_nexus_fractalops",
}
MOST_BYTES = 1024


def rows(fops: Runner, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = fops(*words, "-o", "json").check().json()["items"]
    return found


def test_the_catalogue_is_compiled_in(fops: Runner) -> None:
    found = {row["name"]: row for row in rows(fops, "stacks", "list")}
    assert list(found) == CATALOGUE
    assert {name for name, row in found.items() if row["ownership"] == "integration-endpoint"} == INTEGRATION
    assert {row["ownership"] for row in found.values()} == {"integration-endpoint", "execution-substrate"}
    for name, operation in OPERATIONS.items():
        assert found[name]["primary_operation"] == operation


def test_compact_is_one_line_a_stack_and_at_most_a_kibibyte(fops: Runner) -> None:
    done = fops("stacks", "list", "--compact").check()
    assert done.stderr == b""
    assert len(done.stdout) <= MOST_BYTES
    assert [line.split("\t") for line in done.out.splitlines()] == [[name, "unbound", "-"] for name in CATALOGUE]


def test_compact_is_the_same_every_time_and_in_whatever_order_documents_stand(fops: Runner, tmp_path: Path) -> None:
    parts = (STACKS / "stacks.yaml").read_text().split("\n---\n")
    for order, name in ((parts, "a"), (parts[::-1], "b")):
        (tmp_path / f"{name}.yaml").write_text("\n---\n".join(order))
    words = ("stacks", "list", "--compact")
    first = fops("--topology", str(tmp_path / "a.yaml"), *words).check()
    assert first.stdout == fops("--topology", str(tmp_path / "a.yaml"), *words).check().stdout
    assert first.stdout == fops("--topology", str(tmp_path / "b.yaml"), "--no-cache", *words).check().stdout
    assert first.stdout == fops("--topology", str(tmp_path / "a.yaml"), *words, env={"LC_ALL": "tr_TR.UTF-8"}).check().stdout


@pytest.mark.parametrize("words", [["stacks", "list"], ["stacks", "list", "--compact"], ["stacks", "show", "langboard"],
                                   ["stacks", "graph"], ["stacks", "graph", "--format", "json"]])  # fmt: skip
def test_nothing_is_contacted(tmp_path: Path, fops: Runner, socket_denial: Any, words: list[str]) -> None:
    silent = Runner(fops.binary, tmp_path / "silent", socket_denial)
    silent("--topology", str(STACKS), *words).check()


# --- graphs ---

def graph(fops: Runner, *words: str) -> Any:
    return fops("--topology", str(STACKS), "stacks", "graph", "--format", "json", *words).check().json()


ID = r'"(?:[^"\\]|\\.)*"'
NODE = re.compile(rf"  (?P<id>{ID}) \[label=(?P<label>{ID}), style=(solid|dashed), class={ID}(, shape=ellipse)?\];")
RANK = re.compile(rf"  {{ rank=same;(?P<ids>(?: {ID};)+) }}")
EDGE = re.compile(rf"  (?P<from>{ID}) -> (?P<to>{ID});")


def read_dot(text: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Nodes and edges; fails on a line that is none of those that this program writes."""
    lines = text.splitlines()
    assert lines[:3] == ["digraph stacks {", "  rankdir=BT;", "  node [shape=box];"] and lines[-1] == "}"
    nodes, edges, ranked = [], [], []
    for line in lines[3:-1]:
        if match := NODE.fullmatch(line):
            assert match["id"] == match["label"]
            nodes.append(json.loads(match["id"]))
        elif match := RANK.fullmatch(line):
            ranked += [json.loads(word) for word in re.findall(ID, match["ids"])]
        else:
            match = EDGE.fullmatch(line)
            assert match, line
            edges.append((json.loads(match["from"]), json.loads(match["to"])))
    assert sorted(ranked) == sorted(nodes)
    return nodes, edges


def test_both_languages_draw_the_same_graph(fops: Runner) -> None:
    nodes, edges = read_dot(fops("--topology", str(STACKS), "stacks", "graph").check().out)
    drawn = graph(fops)
    assert nodes == [node["id"] for node in drawn["nodes"]] == [row["name"] for row in rows(fops, "--topology", str(STACKS), "stacks", "list")]
    assert edges == [(edge["from"], edge["to"]) for edge in drawn["edges"]]
    assert ("langboard", "openbao-secret-delivery") in edges and ("team-portal", "langboard") in edges


def test_layers_follow_from_dependencies(fops: Runner) -> None:
    drawn = graph(fops)
    layers = {node["id"]: node["layer"] for node in drawn["nodes"]}
    for edge in drawn["edges"]:
        assert layers[edge["from"]] > layers[edge["to"]]
    assert (layers["k3s"], layers["daytona"], layers["langboard"], layers["team-portal"]) == (0, 1, 2, 3)
    assert drawn["layers"] == 4


def test_nodes_have_places_that_do_not_touch(fops: Runner) -> None:
    drawn = graph(fops)
    boxes = [(node["x"], node["y"], node["x"] + node["width"], node["y"] + node["height"]) for node in drawn["nodes"]]
    for i, (left, top, right, bottom) in enumerate(boxes):
        assert 0 <= left < right <= drawn["width"] and 0 <= top < bottom <= drawn["height"]
        for other in boxes[:i]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top, (boxes[i], other)
    places = {node["id"]: node for node in drawn["nodes"]}
    for edge in drawn["edges"]:
        assert places[edge["from"]]["y"] < places[edge["to"]]["y"], "what is depended on is below"


def test_graphviz_reads_the_graph(fops: Runner, tmp_path: Path) -> None:
    program = shutil.which("dot")
    if program is None:
        pytest.skip("graphviz is not installed: apt-get install graphviz")
    for topology in (STACKS, FIXTURES / "topology/odd-stacks"):
        text = fops("--topology", str(topology), "stacks", "graph").check().stdout
        done = subprocess.run([program, "-Tplain"], input=text, capture_output=True, check=True)
        assert done.stderr == b""
        nodes, edges = read_dot(text.decode())
        lines = done.stdout.decode().splitlines()
        assert sum(line.startswith("node ") for line in lines) == len(nodes)
        assert sum(line.startswith("edge ") for line in lines) == len(edges)


# --- refusals, in every way of asking ---

@pytest.mark.parametrize("name", sorted(INTEGRATION))
def test_an_integration_endpoint_has_no_operations(fops: Runner, name: str) -> None:
    for more in ([], ["--proposal", "prop-1"], ["--continuity", "resume"]):
        done = fops("stacks", "run", name, *more).check(77)
        assert "[stack.refused]" in done.err
        assert "an integration endpoint has URL, auth and readiness and nothing else" in done.err
        assert done.stdout == b""


@pytest.mark.parametrize("name", sorted(set(CATALOGUE) - INTEGRATION))
def test_an_operation_is_never_run_here(fops: Runner, name: str) -> None:
    for more in ([], ["--proposal", "prop-1"], ["--continuity", "resume"]):
        done = fops("stacks", "run", name, *more).check(13)
        assert "[proposal.required]" in done.err and "nothing was queued" in done.err
        assert f"fops proposals open --action stacks.run --stack {name} " in done.err


@pytest.mark.parametrize("word", ["Fresh", "fresh ", " resume", "RESUME", "continue", "new", "", "fresh,resume", "\u0066resh\u200b", "1"])
def test_continuity_is_one_of_two_words(fops: Runner, word: str) -> None:
    done = fops("stacks", "run", "langboard", f"--continuity={word}").check(2)
    assert "R09" in done.err


def test_a_queue_and_a_proposal_plane_are_asked_for_one_by_one(fops: Runner, tmp_path: Path) -> None:
    def document(plane: str) -> dict[str, Any]:
        spec = {"id": plane, "plane": plane, "executorUrl": f"https://{plane}.example.net", "auth": {"mode": "none"}}
        return {"apiVersion": "fractalops/v1", "kind": "Endpoint", "spec": spec}

    expected = {
        (): "neither a proposal plane",
        ("proposals",): "no queue (temporal)",
        ("temporal",): "no proposal plane (proposals)",
        ("proposals", "temporal"): "no approved proposal is named",
    }
    for planes, cause in expected.items():
        path = tmp_path / f"{'-'.join(planes) or 'none'}.json"
        path.write_text(json.dumps([document(plane) for plane in planes]))
        done = fops("--topology", str(path), "stacks", "run", "kafka").check(13)
        assert cause in done.err


# --- completion ---

def test_names_are_completed_with_and_without_a_topology(fops: Runner) -> None:
    for verb in ("show", "check", "run"):
        done = fops("__complete", "--", "stacks", verb, "").check()
        names = [line.split("\t")[0] for line in done.out.splitlines()]
        assert names[:19] == CATALOGUE, verb
    done = fops("__complete", "--", "stacks", "show", "team", env={"FOPS_TOPOLOGY": str(STACKS)}).check()
    assert done.out.startswith("team-portal\tportal of one team\n")
