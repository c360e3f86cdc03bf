"""The contract documents of the lab's assets: the same ids and roles whichever driver reaches the containers."""

from __future__ import annotations

from typing import Any

API_VERSION = "fractalops/v1"
EXECUTOR_HEALTH = {"method": "GET", "path": "/health", "expect": {"status": 200, "pointer": "/status", "value": "ok"}}


def runtime_asset(
    asset_id: str, role: str, container: str, driver: dict[str, Any], path: str, **more: Any
) -> dict[str, Any]:
    """One RuntimeAsset. path: empty where the driver has none. more: owner, labels, executorRef, health, policy."""
    spec: dict[str, Any] = {"assetId": asset_id, "role": role, "kind": "lxc"}
    spec["owner"] = more.pop("owner", "platform")
    spec["labels"] = {"tier": "lab", **more.pop("labels", {})}
    spec.update(more)
    spec.setdefault("policy", {"run": "open", "request": "open"})
    adapter = {"driver": driver["driver"], "container": container, **({"path": path} if path else {})}
    adapter.update({key: value for key, value in driver.items() if key != "driver"})
    spec["lxc"] = adapter
    return {"apiVersion": API_VERSION, "kind": "RuntimeAsset", "spec": spec}


def endpoint(endpoint_id: str, url: str, certificate_authority: str, **more: Any) -> dict[str, Any]:
    """One Endpoint of the langboard plane, with the lab's token and its own certificate authority."""
    spec: dict[str, Any] = {"id": endpoint_id, "plane": "langboard"}
    if "publicUrl" in more:
        spec["publicUrl"] = more.pop("publicUrl")
    spec["executorUrl"] = url
    spec["auth"] = {"mode": "bearer", "secretRef": "env://FOPS_LAB_EXECUTOR_TOKEN"}
    spec["health"] = {"method": "GET", "path": "/health", "expect": {"status": 200}}
    if certificate_authority:
        spec["tls"] = {"ca": certificate_authority, "serverName": "executor.lab.test"}
    spec.update(more)
    return {"apiVersion": API_VERSION, "kind": "Endpoint", "spec": spec}


def asset_documents(driver: dict[str, Any], path: str, with_executor: bool) -> list[dict[str, Any]]:
    """The assets of one topology: an open one, one with an executor, a stopped one, a gated one, and twins."""
    controlled: dict[str, Any] = {"labels": {"room": "board"}, "owner": "langboard"}
    if with_executor:
        controlled.update(executorRef="langboard-executor", health=EXECUTOR_HEALTH)
    workspace = {"labels": {"room": "workspace"}}
    gated = {"policy": {"run": "proposal", "request": "proposal"}}
    if with_executor:
        gated["executorRef"] = "langboard-executor"  # type: ignore[assignment]
    return [
        runtime_asset("daytona-01", "daytona_runtime", "daytona", driver, path, **workspace),
        runtime_asset("langboard-01", "langboard_executor", "langboard", driver, path, **controlled),
        runtime_asset("parked-01", "parked_runtime", "parked", driver, path, **workspace),
        runtime_asset("gated-01", "gated_runtime", "daytona", driver, path, **gated),
        runtime_asset("daytona-01-a", "twin_runtime", "daytona", driver, path, **workspace),
        runtime_asset("daytona-01-b", "twin_runtime", "daytona", driver, path, **workspace),
    ]
