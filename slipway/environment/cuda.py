"""
NVIDIA's driver and the image's CUDA: whether the one is new enough for the other.

A driver supports CUDA up to the version that it came with. Within a major version an older driver
does, too ("minor version compatibility"). Past that, the package cuda-compat has the newer driver's
libraries, which work with the older kernel module on data centre cards; on others CUDA ends with
error 804 once it finds them. NVIDIA says so in
https://docs.nvidia.com/deploy/cuda-compatibility/ and has the table of drivers in
https://docs.nvidia.com/cuda/cuda-toolkit-release-notes/.
"""

from __future__ import annotations

import glob  # Path.glob() has no absolute patterns
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from slipway.environment.gpus import Gpus
from slipway.system import files

DRIVER = "/proc/driver/nvidia/version"
MODELS = "/proc/driver/nvidia/gpus/*/information"
TOOLKIT = ("/usr/local/cuda/version.json", "/usr/local/cuda/version.txt")
UVM = "/dev/nvidia-uvm"
LIBRARIES = (
    "/usr/local/cuda/compat/libcuda.so.*.*",
    "/usr/local/cuda-*/compat/libcuda.so.*.*",
    "/usr/local/cuda/compat/lib.real/libcuda.so.*.*",  # of NGC's images
)
TEXTS = (DRIVER, MODELS, *TOOLKIT)
NODES = (UVM, *LIBRARIES)

# A card's directory is called after its place on the bus, which has colons: 0000:01:00.0
_LINE = r"(/proc/driver/nvidia/gpus/[^/]+/information|[^:]+):(.*)"

Version = tuple[int, ...]

# The first driver branch that came with a version of CUDA, newest first
_BRANCHES: tuple[tuple[int, Version], ...] = (
    (590, (13, 1)), (580, (13, 0)), (575, (12, 9)), (570, (12, 8)), (565, (12, 7)), (560, (12, 6)),
    (555, (12, 5)), (550, (12, 4)), (545, (12, 3)), (535, (12, 2)), (530, (12, 1)), (525, (12, 0)),
    (520, (11, 8)), (515, (11, 7)), (510, (11, 6)), (495, (11, 5)), (470, (11, 4)), (465, (11, 3)),
    (460, (11, 2)), (455, (11, 1)), (450, (11, 0)), (440, (10, 2)), (418, (10, 1)), (410, (10, 0)),
)  # fmt: skip
_MINOR_SINCE = 11  # the first major version with minor version compatibility

_DATA_CENTRE = (
    r"Tesla\b.*|.*\bServer Edition|(?:A2|A10[GM]?|A16|A30X?|A40|A100X?|A800|B100|B200|B300|GB200"
    r"|GB300|GH200|H20|H100|H200|H800|L2|L4|L20|L40[GS]?|P4|P40|P100|T4G?|V100S?)(?:[ -].*)?"
)


class Cuda(NamedTuple):
    """
    What driver, cards and image say of themselves; "" for nothing.
    """

    driver: str = ""
    models: tuple[str, ...] = ()
    toolkit: str = ""
    libraries: tuple[str, ...] = ()  # paths of cuda-compat's libcuda
    has_uvm: bool = False  # the device that memory is managed through


NONE = Cuda()


def parse(lines: Iterable[str]) -> Cuda:
    """
    Read lines of TEXTS, each after its path and a colon, and paths of NODES, each with a colon.
    """
    matches = filter(None, (re.fullmatch(_LINE, line) for line in lines))
    texts = [(match[1], match[2].strip()) for match in matches]
    driver = " ".join(text for path, text in texts if path == DRIVER)
    found = re.search(r"\s(\d{3,}(?:\.\d+)+)\s", f"{driver} ")
    models = [text for path, text in texts if path.endswith("/information")]
    toolkit = " ".join(text for path, text in texts if path in TOOLKIT)
    version = re.search(r'"cuda"\s*:\s*\{[^}]*"version"\s*:\s*"([\d.]+)"', toolkit) or re.search(
        r"CUDA Version ([\d.]+)", toolkit
    )
    return Cuda(
        driver=found[1] if found else "",
        models=tuple(
            text.partition(":")[2].strip() for text in models if text.startswith("Model:")
        ),
        toolkit=version[1] if version else "",
        libraries=tuple(sorted(path for path, _ in texts if "/libcuda.so." in path)),
        has_uvm=any(path == UVM for path, _ in texts),
    )


def detect(root: str = "") -> Cuda:
    """
    Look at this container.

    + root: where its files are
    """
    return parse(lines(root))


