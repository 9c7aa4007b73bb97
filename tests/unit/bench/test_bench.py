"""
The benchmark's arithmetic, table, file and chart; what it measures is measured by `make bench`.
"""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import bench
from bench import ansible, chart, convergence, fleet, memory, rest, results, size
from bench.containers import PEERS, Failure
from bench.results import Row
from slipway.contract import paths
from slipway.environment import host_data
from tasks.packages import PACKAGES

SVG = "{http://www.w3.org/2000/svg}"
ROWS = [
    Row("start", "bare sshd", 0.5, 0.25, "s", 2.6, ours_spread=(0.4, 0.6)),
    Row("start", "bash", 0.5, 1.0, "s", 0.45),
    Row("stop", "bare sshd", 0.45, 0.15, "s", 1.0, is_difference=True),
    Row("memory", "supervisord", 36.0, 24.0, "MiB", 1.5),
    results.unmeasured("fleet", "stock", goal=0.12, why="no such command"),
    Row("start <&>", "the floor", 0.25, 0.012, "s", None),
    Row("start", "s6", 3.0, 2.0, "MiB", 1.6, rounds=(1.4, 1.4, 1.5, 1.6, 2.0)),
    Row("restart", "sshd", 3.0, 2.0, "MB", 0.1, is_difference=True, rounds=(-0.1, 0.1, 0.2)),
]


def test_a_goal_is_about_the_ratio_or_the_difference() -> None:
    """
    Just reached is reached; without a goal or a figure there is no verdict.
    """
    assert [row.met for row in ROWS] == [True, False, True, True, None, None, True, True]
    assert ROWS[0].ratio == 2.0
    assert ROWS[2].ratio == pytest.approx(0.3)
    assert Row("x", "y", 2.6, 1.0, "s", 2.6).met
    assert not Row("x", "y", 2.6001, 1.0, "s", 2.6).met


def test_the_table_names_what_is_missed_and_what_was_not_measured() -> None:
    """
    One line a pair, its columns under each other.
    """
    head, *lines = results.table(ROWS)

    assert head.split()[:3] == ["ours", "reference", "ratio"]
    ends = [
        "0.500 s 0.250 s 2x - - 2.6x yes",
        "0.5x - - 0.45x NO",
        "+0.3 s - - +1 s yes",
        "36.0 MiB 24.0 MiB 1.5x - - 1.5x yes",
        "stock - - - - - 0.12x -",
        "0.250 s 0.012 s 20.8x - - - -",
        "1.5x 1.4 to 2x (94%) 5 1.6x yes",
        "+0.1 MB -0.1 to +0.2 MB (75%) 3 +0.1 MB yes",
    ]
    for line, end in zip(lines, ends, strict=False):
        assert " ".join(line.split()).endswith(end)
    assert lines[-1] == "not measured: fleet, against stock: no such command"
    assert len({len(line) for line in (head, *lines[:8])} - {0}) <= 2


def test_the_file_has_what_programs_read(tmp_path: Path) -> None:
    """
    Each pair with the names of the contract, the machine beside them.
    """
    path = tmp_path / "results.json"

    results.save(path, ROWS, machine={"storage_driver": "overlay2"}, extra={"rounds": 5})
    document = json.loads(path.read_text())

    assert document["machine"] == {"storage_driver": "overlay2"}
    assert document["rounds"] == 5
    first, *_ = document["results"]
    wanted = {"name", "ours", "reference", "unit", "ratio", "goal", "met"}
    assert all(wanted <= entry.keys() for entry in document["results"])
    assert {key: first[key] for key in wanted} == {
        "name": "start, against bare sshd",
        "ours": 0.5,
        "reference": 0.25,
        "unit": "s",
        "ratio": 2.0,
        "goal": 2.6,
        "met": True,
    }


def test_the_chart_has_two_bars_for_each_pair_in_seconds() -> None:
    """
    As long as the seconds are, the longer of a pair as long as the room; words are escaped.
    """
    drawn = ET.fromstring(  # noqa: S314 - written here
        chart.draw([row.to_json() for row in ROWS], caption="a <machine>")
    )
    bars = [
        float(bar.attrib["width"])
        for bar in drawn.iter(f"{SVG}rect")
        if bar.attrib.get("x") == str(chart.LABELS) and bar.attrib["y"] != "14"
    ]
    words = [text.text for text in drawn.iter(f"{SVG}text")]

    assert len(bars) == 2 * 4
    assert bars[0] == pytest.approx(2 * bars[1], abs=0.2)
    assert {max(pair) for pair in zip(bars[::2], bars[1::2], strict=True)} == {max(bars)}
    assert {"start <&>", "the floor", "0.50 s", "a <machine>"} <= set(words)
    assert "memory" not in words


