"""Does a request carry the credential that a contract asks for? Each kind is checked to the last byte."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

from fopslab.standin_health.wire import Request

CLOCK_SKEW = timedelta(minutes=15)
ALGORITHM = "AWS4-HMAC-SHA256"
PVE_TOKEN_ID = "fops@pve!lab"
CLIENT_NAME = "fops client"
REGION = "us-east-1"


@dataclass(frozen=True)
class Secrets:
    """What the lab made up for this run."""

    token: str
    access_key: str
    secret_key: str


def same(a: str, b: str) -> bool:
    return hmac.compare_digest(a.encode(), b.encode())


def is_authorised(key: str, request: Request, secrets: Secrets) -> bool:
    """key as in Route; a credential of another kind beside the right one is refused, too. A route that asks for none
    takes any."""
    headers = request.headers
    carried = {name for name in ("authorization", "apikey", "x-api-key") if name in headers}
    match key:
        case "":
            return True
        case "apikey" | "x-api-key":
            return carried == {key} and same(headers[key], secrets.token)
        case "bearer":
            return carried == {"authorization"} and same(headers["authorization"], f"Bearer {secrets.token}")
        case "pve":
            wanted = f"PVEAPIToken={PVE_TOKEN_ID}={secrets.token}"
            return carried == {"authorization"} and same(headers["authorization"], wanted)
        case "certificate":
            return not carried and request.certificate == CLIENT_NAME
        case "signed":
            return carried == {"authorization"} and is_signed(request, secrets)
    raise ValueError(key)


def parse_authorisation(value: str) -> dict[str, str]:
    """Credential, SignedHeaders and Signature; nothing when the value has another form."""
    algorithm, _, rest = value.partition(" ")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    return parts if algorithm == ALGORITHM and set(parts) == {"Credential", "SignedHeaders", "Signature"} else {}


def is_signed(request: Request, secrets: Secrets, service: str = "s3") -> bool:
    """AWS Signature Version 4 as S3 computes it: the path once encoded and not normalised, the digest of the body in
    a header, and every x-amz-* header and host signed."""
    headers: Mapping[str, str] = request.headers
    parts = parse_authorisation(headers["authorization"])
    moment = headers.get("x-amz-date", "")
    try:
        when = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    digest = headers.get("x-amz-content-sha256", "")
    names = parts.get("SignedHeaders", "").split(";")
    must = {"host"} | {name for name in headers if name.startswith("x-amz-")}
    if abs(datetime.now(UTC) - when) > CLOCK_SKEW or digest != hashlib.sha256(request.body).hexdigest():
        return False
    if names != sorted(names) or not must <= set(names) or not set(names) <= set(headers):
        return False
    scope = f"{moment[:8]}/{REGION}/{service}/aws4_request"
    if parts["Credential"] != f"{secrets.access_key}/{scope}":
        return False
    pairs = sorted((quote(name, "-_.~"), quote(value, "-_.~")) for name, value in request.query.items())
    canonical = "\n".join((
        request.method, urlsplit(request.target).path, "&".join(f"{name}={value}" for name, value in pairs),
        *(f"{name}:{' '.join(headers[name].split())}" for name in names), "", ";".join(names), digest,
    ))  # fmt: skip
    signed = "\n".join((ALGORITHM, moment, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    derived = f"AWS4{secrets.secret_key}".encode()
    for part in (moment[:8], REGION, service, "aws4_request"):
        derived = hmac.digest(derived, part.encode(), "sha256")
    return same(hmac.new(derived, signed.encode(), "sha256").hexdigest(), parts["Signature"])
