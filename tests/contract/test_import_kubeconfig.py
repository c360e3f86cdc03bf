"""What import-kubeconfig prints is a topology; values go into one private file, and nowhere else."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Result, Runner

pytestmark = pytest.mark.static

TOKEN = "hunter2-is-the-token"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nhunter2/isTheKey'$(x)`\n-----END PRIVATE KEY-----\n"
SECRETS = (TOKEN, "hunter2", base64.b64encode(KEY.encode()).decode())

Document = dict[str, Any]


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def kubeconfig(user: Document, cluster: Document | None = None, **more: Any) -> Document:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443", **(cluster or {})}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "lab", "context": {"cluster": "c", "user": "u", "namespace": "boards"}}],
        **more,
    }


USERS: dict[str, tuple[Document, Document]] = {
    "token": ({"token": TOKEN}, {"mode": "bearer", "secretRef": "env://LAB_TOKEN"}),
    "certificate": (
        {"client-certificate-data": encoded(CERTIFICATE), "client-key-data": encoded(KEY)},
        {"mode": "client-certificate", "certificateRef": "env://LAB_CERTIFICATE", "keyRef": "env://LAB_KEY"},
    ),
    "certificate-file": (
        {"client-certificate": "client.pem", "client-key": "client.key"},
        {"mode": "client-certificate", "certificateRef": "env://LAB_CERTIFICATE", "keyRef": "env://LAB_KEY"},
    ),
    "token-file": ({"tokenFile": "/run/token", "token": TOKEN}, {"mode": "token-file", "tokenFile": "/run/token"}),
    "nobody": ({}, {"mode": "none"}),
}
CLUSTERS: dict[str, tuple[Document, Document]] = {
    "plain": ({}, {}),
    "data": (
        {"certificate-authority-data": encoded(CERTIFICATE), "tls-server-name": "kubernetes.lab"},
        {"tls": {"ca": CERTIFICATE, "serverName": "kubernetes.lab"}},
    ),
    "file": ({"certificate-authority": "client.pem"}, {"tls": {"ca": CERTIFICATE}}),
    "proxy": ({"proxy-url": "socks5://127.0.0.1:9"}, {"proxyUrl": "socks5h://127.0.0.1:9"}),
    "data-first": (
        {"certificate-authority-data": encoded(CERTIFICATE), "certificate-authority": "nowhere"},
        {"tls": {"ca": CERTIFICATE}},
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "client.pem").write_text(CERTIFICATE)
    (tmp_path / "client.key").write_text(KEY)
    return tmp_path


def convert(fops: Runner, folder: Path, config: Document, *words: str) -> Result:
    path = folder / "config"
    path.write_text(yaml.safe_dump(config))
    result = fops("infra", "import-kubeconfig", *words, path)
    for secret in SECRETS:
        assert secret not in result.out + result.err
    return result


def assert_topology(fops: Runner, folder: Path, text: str, name: str) -> None:
    path = folder / name
    path.write_text(text)
    assert fops("--topology", path, "--no-cache", "runtime-assets", "list", "-o", "name").check().out == ""


@pytest.mark.parametrize("cluster", CLUSTERS)
@pytest.mark.parametrize("user", USERS)
def test_what_is_printed_is_a_topology(fops: Runner, folder: Path, user: str, cluster: str) -> None:
    (given_user, auth), (given_cluster, more) = USERS[user], CLUSTERS[cluster]
    config = kubeconfig(given_user, given_cluster)
    printed = convert(fops, folder, config).check()
    document = yaml.safe_load(printed.out)
    spec = {"id": "lab", "plane": "kubernetes", "auth": auth, "executorUrl": "https://127.0.0.1:6443", **more}
    assert document == {"apiVersion": "fractalops/v1", "kind": "Endpoint", "spec": spec}
    assert json.loads(convert(fops, folder, config, "-o", "json").check().out) == document
    assert_topology(fops, folder, printed.out, "lab.yaml")
    assert_topology(fops, folder, json.dumps(document), "lab.json")


def test_all_contexts_are_one_topology(fops: Runner, folder: Path) -> None:
    names = ["lab", "Edge@north", "kind-kind", "arn:aws:eks:x/y"]
    contexts = [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in names]
    config = kubeconfig({"token": TOKEN}, contexts=contexts)
    printed = convert(fops, folder, config, "--all").check()
    ids = [document["spec"]["id"] for document in yaml.safe_load_all(printed.out)]
    assert ids == ["lab", "edge-north", "kind-kind", "arn-aws-eks-x-y"]
    assert_topology(fops, folder, printed.out, "all.yaml")
    assert_topology(fops, folder, convert(fops, folder, config, "--all", "-o", "json").check().out, "all.json")


def loaded(path: Path) -> dict[str, str]:
    """The variables that a shell has after the file was sourced."""
    script = f'. "{path}" && env -0'
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True, env={"PATH": "/usr/bin:/bin"}, text=True)
    return dict(line.split("=", 1) for line in done.stdout.split("\0") if line)


@pytest.mark.parametrize("user", ["certificate", "certificate-file"])
def test_values_go_into_a_file_that_only_the_user_reads(fops: Runner, folder: Path, user: str) -> None:
    values = folder / "values.env"
    previous = os.umask(0)
    try:
        convert(fops, folder, kubeconfig(USERS[user][0]), "--export-env", str(values)).check()
    finally:
        os.umask(previous)
    assert values.stat().st_mode & 0o7777 == 0o600
    found = loaded(values)
    assert (found["LAB_CERTIFICATE"], found["LAB_KEY"]) == (CERTIFICATE, KEY)


def test_a_token_with_quotes_survives_the_shell(fops: Runner, folder: Path) -> None:
    token = TOKEN + "'\"$(touch pwned)\\ `x`"
    values = folder / "values.env"
    convert(fops, folder, kubeconfig({"token": token}), "--export-env", str(values), "--id", "a.b-1").check()
    assert loaded(values)["A_B_1_TOKEN"] == token
    assert not (folder / "pwned").exists()


def test_a_file_or_link_that_is_there_is_never_written(fops: Runner, folder: Path) -> None:
    there, link = folder / "there", folder / "link"
    there.write_text("mine")
    link.symlink_to(folder / "elsewhere")
    for path in (there, link, folder / "no/folder", folder):
        result = convert(fops, folder, kubeconfig({"token": TOKEN}), "--export-env", str(path)).check(73)
        assert result.out == ""
    assert there.read_text() == "mine"
    assert not (folder / "elsewhere").exists()


def test_nothing_is_written_when_something_is_refused(fops: Runner, folder: Path) -> None:
    values = folder / "values.env"
    convert(fops, folder, kubeconfig({"exec": {"command": TOKEN}}), "--export-env", str(values)).check(65)
    assert not values.exists()


@pytest.mark.parametrize(
    "text",
    [
        "users:\n- name: u\n  user:\n    token: hunter2-is-the-token\n    token: hunter2-is-the-token\n",
        "users:\n- name: u\n  user: {token: hunter2-is-the-token\n",
        "users:\n- name: u\n  user: {token: [hunter2-is-the-token]}\n",
        "users:\n- name: u\n  user: {token: *x}\n",
        "users:\n- name: u\n  user: {token: 987654321987654321987654321}\n",
        "users:\n- name: u\n  user: {token: 0x987654321987654321987654321}\n",
        "users:\n- name: u\n  user: {token: 1e987654321}\n",
        "users:\n- name: u\n  user: {token: !x [a]}\n",
        "users: hunter2-is-the-token\n",
        "users: [hunter2-is-the-token]\n",
        "kind: hunter2-is-the-token\n",
        "\thunter2-is-the-token\n",
        "hunter2-is-the-token",
        '{"users": ["hunter2-is-the-token"',
        '{"users": [{"name": "u", "user": {"token": "hunter2-is-the-token", "token": "hunter2-is-the-token"}}]}',
    ],
)
def test_no_message_repeats_a_secret(fops: Runner, folder: Path, text: str) -> None:
    path = folder / "broken"
    path.write_text(text)
    result = fops("infra", "import-kubeconfig", "-vv", path)
    assert result.code in (65, 66), str(result)  # digits are a token as they stand; then there is no context
    assert "hunter2" not in result.out + result.err and "987654321" not in result.err
    assert result.out == ""


def test_values_that_look_like_something_else_are_taken_as_they_stand(fops: Runner, folder: Path) -> None:
    """Unquoted on, 012 and dates stand in many files where nobody looks; what a message said could be a token."""
    path = folder / "config"
    text = yaml.safe_dump(kubeconfig({"token": "TOKEN"})).replace("token: TOKEN", "token: 1_000\n    note: 2026-01-01")
    path.write_text("preferences: {colors: on, mode: 012}\n" + text)
    values = folder / "values.env"
    fops("infra", "import-kubeconfig", "--export-env", values, path).check()
    assert loaded(values)["LAB_TOKEN"] == "1_000"


def test_the_present_folder_counts_for_standard_input(fops: Runner, folder: Path) -> None:
    config = kubeconfig({"tokenFile": "run/token"}, {"certificate-authority": "client.pem"})
    result = fops("infra", "import-kubeconfig", "-", stdin=json.dumps(config).encode(), cwd=folder).check()
    spec = yaml.safe_load(result.out)["spec"]
    assert spec["auth"]["tokenFile"] == str(folder.resolve() / "run/token")
    assert spec["tls"]["ca"] == CERTIFICATE
