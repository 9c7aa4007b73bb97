"""
The forms of clouds: the fields that they document, filled from what an image declares.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from slipway.commands import template
from slipway.converge.declared import Image
from slipway.environment.extensions import Extensions
from slipway.services.declaration import Declared, Program
from slipway.settings.rules import text
from slipway.settings.variable import Variable
from slipway.settings.variables import VARIABLES

# Field to its type in JSON, as documented on 2026-11-26
VAST = {  # https://docs.vast.ai/api-reference/creating-and-using-templates-with-api
    "name": str,
    "image": str,
    "tag": str,
    "desc": str,
    "readme": str,
    "env": str,
    "onstart": str,
    "runtype": str,
    "args_str": str,
    "ssh_direct": bool,
    "use_ssh": bool,
    "jup_direct": bool,
    "jupyter_dir": str,
    "recommended_disk_space": int,
    "private": bool,
}
RUNPOD = {  # https://docs.runpod.io/api-reference/templates/POST/templates
    "name": str,
    "imageName": str,
    "category": str,
    "containerDiskInGb": int,
    "containerRegistryAuthId": str,
    "dockerEntrypoint": list,
    "dockerStartCmd": list,
    "env": dict,
    "isPublic": bool,
    "isServerless": bool,
    "ports": list,
    "readme": str,
    "volumeInGb": int,
    "volumeMountPath": str,
}
SCHEMAS = {"vast": (VAST, {"name", "image"}), "runpod": (RUNPOD, {"name", "imageName"})}

NAME = "registry.example:5000/me/demo:1"
WEB = Program("web", ("x",), Declared(port=8080, ready="http://127.0.0.1:8080/"))
DATABASE = Program("db", ("x",), Declared(port=5432, ready="tcp"))


def image(*variables: Variable[Any], programs: tuple[Program, ...] = (WEB, DATABASE)) -> Image:
    """
    Return an image without a README of its own.
    """
    return Image(Extensions((), (), (*VARIABLES, *variables)), programs, ())


@pytest.mark.parametrize("cloud", SCHEMAS)
def test_a_form_has_documented_fields_alone(cloud: str) -> None:
    """
    Each of its type, and those that have to be there.
    """
    fields, required = SCHEMAS[cloud]
    document = json.loads(template.FORMS[cloud](image(), NAME))

    assert {name: fields[name] for name in document} == {
        name: type(value) for name, value in document.items()
    }
    assert required <= document.keys()


def test_vast_gets_dockers_options() -> None:
    """
    As a shell would read them, and the image's own entrypoint.
    """
    given = Variable("GREETING", text, default="it's $x", meaning="What it says.")
    document = json.loads(template.vast(image(given), NAME))
    words = shlex.split(document["env"])

    assert (document["image"], document["tag"]) == ("registry.example:5000/me/demo", "1")
    assert [words[at + 1] for at, word in enumerate(words) if word == "-p"] == [
        "22:22",
        "5432:5432",
        "8080:8080",
    ]
    assert "GREETING=it's $x" in words
    assert document["runtype"] == "args"


def test_runpod_proxies_pages_alone() -> None:
    document = json.loads(template.runpod(image(), NAME))

    assert document["ports"] == ["22/tcp", "5432/tcp", "8080/http"]
    assert document["imageName"] == NAME


def test_a_form_has_no_secrets_and_nothing_that_the_cloud_sets() -> None:
    """
    An empty value there would hide the cloud's own.
    """
    token = Variable("TOKEN", text, meaning="Who has it may call.", secret=True)
    vast, runpod = (template.FORMS[each](image(token), NAME) for each in ("vast", "runpod"))

    assert "TOKEN=" not in json.loads(vast)["env"]
    assert "GPU_COUNT" not in json.loads(vast)["env"]
    assert "TOKEN" not in json.loads(runpod)["env"]
    assert "GPU_COUNT" in json.loads(runpod)["env"]


@pytest.mark.parametrize("default", ["a}b", "$x", "a\nb", 'a"b', "a\\b", "${X}", "é"])
def test_compose_is_given_no_default_that_it_would_read_otherwise(default: str) -> None:
    """
    An empty value is the default.
    """
    odd = Variable("ODD", text, default=default, meaning="One\n  ODD: line.")
    lines = template.compose(image(odd), NAME).splitlines()

    assert '      ODD: "${ODD:-}"' in lines
    assert lines[lines.index('      ODD: "${ODD:-}"') - 1] == "      # One ODD: line."


def test_a_name_without_a_tag_is_the_latest() -> None:
    document = json.loads(template.vast(image(), "registry.example:5000/me/demo"))

    assert (document["image"], document["tag"]) == ("registry.example:5000/me/demo", "latest")
