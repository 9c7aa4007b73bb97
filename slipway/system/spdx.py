"""
A bill of materials: SPDX 2.3 as JSON, https://spdx.github.io/spdx-spec/v2.3.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from slipway.system.software import Software

_IMAGE = "SPDXRef-Image"


def document(
    software: Sequence[Software], *, version: str, distribution: Mapping[str, str], created: float
) -> str:
    """
    Return the document. Of the same software it differs by its date only.

    + version: Slipway's
    + distribution: what /etc/os-release says: its ID, and its VERSION_ID
    + created: seconds since 1970
    """
    packages = [_package(each, distribution) for each in software]
    digest = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps([version, packages]))
    moment = dt.datetime.fromtimestamp(created, dt.timezone.utc)
    image = {
        "SPDXID": _IMAGE,
        "name": "slipway",
        "versionInfo": version,
        "primaryPackagePurpose": "CONTAINER",
        **_UNKNOWN,
    }
    content = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "slipway",
        "documentNamespace": f"urn:uuid:{digest}",
        "creationInfo": {
            "created": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            "creators": [f"Tool: slipway-{version}"],
        },
        "documentDescribes": [_IMAGE],
        "packages": [image, *packages],
        "relationships": [
            {
                "spdxElementId": _IMAGE,
                "relationshipType": "CONTAINS",
                "relatedSpdxElement": package["SPDXID"],
            }
            for package in packages
        ],
    }
    # Without blanks: it is in the layer that each version of Slipway changes
    return json.dumps(content, separators=(",", ":")) + "\n"


def namespace(text: str) -> str:
    """
    Return what tells the software of a document; empty for what is no document.
    """
    try:
        return str(json.loads(text)["documentNamespace"])
    except (ValueError, KeyError, TypeError):
        return ""


def purl(software: Software, distribution: Mapping[str, str]) -> str:
    """
    Return a package's address as scanners look it up.
    """
    name, version = quote(software.name, safe=""), quote(software.version, safe="")
    if software.kind == "pypi":  # PEP 503's spelling
        return f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{version}"
    vendor = quote(distribution.get("ID", "debian"), safe="")
    release = quote(f"{vendor}-{distribution.get('VERSION_ID', '')}".rstrip("-"), safe="")
    return f"pkg:deb/{vendor}/{name}@{version}?arch={software.architecture}&distro={release}"


_UNKNOWN = {"downloadLocation": "NOASSERTION", "filesAnalyzed": False}


def _package(software: Software, distribution: Mapping[str, str]) -> dict[str, Any]:
    # two versions of one name, or two architectures, are two packages
    words = "-".join(filter(None, software))
    return {
        "SPDXID": f"SPDXRef-{re.sub(r'[^A-Za-z0-9.-]', _escaped, words)}",
        "name": software.name,
        "versionInfo": software.version,
        **_UNKNOWN,
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": purl(software, distribution),
            }
        ],
    }


def _escaped(character: re.Match[str]) -> str:
    return f"-x{ord(character[0]):x}-"
