"""The recorded contracts, one row a product: requests and answers as its documentation and sources give them."""

from __future__ import annotations

from fopslab.standin_health.forms import Answer, Product, Route, data, empty, page, text

NOT_FOUND_JSON = data({"detail": "Not Found"}, 404)
STATUS_401 = data(
    {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "Unauthorized",
     "reason": "Unauthorized", "code": 401}, 401)  # fmt: skip
NO_KEY = data({"message": "No API key found in request"}, 401)
CHECK_FAILED = text("[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n", 500)
BAO = {
    "initialized": True, "sealed": False, "standby": False, "performance_standby": False,
    "replication_performance_mode": "disabled", "replication_dr_mode": "disabled", "server_time_utc": 1763700000,
    "version": "2.4.0", "cluster_name": "vault-cluster-lab", "cluster_id": "6a0c0d2e-0000-4000-8000-000000000001",
}  # fmt: skip
BAO_SEALED = {key: value for key, value in BAO.items() if not key.startswith("cluster")}
BAO_SEALED |= {"sealed": True, "standby": True}
GOTRUE = {"version": "v2.170.0", "name": "GoTrue", "description": "GoTrue is a user registration API"}
INCUS = {"api_status": "stable", "api_version": "1.0", "auth_methods": ["tls"], "api_extensions": ["etag"]}
# What a client gets that the server does not know: it is alive, and nothing more is told.
UNTRUSTED = data({"type": "sync", "status": "Success", "status_code": 200, "metadata": {**INCUS, "auth": "untrusted"}})
TEMPORAL = {"serverVersion": "1.29.0", "capabilities": {"signalAndQueryHeader": True, "upsertMemo": True}}
BUCKETS = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<Owner><ID>lab</ID></Owner><Buckets></Buckets></ListAllMyBucketsResult>"
)
S3_DOWN = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SlowDown</Code><Message>Later.</Message></Error>'
S3_REFUSED = S3_DOWN.replace("SlowDown", "SignatureDoesNotMatch").replace("Later", "It does not match")


def up(status: str, code: int = 200) -> Answer:
    return data({"status": status, "checks": [{"name": "database", "status": status}]}, code)


def cloudflared(connections: int) -> Answer:
    status = 200 if connections else 503
    known = {"status": status, "readyConnections": connections, "connectorId": "2f4c2f80-0000-4000-8000-000000000001"}
    return data(known, status)


def pomerium_checks(status: str, code: int) -> Answer:
    return data({"checks": {"authenticate.service": {"status": status}}}, code)


def kubernetes(name: str, more: tuple[Route, ...]) -> Product:
    """Anonymous requests are off, as they often are."""
    routes = (
        Route("/livez", text("ok"), key="bearer"),
        Route("/readyz", text("ok"), CHECK_FAILED, key="bearer"),
        Route("/readyz", text("[+]ping ok\nreadyz check passed\n"), CHECK_FAILED, query={"verbose": ""}, key="bearer"),
    )
    return Product(name, more + routes, refusal=STATUS_401, fallback=STATUS_401, key="bearer")


SIGN_IN_FALLBACK = Answer(302, b"", "text/html", {"Location": "https://authenticate.example.test/.pomerium/sign_in"})

