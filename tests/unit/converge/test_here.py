"""
The run inside: the lock, the mark, the report that is left, and what is expected of services.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.contract import paths, report
from slipway.converge import here
from slipway.converge.timings import Timings
from slipway.system import locks
from tests.unit.conftest import Deploy, reported

LAY = """
@task("Files")
def lay(*, path):
    have(name="Have the file", path=path)

lay(path=here / "file")
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """
    The contract's paths, below a directory of the test's; returns that of the saved environment.
    """
    for name in ("ENVIRONMENT", "LOCK", "REPORT", "UNFINISHED"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())
    paths.ENVIRONMENT.write_bytes(b"GPU_COUNT=many\0")
    return paths.ENVIRONMENT


def test_a_convergence_leaves_its_report(deploy: Deploy) -> None:
    """
    The one that it returns, as the last of this start.
    """
    deploy(LAY)
    made = here.converge("start")

    assert report.load() == made
    assert [each.outcome for each in made.operations] == ["changed"]
    assert [refusal.variable for refusal in made.refusals] == ["GPU_COUNT"]
    assert (made.phase, made.services, made.boot) == ("start", True, report.boot())
    assert here.converge("start").totals["changed"] == 0


def test_while_it_runs_it_has_the_lock_and_its_mark(deploy: Deploy) -> None:
    """
    A second one waits, and health does not take the mark for one that was cut off.
    """
    deploy("""
from slipway.system import locks
(here / "seen").write_text(f"{paths.UNFINISHED.exists()} {locks.is_held(paths.LOCK)}")
""")
    here.converge("start")

    assert (paths.PROJECT / "seen").read_text() == "True True"
    assert not paths.UNFINISHED.exists()
    assert not locks.is_held(paths.LOCK)


@pytest.mark.parametrize("error", ["OSError(28, 'full')", "KeyboardInterrupt"])
def test_one_that_is_cut_off_leaves_its_mark_and_no_lock(deploy: Deploy, error: str) -> None:
    """
    The last report is still the one before.
    """
    before = reported(boot="before")
    before.save()
    deploy(f"raise {error}")
    with pytest.raises((OSError, KeyboardInterrupt)):
        here.converge("start")

    assert paths.UNFINISHED.exists()
    assert not locks.is_held(paths.LOCK)
    assert report.load() == before


def test_an_image_that_is_built_belongs_to_nobody(deploy: Deploy) -> None:
    """
    No report, no mark, nothing of the builder's variables, no services.
    """
    deploy("(here / 'seen').write_text(str(paths.UNFINISHED.exists()))" + LAY)
    made = here.converge("build", services=True)

    assert (paths.PROJECT / "seen").read_text() == "False"
    assert report.load() is None
    assert (made.phase, made.services, made.refusals) == ("build", False, [])


def test_the_deploy_is_told_what_the_caller_wants(deploy: Deploy) -> None:
    deploy(
        "data = host.data\n"
        "(here / 'seen').write_text(f'{data.keep_stopped} {data.beside_supervisord} {data.live}')"
    )
    here.converge("start", keep_stopped=True, beside_supervisord=True)

    assert (paths.PROJECT / "seen").read_text() == "True True True"


@pytest.mark.parametrize("asked", [None, True, False])
def test_services_are_as_until_now_where_nobody_says(deploy: Deploy, *, asked: bool | None) -> None:
    """
    Of a convergence and of a check.
    """
    reported(services=False).save()
    deploy(LAY)

    assert here.check().services is False
    assert here.converge("start", services=asked).services is bool(asked)


def test_a_check_changes_nothing(deploy: Deploy) -> None:
    """
    No file, no report, no mark; it waits for nobody.
    """
    deploy(LAY)
    with locks.hold(paths.LOCK):
        made = here.check()

    assert [each.outcome for each in made.operations] == ["changed"]
    assert sorted(path.name for path in paths.PROJECT.iterdir()) == [
        "deploy.py",
        "environment",
        "lock",
    ]


def test_a_check_under_strict_says_that_a_convergence_would_refuse(
    deploy: Deploy, environment: Path
) -> None:
    environment.write_bytes(b"GPU_COUNT=many\0SLIPWAY_STRICT=true\0")
    deploy(LAY)
    (operation,) = here.check().operations

    assert (operation.name, operation.outcome) == ("accept its settings", "failed")
    assert operation.detail.startswith("GPU_COUNT: ")


def test_timings_take_down_each_operation(deploy: Deploy) -> None:
    deploy(LAY)
    timings = Timings(began=0.0)
    here.converge("start", timings=timings)

    assert list(timings.operations) == ["Files: Have the file"]
    assert timings.operations["Files: Have the file"].facts == 1


def test_facts_are_asked_of_this_container(deploy: Deploy) -> None:
    """
    As `slipway doctor` asks them, with its Settings.
    """
    with here.connected() as (host, loaded):
        assert host.name == "@live"
        assert host.connected
        assert loaded.refusals[0].variable == "GPU_COUNT"
