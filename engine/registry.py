"""
A registry, as far as annotations need it: `docker push` writes none into what it pushes.
"""

from __future__ import annotations

import base64
import json
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from engine.commands import Failure, ask

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCAL = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?")
HUB = {"docker.io": "registry-1.docker.io"}
ANSWER = 60  # seconds

# What Docker calls its own, and the OCI the same
OCI = {
    "application/vnd.docker.distribution.manifest.v2+json": (
        "application/vnd.oci.image.manifest.v1+json"
    ),
    "application/vnd.docker.container.image.v1+json": "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.image.rootfs.diff.tar.gzip": (
        "application/vnd.oci.image.layer.v1.tar+gzip"
    ),
}


class Registry:
    """
    A registry that the engine has just pushed a repository to.
    """

    def __init__(self, host: str, repository: str, environment: Mapping[str, str]) -> None:
        self.host, self.repository = host, repository
        scheme = "http" if LOCAL.fullmatch(host) else "https"  # as the engine has it
        self._base = f"{scheme}://{HUB.get(host, host)}/v2/{repository}"
        self._environment = environment
        self._authorization = ""

    def annotate(self, tag: str, annotations: Mapping[str, str]) -> str:
        """
        Have a tag's manifest say what its labels say; returns its digest.
        """
        content = json.dumps(annotated(self.manifest(tag), annotations)).encode()
        kind = OCI["application/vnd.docker.distribution.manifest.v2+json"]
        headers, _ = self._ask("PUT", f"manifests/{tag}", content, headers={"Content-Type": kind})
        return headers.get("docker-content-digest", "")

    def manifest(self, tag: str) -> dict[str, Any]:
        """
        Return what a tag names.
        """
        kinds = ", ".join([*OCI, *OCI.values()])
        answer = self._ask("GET", f"manifests/{tag}", headers={"Accept": kinds})[1]
        found: dict[str, Any] = json.loads(answer)
        return found

    def _ask(
        self, method: str, path: str, content: bytes | None = None, *, headers: Mapping[str, str]
    ) -> tuple[dict[str, str], bytes]:
        """
        Ask, and once more with what the registry wants to know of us.
        """
        for is_last in (False, True):
            given = dict(headers)
            if self._authorization:
                given["Authorization"] = self._authorization
            request = urllib.request.Request(  # noqa: S310 - http or https, see above
                f"{self._base}/{path}", data=content, headers=given, method=method
            )
            try:
                return _answer(request)
            except urllib.error.HTTPError as error:
                challenge = error.headers.get("WWW-Authenticate", "")
                if error.code != 401 or is_last:  # noqa: PLR2004 - unauthorized
                    raise Failure(f"{self.host} answers {error.code} to {method} {path}") from None
                self._authorization = self._authorized(challenge)
            except OSError as error:
                raise Failure(f"{self.host} does not answer: {error}") from None
        raise AssertionError

    def _authorized(self, challenge: str) -> str:
        basic = self._credentials()
        if not challenge.lower().startswith("bearer "):
            return basic
        fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        scope = f"repository:{self.repository}:pull,push"
        query = urlencode({"service": fields.get("service", ""), "scope": scope})
        realm = fields.get("realm", "")
        if urlsplit(realm).scheme != "https" and not LOCAL.fullmatch(urlsplit(realm).netloc):
            raise Failure(f"{self.host} asks for a password over plain http")
        headers = {"Authorization": basic} if basic else {}
        request = urllib.request.Request(f"{realm}?{query}", headers=headers)  # noqa: S310 - checked
        said = json.loads(_answer(request)[1])
        return f"Bearer {said.get('token') or said.get('access_token')}"

    def _credentials(self) -> str:
        """
        Return what `docker login` has kept for this registry.
        """
        folder = self._environment.get("DOCKER_CONFIG") or str(Path.home() / ".docker")
        try:
            kept: dict[str, Any] = json.loads((Path(folder) / "config.json").read_text())
        except (OSError, ValueError):
            return ""
        names = [self.host] if self.host not in HUB else ["https://index.docker.io/v1/", self.host]
        for name in names:
            helper = kept.get("credHelpers", {}).get(name) or kept.get("credsStore")
            if token := kept.get("auths", {}).get(name, {}).get("auth"):
                return f"Basic {token}"
            if helper and (found := _helped(helper, name)):
                return found
        return ""


def annotated(manifest: dict[str, Any], annotations: Mapping[str, str]) -> dict[str, Any]:
    """
    Return a manifest as the OCI has it, with annotations.
    """
    if "layers" not in manifest:
        raise Failure("what was pushed is an index of several images: annotations are for one")

    def renamed(part: dict[str, Any]) -> dict[str, Any]:
        return {**part, "mediaType": OCI.get(part["mediaType"], part["mediaType"])}

    return {
        **renamed({"mediaType": next(iter(OCI)), **manifest}),
        "config": renamed(manifest["config"]),
        "layers": [renamed(layer) for layer in manifest["layers"]],
        "annotations": {**manifest.get("annotations", {}), **annotations},
    }


def _helped(helper: str, name: str) -> str:
    words = ["sh", "-c", 'printf %s "$1" | "$0" get', f"docker-credential-{helper}", name]
    try:
        said = json.loads(ask(words).text)
        pair = f"{said['Username']}:{said['Secret']}"
    except (ValueError, KeyError):
        return ""
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _answer(request: urllib.request.Request) -> tuple[dict[str, str], bytes]:
    with urllib.request.urlopen(request, timeout=ANSWER) as answer:  # noqa: S310 - see its callers
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return headers, answer.read()