def lines(root: str = "") -> list[str]:
    """
    Return what there is to read, as `parse` takes it.
    """
    found = []
    for pattern in NODES:
        found += [f"{path.removeprefix(root)}:" for path in glob.glob(root + pattern)]  # noqa: PTH207
    for pattern in TEXTS:
        for path in glob.glob(root + pattern):  # noqa: PTH207 - see the import
            try:
                text = files.read(path).decode(errors="replace")
            except OSError:
                continue
            found += [f"{path.removeprefix(root)}:{line}" for line in text.splitlines()]
    return found


def supported(driver: str) -> Version:
    """
    Return the newest version of CUDA that a driver came with; () for an unknown one.
    """
    branch = _version(driver)[:1]
    return next((cuda for first, cuda in _BRANCHES if branch >= (first,)), ()) if branch else ()


def needed(cuda: Cuda, environment: Mapping[str, str]) -> Version:
    """
    Return the version of CUDA that the image is made for; () where it does not say.
    """
    required = re.search(r"cuda>=([\d.]+)", environment.get("NVIDIA_REQUIRE_CUDA", ""))
    words = environment.get("CUDA_VERSION", ""), required[1] if required else "", cuda.toolkit
    return next((_version(word)[:2] for word in words if _version(word)), ())


def compat_directory(cuda: Cuda) -> str:
    """
    Return the directory of cuda-compat's libraries where they are of use: "" where they are not.

    They are newer than the driver, and every card is of a kind that they work with.
    """
    newest = max(cuda.libraries, key=_of_library, default="")
    is_newer = bool(newest and cuda.driver) and _of_library(newest)[:1] > _version(cuda.driver)[:1]
    return newest.rpartition("/")[0] if is_newer and takes_compat(cuda) else ""


def takes_compat(cuda: Cuda) -> bool:
    """
    Tell whether all cards are known to work with a newer driver's libraries.
    """
    names = [model.removeprefix("NVIDIA ").strip() for model in cuda.models]
    return bool(names) and all(re.fullmatch(_DATA_CENTRE, name) for name in names)


def library_path(cuda: Cuda, given: str) -> dict[str, str]:
    """
    Return the variable by which programs find these libraries first; none where they are of no use.

    + given: its value
    """
    directory = compat_directory(cuda)
    places = given.split(":") if given else []
    if not directory or directory in places:
        return {}
    return {"LD_LIBRARY_PATH": ":".join([directory, *places])}


def obstacles(gpus: Gpus, cuda: Cuda, environment: Mapping[str, str]) -> list[str]:
    """
    Say what keeps CUDA from working with NVIDIA's cards that are here, and what helps.
    """
    if gpus.vendor != "nvidia":
        return []
    found = []
    if not cuda.has_uvm:
        found.append(
            f"no {UVM}: CUDA finds no card; run the container with --gpus all, or give it this "
            "device, too (`nvidia-modprobe -u -c 0` makes it on the host)"
        )
    asked = environment.get("NVIDIA_DRIVER_CAPABILITIES", "")
    if asked and not {"all", "compute"} & set(re.split(r"[,\s]+", asked)):
        found.append(
            "NVIDIA_DRIVER_CAPABILITIES lacks compute: CUDA's library is not in the container; "
            "set it to compute,utility"
        )
    places = [place for place in environment.get("LD_LIBRARY_PATH", "").split(":") if place]
    if cuda.models and any("/compat" in place for place in places) and not takes_compat(cuda):
        found.append(
            "LD_LIBRARY_PATH has a newer driver's libraries (cuda-compat), which work on data "
            f"centre cards alone, not on {cuda.models[0]}: error 804; take them out of it"
        )
    if not compat_directory(cuda) and _is_too_old(cuda, environment):
        found.append(f"{told(cuda, environment)}: the host needs a newer driver")
    return found


def told(cuda: Cuda, environment: Mapping[str, str]) -> str:
    """
    Say which driver there is, what it supports, and what the image needs.
    """
    wants, has = needed(cuda, environment), supported(cuda.driver)
    words = [f"driver {cuda.driver or 'unknown'}"]
    if has:
        words.append(f"supports CUDA {_text(has)}")
    if wants:
        words.append(f"the image needs {_text(wants)}")
    if directory := compat_directory(cuda):
        words.append(f"the libraries in {directory} are used")
    elif has and wants > has and not _is_too_old(cuda, environment):
        words.append("which works, without the features of later drivers")
    return ", ".join(words)


def _is_too_old(cuda: Cuda, environment: Mapping[str, str]) -> bool:
    wants, has = needed(cuda, environment), supported(cuda.driver)
    is_of_one_kind = bool(wants) and wants[:1] == has[:1] and wants[0] >= _MINOR_SINCE
    return bool(has) and wants > has and not is_of_one_kind


def _of_library(path: str) -> Version:
    return _version(path.rpartition("libcuda.so.")[2])


def _version(text: str) -> Version:
    return tuple(map(int, re.findall(r"\d+", text)))


def _text(version: Version) -> str:
    return ".".join(map(str, version))
