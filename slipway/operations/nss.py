"""
The name service switch (nsswitch.conf(5)).
"""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host

from slipway.facts.files import FileText
from slipway.operations import foresight
from slipway.operations.files import Command, File, replaced
from slipway.operations.independent import operation

_CONFIGURATION = "/etc/nsswitch.conf"


@operation()
def source(*, database: str, place: str) -> Generator[Command]:
    """
    Have a database asked at one more place, after those that are there.

    The file has no directory for drop-ins, and child images may add places of their own.

    + database: "passwd", "group"
    + place: as its library is called, libnss_PLACE.so
    """
    text = host.get_fact(FileText, path=_CONFIGURATION)
    lines = text.splitlines()
    for number, line in enumerate(lines):
        head, separator, places = line.partition(":")
        if not separator or head.strip() != database:
            continue
        if place in places.split():
            host.noop(f"{database} is asked at {place}")
            return
        lines[number] = f"{line.rstrip()} {place}"
        break
    else:
        lines.append(f"{database}: files {place}")
    foresight.change(_CONFIGURATION, f"does not have {database} asked at {place}")
    content = "".join(f"{line}\n" for line in lines).encode(errors="surrogateescape")
    yield from replaced([File(_CONFIGURATION, content)])
