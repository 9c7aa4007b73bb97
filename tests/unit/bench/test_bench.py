"""
The benchmark's arithmetic, table, file and chart; what it measures is measured by `make bench`.
"""

from __future__ import annotations

import json
from functools import partial
from itertools import cycle
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import bench
from bench import ansible, chart, convergence, fleet, memory, rest, results, size
from bench.containers import Failure
from bench.results import Row
from bench.samples import Effort, Line, Sample, fit
from slipway.contract import paths
from tasks.packages import PACKAGES

SVG = "{http://www.w3.org/2000/svg}"
ROWS = [
    Row("start", "bare sshd", 0.5, 0.25, "s", 2.6, ours_spread=(0.4, 0.6)),
    Row("start", "bash", 0.5, 1.0, "s", 0.45),
    Row("stop", "bare sshd", 0.45, 0.15, "s", 1.0, is_difference=True),
    Row("memory", "supervisord", 36.0, 24.0, "MiB", 1.5),
    results.unmeasured("fleet", "stock", goal=0.12, why="no such command"),
    Row("start <&>", "the floor", 0.25, 0.012, "s", None),
]


def test_contenders_take_turns_and_every_second_round_goes_backwards() -> None:
    """
    What the machine does besides falls on all of them.
    """
    order: list[str] = []
    said: list[tuple[str, float]] = []
    effort = Effort(3, is_quick=False, said=lambda *value: said.append(value))

    def measure(name: str, value: float) -> float:
        order.append(name)
        return value + len(order)

    taken = effort.interleave(
        {"a": lambda: measure("a", 10), "b": lambda: measure("b", 20), "c": lambda: 7.0}
    )

    assert order == ["a", "b", "b", "a", "a", "b"]
    assert taken == {
        "a": Sample((11, 14, 15)),
        "b": Sample((22, 23, 26)),
        "c": Sample((7.0, 7.0, 7.0)),
    }
    assert said[:4] == [("a", 11), ("b", 22), ("c", 7.0), ("c", 7.0)]


def test_what_hardly_varies_is_not_measured_more_often() -> None:
    """
    Five rounds where all contenders are steady; all of them where one is not.
    """
    for shaken, rounds in ((0.01, 5), (1.0, 9)):
        steps = cycle((1, 1 + shaken, 1 + 2 * shaken))
        effort = Effort(9, is_quick=False, said=lambda *_: None)
        taken = effort.interleave({"a": partial(next, steps), "b": lambda: 2.0})

        assert len(taken["a"].values) == len(taken["b"].values) == rounds


def test_a_row_says_how_sure_it_is() -> None:
    """
    Between what half of the rounds' ratios lie, each of contenders that were measured together.
    """
    row = results.compared("x", "y", Sample((1, 2, 3, 4, 50)), Sample((1, 1, 1, 1, 10)))

    assert (row.ratio, row.within) == (3, (2, 4))


def test_a_sample_is_its_median_and_its_extremes() -> None:
    """
    One slow round moves the spread, not the figure.
    """
    assert (Sample((1, 2, 3, 100)).median, Sample((3, 1, 100, 2)).spread) == (2.5, (1, 100))


def test_a_line_is_fitted_through_points() -> None:
    """
    The fixed cost, and the cost of each.
    """
    assert fit([(1, 3.0), (5, 11.0), (20, 41.0)]) == pytest.approx(Line(1.0, 2.0))
    with pytest.raises(ValueError, match="two different places"):
        fit([(5, 1.0), (5, 2.0)])


def test_a_goal_is_about_the_ratio_or_the_difference() -> None:
    """
    Just reached is reached; without a goal or a figure there is no verdict.
    """
    assert [row.met for row in ROWS] == [True, False, True, True, None, None]
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
    assert lines[0].split()[-8:] == ["0.500", "s", "0.250", "s", "2x", "-", "2.6x", "yes"]
    assert lines[1].split()[-4:] == ["0.5x", "-", "0.45x", "NO"]
    assert lines[2].split()[-6:] == ["+0.3", "s", "-", "+1", "s", "yes"]
    assert lines[3].split()[-8:] == ["36.0", "MiB", "24.0", "MiB", "1.5x", "-", "1.5x", "yes"]
    assert lines[4].split()[-6:] == ["-", "-", "-", "-", "0.12x", "-"]
    assert lines[-1] == "not measured: fleet, against stock: no such command"
    assert len({len(line) for line in (head, *lines[:6])} - {0}) <= 2


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

    assert given in ansible.inside(mitogen=False)
    assert given in ansible.outside(Path("/venv"), ["a"])
    assert "dpkg-query -W {{ lookup('env', 'BENCH_PACKAGES') }}" in playbook
    assert ours <= listed


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
