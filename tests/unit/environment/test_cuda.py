"""
Which driver supports which CUDA, from made-up files of a driver, of cards and of an image.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.environment import cuda
from slipway.environment.cpus import Cpus
from slipway.environment.cuda import Cuda
from slipway.environment.derived import Surroundings, derive
from slipway.environment.gpus import Gpus
from slipway.settings.variables import Settings

VERSION = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  {}  Sun May 12 19:39:15 UTC 2024\n"
OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  {}  Release Build  (dvs-builder)\n"
GCC = "GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n"
CARD = "Model: \t\t {}\nIRQ:   \t\t 30\nGPU UUID: \t GPU-1234\n"
JSON = (
    '{\n   "cuda" : {\n      "name" : "CUDA SDK",\n      "version" : "%s"\n   },\n   "x": {}\n}\n'
)
A100, RTX = "NVIDIA A100-SXM4-40GB", "NVIDIA GeForce RTX 4090"
COMPAT = "/usr/local/cuda-12.8/compat"

Machine = Callable[..., Cuda]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """
    Lay files, and look at them.
    """

    def lay(
        driver: str = "", models: tuple[str, ...] = (), *, text: str = VERSION, **files: str
    ) -> Cuda:
        places = {cuda.DRIVER: text.format(driver) + GCC} if driver else {}
        for number, model in enumerate(models):
            places[f"/proc/driver/nvidia/gpus/0000:0{number}:00.0/information"] = CARD.format(model)
        for path, content in {
            **places,
            **{f"/{name}": value for name, value in files.items()},
        }.items():
            (tmp_path / path[1:]).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path[1:]).write_text(content)
        return cuda.detect(str(tmp_path))

    return lay


@pytest.mark.parametrize("text", [VERSION, OPEN], ids=["proprietary", "open"])
@pytest.mark.parametrize("driver", ["535.183.01", "580.65.06", "550.54.14", "1000.1"])
def test_the_driver_says_which_it_is(machine: Machine, text: str, driver: str) -> None:
    """
    Of either kind of kernel module; gcc's version is another.
    """
    seen = machine(driver, (A100, RTX), text=text)

    assert (seen.driver, seen.models) == (driver, (A100, RTX))


@pytest.mark.parametrize(
    ("driver", "expected"),
    [
        ("410.48", (10, 0)),
        ("450.80.02", (11, 0)),
        ("470.256.02", (11, 4)),
        ("525.60.13", (12, 0)),
        ("535.183.01", (12, 2)),
        ("550.54.14", (12, 4)),
        ("570.26", (12, 8)),
        ("580.65.06", (13, 0)),
        ("9999.1", (13, 1)),  # newer than the table: at least that
        ("390.12", ()),
        ("", ()),
    ],
)
def test_a_driver_supports_what_it_came_with(driver: str, expected: tuple[int, ...]) -> None:
    """
    NVIDIA's table.
    """
    assert cuda.supported(driver) == expected


@pytest.mark.parametrize(
    ("variables", "files", "expected"),
    [
        ({"CUDA_VERSION": "12.4.1"}, {}, (12, 4)),
        ({"NVIDIA_REQUIRE_CUDA": "cuda>=11.8 brand=tesla,driver>=470,driver<471"}, {}, (11, 8)),
        ({}, {"usr/local/cuda/version.json": JSON % "12.8.0"}, (12, 8)),
        ({}, {"usr/local/cuda/version.txt": "CUDA Version 10.1.243\n"}, (10, 1)),
        ({"CUDA_VERSION": "12.4"}, {"usr/local/cuda/version.json": JSON % "12.8.0"}, (12, 4)),
        ({"CUDA_VERSION": "latest"}, {}, ()),
        ({}, {"usr/local/cuda/version.json": "{}"}, ()),
        ({}, {}, ()),
    ],
)
def test_an_image_says_what_it_needs(
    machine: Machine, variables: dict[str, str], files: dict[str, str], expected: tuple[int, ...]
) -> None:
    """
    By NVIDIA's variables, or by a file of the toolkit's.
    """
    assert cuda.needed(machine("535.1", **files), variables) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (A100, True),
        ("NVIDIA A100 80GB PCIe", True),
        ("NVIDIA H100 80GB HBM3", True),
        ("NVIDIA H200 NVL", True),
        ("NVIDIA L4", True),
        ("NVIDIA L40S", True),
        ("NVIDIA A10G", True),
        ("NVIDIA A2", True),
        ("Tesla T4", True),
        ("Tesla V100-SXM2-16GB", True),
        ("NVIDIA GH200 480GB", True),
        ("NVIDIA B200", True),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", True),
        (RTX, False),
        ("GeForce GTX 1080 Ti", False),
        ("NVIDIA TITAN V", False),
        ("NVIDIA RTX A6000", False),
        ("NVIDIA RTX 6000 Ada Generation", False),
        ("Quadro P4000", False),
        ("NVIDIA T400 4GB", False),
        ("NVIDIA T1000", False),
        ("NVIDIA A1000", False),
        ("", False),
    ],
)
def test_a_newer_drivers_libraries_work_on_data_centre_cards(
    machine: Machine, model: str, *, expected: bool
) -> None:
    """
    On others they end in error 804, so a card that is not known to take them gets none.
    """
    file = f"{COMPAT}/libcuda.so.570.26"[1:]
    seen = machine("535.183.01", (model,), **{file: ""})

    assert cuda.takes_compat(seen) is expected
    assert cuda.compat_directory(seen) == (COMPAT if expected else "")


@pytest.mark.parametrize(
    ("driver", "models", "libraries", "expected"),
    [
        ("535.183.01", (A100,), ["cuda/compat/libcuda.so.550.54.14"], "cuda/compat"),
        (
            "470.1",
            (A100, "Tesla T4"),
            ["cuda-11.8/compat/libcuda.so.520.61"],
            "cuda-11.8/compat",
        ),
        (
            "470.1",
            (A100,),
            ["cuda-11.8/compat/libcuda.so.520.61", "cuda-12.4/compat/libcuda.so.550.54.14"],
            "cuda-12.4/compat",
        ),
        (
            "535.1",
            (A100,),
            ["cuda/compat/lib.real/libcuda.so.570.1"],
            "cuda/compat/lib.real",
        ),
        ("550.90.07", (A100,), ["cuda/compat/libcuda.so.550.54.14"], ""),  # the same branch
        ("580.1", (A100,), ["cuda/compat/libcuda.so.550.54.14"], ""),  # the driver is newer
        ("535.1", (A100, RTX), ["cuda/compat/libcuda.so.550.54.14"], ""),  # one does not take it
        ("535.1", (), ["cuda/compat/libcuda.so.550.54.14"], ""),  # no card says what it is
        ("535.1", (A100,), [], ""),
        ("", (A100,), ["cuda/compat/libcuda.so.550.54.14"], ""),
    ],
)
def test_sessions_find_the_newer_libraries_where_these_are_of_use(
    machine: Machine, driver: str, models: tuple[str, ...], libraries: list[str], expected: str
) -> None:
    """
    Before the others; what the image has set stays behind them.
    """
    files = {f"usr/local/{library}": "" for library in libraries}
    seen = machine(driver, models, **files)
    around = Surroundings(False, 0, 0, Gpus("nvidia", 1), Cpus(8, None), seen)
    place = expected and f"/usr/local/{expected}"

    for given in ({}, {"LD_LIBRARY_PATH": "/usr/local/nvidia/lib:/x"}):
        before = given.get("LD_LIBRARY_PATH", "")
        after = ":".join(filter(None, [place, before]))
        assert derive(Settings(environment=given), around).get("LD_LIBRARY_PATH", "") == after
    again = Settings(environment={"LD_LIBRARY_PATH": f"/x:{place}"})
    assert derive(again, around)["LD_LIBRARY_PATH"] == f"/x:{place}"


GOOD = Cuda("535.183.01", (A100,), "12.2.2", (), has_uvm=True)
ONE = Gpus("nvidia", 1)


@pytest.mark.parametrize(
    ("seen", "variables", "words"),
    [
        (GOOD, {}, []),
        (GOOD, {"CUDA_VERSION": "12.4.1"}, []),  # the same major version
        (GOOD, {"CUDA_VERSION": "11.8.0"}, []),
        (GOOD._replace(has_uvm=False), {}, ["no /dev/nvidia-uvm"]),
        (GOOD, {"NVIDIA_DRIVER_CAPABILITIES": "utility"}, ["lacks compute"]),
        (GOOD, {"NVIDIA_DRIVER_CAPABILITIES": "graphics, video"}, ["lacks compute"]),
        (GOOD, {"NVIDIA_DRIVER_CAPABILITIES": "compute,utility"}, []),
        (GOOD, {"NVIDIA_DRIVER_CAPABILITIES": "all"}, []),
        (GOOD, {"CUDA_VERSION": "13.0.1"}, ["supports CUDA 12.2, the image needs 13.0"]),
        (
            GOOD._replace(libraries=("/usr/local/cuda/compat/libcuda.so.580.65.06",)),
            {"CUDA_VERSION": "13.0.1"},
            [],
        ),
        (
            GOOD._replace(models=(RTX,)),
            {"LD_LIBRARY_PATH": "/usr/local/cuda/compat:/x"},
            ["error 804"],
        ),
        (
            GOOD._replace(has_uvm=False, models=(RTX,)),
            {"CUDA_VERSION": "13.0", "NVIDIA_DRIVER_CAPABILITIES": "video"},
            ["nvidia-uvm", "lacks compute", "newer driver"],
        ),
        (Cuda(), {"CUDA_VERSION": "13.0"}, ["nvidia-uvm"]),
    ],
)
def test_what_keeps_cuda_from_working_is_named(
    seen: Cuda, variables: dict[str, str], words: list[str]
) -> None:
    """
    All of it at once, each with what helps.
    """
    found = cuda.obstacles(ONE, seen, variables)

    assert len(found) == len(words), found
    assert all(word in sentence for word, sentence in zip(words, found, strict=True)), found
    assert cuda.obstacles(Gpus("amd", 1), seen, variables) == []


@pytest.mark.parametrize(
    ("seen", "variables", "expected"),
    [
        (GOOD, {}, "driver 535.183.01, supports CUDA 12.2, the image needs 12.2"),
        (
            GOOD,
            {"CUDA_VERSION": "12.4.1"},
            (
                "driver 535.183.01, supports CUDA 12.2, the image needs 12.4, "
                "which works, without the features of later drivers"
            ),
        ),
        (
            GOOD._replace(libraries=("/usr/local/cuda/compat/libcuda.so.580.65.06",)),
            {"CUDA_VERSION": "13.0.1"},
            (
                "driver 535.183.01, supports CUDA 12.2, the image needs 13.0, the libraries in "
                "/usr/local/cuda/compat are used"
            ),
        ),
        (Cuda(), {}, "driver unknown"),
    ],
)
def test_the_driver_and_the_versions_are_told(
    seen: Cuda, variables: dict[str, str], expected: str
) -> None:
    """
    In one line of doctor's.
    """
    assert cuda.told(seen, variables) == expected