def test_memory_leaves_sshd_out() -> None:
    """
    It is what the container is for, not what Slipway costs.
    """
    listing = "tini 1024\npython3 10240\nsshd 9000\nsshd: root 7 9000\npython3 2048\n"

    assert memory.total(listing.replace("sshd: root 7", "sshd")) == 13.0


def test_peers_ensure_what_we_do() -> None:
    """
    The playbook is given our packages, and each of our static files has a line for tmpfiles.
    """
    given = f"BENCH_PACKAGES={' '.join(PACKAGES)}"
    playbook = (Path(bench.__file__).parent / "peers/ansible/playbook.yml").read_text()
    lines = convergence.tmpfiles_lines().splitlines()
    listed = {line.split()[1] for line in lines if not line.startswith("#")}
    ours = {
        f"/{path.relative_to(paths.FILES)}" for path in paths.FILES.rglob("*") if path.is_file()
    }

    assert given in ansible.inside()
    assert given in ansible.outside(Path("/venv"), ["a"])
    assert "dpkg-query -W {{ lookup('env', 'BENCH_PACKAGES') }}" in playbook
    assert ours <= listed


def test_stock_pyinfra_is_given_what_our_deploy_asks_of_a_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """
    Each key that a container's own data has, and its variables as the engine gave them.
    """
    monkeypatch.setenv("BENCH_HOSTS", "a b")
    monkeypatch.setenv("BENCH_ENVIRONMENT", json.dumps(["PATH=/bin", "GPU_COUNT=2", "X=1=2"]))
    inventory = runpy.run_path(str(PEERS / "pyinfra/fleet.py"))
    (first, given), (second, _) = inventory["containers"]

    assert (first, second) == ("@docker/a", "@docker/b")
    assert host_data.data("build").keys() <= given.keys()
    assert given["live"]
    assert given["settings"].gpu_count == 2


def test_only_a_run_that_changes_nothing_is_at_rest() -> None:
    """
    By each contender's own last lines; what Ansible's tasks print may say anything.
    """
    recap = "PLAY RECAP ***\na : ok=13 changed=0 failed=0\nb : ok=13 changed={} failed=0\n"
    total = "    Grand total        21      {}       {}       21  \n"
    fleet_ = "a: converged in 0.41 s: 21 unchanged\n1 containers in 0.72 s: {} changed, {} failed\n"

    assert rest.ansible("changed=5\n" + recap.format(0))
    assert not any(rest.ansible(recap.format(count)) for count in (1, 10))
    assert not rest.ansible("changed=0")
    assert rest.pyinfra(total.format("-", "-"))
    assert not any(rest.pyinfra(total.format(*counts)) for counts in (("2", "-"), ("-", "1")))
    assert not rest.pyinfra("killed")
    assert rest.slipway(fleet_.format(0, 0))
    assert not any(rest.slipway(fleet_.format(*counts)) for counts in ((10, 0), (0, 1)))
    assert rest.slipway("converged in 0.14 s: 21 unchanged")
    assert not rest.slipway("converged in 0.14 s: 1 changed, 20 unchanged")
    assert not rest.slipway("killed")


def test_a_run_from_outside_is_timed_and_a_failed_one_is_none() -> None:
    """
    Seconds, and the memory of the process; its output is in the failure.
    """
    cost, output = fleet.run(["sh", "-c", "sleep 0.05; echo said"])

    assert output == "said\n"
    assert 0.05 <= cost.seconds < 5
    assert cost.peak_mib > 0.1
    with pytest.raises(Failure, match="exit 3: why"):
        fleet.run(["sh", "-c", "echo why; exit 3"])


@pytest.mark.parametrize(
    "copied",
    [
        "/bin/sh -c #(nop) COPY dir:0f7e in / ",
        "COPY /code/ / # buildkit",
    ],
)
def test_what_a_version_changes_is_what_was_copied_last(copied: str) -> None:
    """
    As either builder writes an image's history; and all that was done after it.
    """
    steps = [
        ("ENTRYPOINT", 0),
        ("RUN /opt/slipway/venv/bin/python3 x", 200),
        ("COPY", 3000),
        (copied, 113),
        ("", 9),
    ]
    history = [{"CreatedBy": command, "Size": bytes_} for command, bytes_ in steps]

    assert size.of_version(history) == 3200
