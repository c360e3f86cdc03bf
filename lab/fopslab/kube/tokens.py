"""Tokens of the cluster's people, and service-account tokens that live as short as a test wants."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from fopslab.kube.api import Api
from fopslab.state import Facts, Lab

ISSUER = "https://kubernetes.default.svc"
SERVICE_ACCOUNT = "runner"
SERVICE_ACCOUNT_NAMESPACE = "boards"
DAY_SECONDS = 86400
# People of the static token file. `fops` has two tokens, so that a token file can change to another that is right.
PEOPLE = {
    "fops": "fops",
    "fops-rotated": "fops",
    "fops-reader": "fops-reader",
    "fops-creator": "fops-creator",
    "fops-getter": "fops-getter",
}
# In no file of the server, so that it is wrong.
WRONG = "fops-wrong"


def write_token_file(lab: Lab, path: Path) -> dict[str, str]:
    """Writes the server's list of static tokens; returns the file of each token."""
    names = (*PEOPLE, WRONG)
    tokens = {name: lab.secret(f"kube-{name}") for name in names}
    path.touch(0o600)
    path.write_text("".join(f"{tokens[name]},{user},{user}\n" for name, user in PEOPLE.items()))
    return {name: str(lab.root / "secrets" / f"kube-{name}") for name in names}


def request_token(api: Api, seconds: int = DAY_SECONDS) -> str:
    """A token from the server itself; it gives none that lives shorter than ten minutes."""
    path = f"/api/v1/namespaces/{SERVICE_ACCOUNT_NAMESPACE}/serviceaccounts/{SERVICE_ACCOUNT}/token"
    answer = api.post(path, {"spec": {"expirationSeconds": seconds}})
    return str(answer["status"]["token"])


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_claims(token: str) -> dict[str, object]:
    part = token.split(".")[1]
    claims: dict[str, object] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def mint(facts: Facts, seconds: int) -> str:
    """The lab's service-account token with another end, signed with the server's own key. The server lets tokens live
    a minute longer than they say, and remembers for ten seconds that one was right; a negative number is a past end."""
    model = Path(facts["tokens"]["service-account"]).read_text()
    now = int(time.time())
    claims = {**decode_claims(model), "exp": now + seconds, "iat": now - DAY_SECONDS, "nbf": now - DAY_SECONDS}
    claims.pop("jti", None)
    text = f"{model.split('.')[0]}.{encode(json.dumps(claims).encode())}"
    key = serialization.load_pem_private_key(Path(facts["serviceAccountKey"]).read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the key of the service accounts is of another kind")
    first, second = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{encode(first.to_bytes(32, 'big') + second.to_bytes(32, 'big'))}"
