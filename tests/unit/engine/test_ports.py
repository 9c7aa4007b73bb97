"""
The ports that extended images have besides ours, and the Compose file that publishes them.
"""

from __future__ import annotations

import json

from engine import ports
from engine.ports import Port


def test_what_an_image_exposes_besides_ours_is_published() -> None:
    """
    Of TCP alone; what is no port is none.
    """
    exposed: dict[str, object] = {
        "22/tcp": {},
        "8888/tcp": {},
        "53682/tcp": {},
        "53/udp": {},
        "80/tcp": {},
        "x": {},
    }

    assert ports.pages(exposed) == [Port("PORT_80", 80, 80), Port("PORT_8888", 8888, 8888)]
    assert ports.pages({}) == []


def test_the_compose_file_adds_them_on_this_machine_alone() -> None:
    document = json.loads(ports.document("slipway", "127.0.0.1", {8888: "8889"}))

    assert document == {"services": {"slipway": {"ports": ["127.0.0.1:8889:8888"]}}}