PRODUCTS: tuple[Product, ...] = (
    Product("argocd", (
        Route("/healthz", text("ok")),
        Route("/healthz", text("ok"), text("dial tcp: connection refused\n", 503), query={"full": "true"}),
    )),
    Product("clickhouse", (
        Route("/ping", text("Ok.\n", media="text/html; charset=UTF-8"), methods=("GET", "HEAD")),
        Route("/replicas_status", text("Ok.\n"), text("db.t:\tAbsolute delay: 301. Relative delay: 301.\n", 503)),
    ), text("There is no handle /nowhere\n", 404)),
    Product("cloudflared", (Route("/healthcheck", text("OK\n")), Route("/ready", cloudflared(4), cloudflared(0)))),
    Product("datahub", (Route("/health", empty()),), data({"error": "Not Found"}, 404)),
    Product("datahub-frontend", (Route("/admin", text("GOOD")), Route("/health", text("GOOD"))), page()),
    Product("daytona", (
        Route("/api/health", data({"status": "ok"}), data({"status": "error"}, 503)),
    ), page()),
    Product("dokploy", (
        Route("/api/health", data({"ok": True})),
        Route("/api/trpc/settings.health", data({"result": {"data": {"json": {"status": "ok"}}}}),
              data({"error": {"json": {"message": "database", "code": -32603}}}, 500)),
        Route("/api/settings.health", data({"status": "ok"}), data({"message": "database"}, 500), key="x-api-key"),
    ), page(404)),
    Product("evidence", (
        Route("/auth/v1/health", data(GOTRUE), key="apikey"),
        Route("/rest/v1/", data({"swagger": "2.0"}), data({"code": "PGRST001"}, 503),
              methods=("GET", "HEAD"), key="apikey"),
    ), data({"message": "no Route matched with those values"}, 404), NO_KEY, key="apikey"),
    Product("feast", (Route("/health", empty(), empty(503)),), NOT_FOUND_JSON),
    Product("glitchtip", (
        Route("/_health/", text("ok"), page(500)),
        Route("/_health", Answer(301, b"", "text/html", {"Location": "/_health/"})),
    ), page(404)),
    Product("hasura", (
        Route("/v1/version", data({"server_type": "ce", "version": "v2.44.0"})),
        Route("/healthz", text("OK"), text("WARN: inconsistent objects in schema")),
        Route("/healthz", text("OK"), text("ERROR: inconsistent objects in schema", 500), query={"strict": "true"}),
    ), data({"path": "$", "error": "resource does not exist", "code": "not-found"}, 404)),
    Product("headlamp", (
        Route("/", Answer(200, b"<!doctype html><html><head><title>Headlamp</title></head></html>", "text/html")),
    ), page()),
    Product("incus", (
        Route("/1.0", data({"type": "sync", "status": "Success", "status_code": 200, "metadata": {
            **INCUS, "auth": "trusted", "environment": {"server": "incus", "server_version": "6.0.3"}}}),
              UNTRUSTED, key="certificate"),
    ), data({"type": "error", "error": "not found", "error_code": 404}, 404), UNTRUSTED, key="certificate"),
    kubernetes("k3s", (Route("/ping", text("pong")),)),
    Product("kafka", (), protocol="kafka"),
    Product("keycloak", (
        Route("/health/live", data({"status": "UP", "checks": []})), Route("/health/ready", up("UP"), up("DOWN", 503)),
    ), empty(404)),
    kubernetes("kube-apiserver", ()),
    Product("langboard", (Route("/health", data({"status": "ok"})),), NOT_FOUND_JSON),
    Product("langgraph", (
        Route("/ok", data({"ok": True})),
        Route("/ok", data({"ok": True}), text("Internal Server Error", 500), query={"check_db": "1"}),
    ), text("Not Found", 404)),
    Product("mimir", (
        Route("/ready", text("ready\n"), text("Some services are not Running:\nStarting: 1\n", 503)),
    )),
    Product("minio", (
        Route("/minio/health/live", empty(), methods=("GET", "HEAD")),
        Route("/minio/health/ready", empty(), empty(503), methods=("GET", "HEAD")),
    ), empty(400)),
    Product("nexus", (
        Route("/service/rest/v1/status", empty()), Route("/service/rest/v1/status/writable", empty(), empty(503)),
    ), page(404)),
    Product("opa", (
        Route("/health", data({})),
        Route("/health", data({}), data({"error": "not all configured bundles have been activated"}, 500),
              query={"bundles": "true", "plugins": "true"}),
    ), data({"code": "not_found"}, 404)),
    Product("openbao", (
        Route("/v1/sys/health", data(BAO), data(BAO_SEALED, 503)),
        Route("/v1/sys/health", data(BAO), data(BAO_SEALED, 503), query={"standbyok": "true"}),
        Route("/v1/sys/health", data(BAO), data(BAO_SEALED), query={
            "standbyok": "true", "sealedcode": "200", "uninitcode": "200"}),
    ), data({"errors": []}, 404)),
    Product("otel-collector", (
        Route("/", data({"status": "Server available", "upSince": "2026-01-01T00:00:00Z", "uptime": "1h"}),
              data({"status": "Server not available", "upSince": "0001-01-01T00:00:00Z", "uptime": ""}, 503)),
    )),
    Product("oxigraph", (
        Route("/query", data({"head": {}, "boolean": True}, media="application/sparql-results+json"),
              text("the storage cannot be read", 500), query={"query": "ASK {}"}),
    ), text("/nowhere not found", 404)),
    Product("penpot", (Route("/readyz", text("OK"), text("KO", 503)),)),
    Product("penpot-exporter", (Route("/readyz", text("OK"), text("KO", 503)),)),
    Product("playwright-grid", (), protocol="mcp"),
    Product("pomerium", (Route("/ping", text("OK")), Route("/healthz", text("OK"))), SIGN_IN_FALLBACK),
    Product("pomerium-health", (
        Route("/healthz", pomerium_checks("RUNNING", 200)),
        Route("/readyz", pomerium_checks("RUNNING", 200), pomerium_checks("STARTING", 500)),
    )),
    Product("posthog", (
        Route("/_livez", data({"http": True})),
        Route("/_readyz", data({"http": True, "postgres": True, "cache": True}),
              data({"http": True, "postgres": False, "cache": True}, 503), query={"role": "web"}),
    ), page(404)),
    Product("prometheus", (
        Route("/-/healthy", text("Prometheus Server is Healthy.\n"), methods=("GET", "HEAD")),
        Route("/-/ready", text("Prometheus Server is Ready.\n"), text("Service Unavailable", 503),
              methods=("GET", "HEAD")),
    )),
    Product("proxmox", (
        Route("/api2/json/version", data({"data": {"version": "8.2.4", "release": "8.2", "repoid": "faa83925"}}),
              data({"data": None}, 596), key="pve"),
    ), data({"data": None}, 501), data({"data": None}, 401), key="pve"),
    Product("redpanda", (
        Route("/v1/status/ready", data({"status": "ready"})),
        Route("/v1/cluster/health_overview", data({"is_healthy": True, "nodes_down": []}),
              data({"is_healthy": False, "nodes_down": [2]})),
    ), data({"message": "Not found", "code": 404}, 404)),
    Product("s3", (
        Route("/", text(BUCKETS, media="application/xml"), text(S3_DOWN, 503, "application/xml"), key="signed"),
    ), text(S3_REFUSED, 403, "application/xml"), text(S3_REFUSED, 403, "application/xml"), key="signed"),
    Product("searxng", (Route("/healthz", text("OK")),), page(404)),
    Product("supabase", (
        Route("/auth/v1/health", data(GOTRUE), key="apikey"),
    ), data({"message": "no Route matched with those values"}, 404), NO_KEY, key="apikey"),
    Product("supabase-realtime", (Route("/healthcheck", text("ok")),), page(404)),
    Product("supabase-storage", (
        Route("/storage/v1/status", empty(), key="apikey"),
    ), data({"message": "no Route matched with those values"}, 404), NO_KEY, key="apikey"),
    Product("temporal", (
        Route("/api/v1/system-info", data(TEMPORAL)),
        Route("/api/v1/namespaces", data({"namespaces": [{"namespaceInfo": {"name": "default"}}], "nextPageToken": ""}),
              data({"code": 14, "message": "persistence is unavailable", "details": []}, 503), query={"pageSize": "1"}),
    ), data({"code": 5, "message": "Not Found", "details": []}, 404)),
    Product("windmill", (
        Route("/api/version", text("CE v1.552.1")),
        Route("/api/health/status", data({"status": "healthy", "database_healthy": True, "workers_alive": 2}),
              data({"status": "degraded", "database_healthy": True, "workers_alive": 0})),
    ), page()),
)  # fmt: skip
BY_NAME = {product.name: product for product in PRODUCTS}
