"""
/proc/PID/mountinfo, as engines and storage drivers have it.
"""

from __future__ import annotations

import pytest

from slipway.system import mountinfo

ONE, OTHER = "32820083e575" + "a" * 52, "e9cd608a8036" + "b" * 52
POD = "0f4b7a52-3c1e-4d7f-9a55-1f6f7c0d2b11"


def overlay(layer: str, *, options: str = "rw,relatime") -> str:
    """
    Return the root of a container on an overlay.
    """
    below = f"/var/lib/docker/overlay2/{layer}"
    own = f"rw,lowerdir=/l/A:/l/B,upperdir={below}/diff,workdir={below}/work"
    return f"173 84 0:61 / / {options} master:4 - overlay overlay {own}\n"


def file(path: str, point: str = "/etc/hostname") -> str:
    """
    Return a file that an engine mounts into each of its containers.
    """
    return f"191 173 254:0 {path} {point} rw,relatime - ext4 /dev/vda rw,discard\n"


FUSE = "173 84 0:61 / / rw,nodev - fuse.fuse-overlayfs fuse-overlayfs rw,user_id=0,group_id=0\n"
ENGINES = {
    "Docker, overlay2": overlay,
    "Docker, overlay2, read-only": lambda name: overlay(name, options="ro,relatime"),
    "containerd": lambda name: (
        "173 84 0:61 / / rw - overlay overlay rw,lowerdir=/s/1/fs,upperdir=/var/lib/containerd/"
        f"io.containerd.snapshotter.v1.overlayfs/snapshots/{name[:4]}/fs,workdir=/w\n"
    ),
    "Docker, btrfs": lambda name: (
        f"173 84 0:30 /docker/btrfs/subvolumes/{name} / rw - btrfs /dev/sda rw,ssd\n"
    ),
    "Docker, vfs": lambda name: f"1 0 8:1 /var/lib/docker/vfs/dir/{name} / rw - ext4 /dev/sda rw\n",
    "podman, fuse-overlayfs": lambda name: (
        FUSE + file(f"/containers/overlay-containers/{name}/userdata/hostname")
    ),
    "podman, --no-hostname": lambda name: (
        FUSE + file(f"/containers/overlay-containers/{name}/userdata/hosts", "/etc/hosts")
    ),
    "Kubernetes, another root": lambda name: (
        "1 0 0:9 / / rw - virtiofs root rw\n"
        + file(f"/var/lib/kubelet/pods/{POD[:-4]}{name[:4]}/etc-hosts", "/etc/hosts")
    ),
}


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES.keys())
def test_two_containers_are_told_apart(engine: object) -> None:
    """
    And one is itself, however often its list is read.
    """
    assert callable(engine)
    one, again, other = (
        mountinfo.container(mountinfo.parse(engine(name))) for name in (ONE, ONE, OTHER)
    )

    assert one == again != other
    assert one != ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 0 0:9 / / rw - ext4 /dev/vda rw\n",
        FUSE + file("/etc/hostname-of-mine"),
        "1 0 0:9 / / rw - 9p none rw\n",
    ],
)
def test_where_nothing_tells_there_is_no_answer(text: str) -> None:
    """
    A virtual machine's root, gVisor's; a guess could throw a good key away.
    """
    assert mountinfo.container(mountinfo.parse(text)) == ""


def test_what_an_engine_changes_between_two_starts_does_not_count() -> None:
    """
    The number of the mount, its peers, the layers below.
    """
    first = mountinfo.parse(overlay(ONE))
    later = mountinfo.parse(overlay(ONE).replace("173 84", "9 8").replace("/l/A", "/l/C"))

    assert mountinfo.container(first) == mountinfo.container(later)


KUBELET = "/var/lib/kubelet/pods/0b5e1a4e/volumes/kubernetes.io~{}/data"


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("1 0 0:9 / / rw - overlay overlay rw\n", ""),
        ("1 0 0:9 / / rw - tmpfs tmpfs rw\n", ""),
        ("2 1 0:9 / /workspace rw - tmpfs tmpfs rw\n", "a tmpfs, in memory"),
        ("2 1 0:9 /x /workspace rw - tmpfs none rw,size=1g\n", "a tmpfs, in memory"),
        ("2 1 0:9 / /workspace rw - ramfs none rw\n", "a ramfs, in memory"),
        ("2 1 0:9 /srv/data /workspace rw - ext4 /dev/vda rw\n", ""),
        ("2 1 0:9 / /workspace rw - nfs4 server:/x rw\n", ""),
        ("2 1 0:9 / /workspace rw - fuse.juicefs JuiceFS:x rw\n", ""),
        (
            f"2 1 0:9 {KUBELET.format('empty-dir')} /workspace rw - ext4 /dev/vda rw\n",
            "an emptyDir, which goes with its pod",
        ),
        (f"2 1 0:9 {KUBELET.format('csi')} /workspace rw - ext4 /dev/vda rw\n", ""),
        (f"2 1 0:9 {KUBELET.format('local-volume')} /workspace rw - xfs /dev/vda rw\n", ""),
        ("2 1 0:9 / /work rw - tmpfs tmpfs rw\n", ""),
        ("2 1 0:9 / /workspace/x rw - tmpfs tmpfs rw\n", ""),
        ("2 1 0:9 / /tmp rw - tmpfs tmpfs rw\n3 1 0:9 / /workspace rw - xfs /dev/b rw\n", ""),
    ],
)
def test_what_goes_with_the_container_is_told_from_what_stays(lines: str, why: str) -> None:
    """
    Memory and a pod's own directory are mounted, and do not outlive it.
    """
    root = "" if " / / " in lines else "1 0 0:1 / / rw - overlay overlay rw\n"

    assert mountinfo.fleeting(mountinfo.parse(root + lines), "/workspace") == why


@pytest.mark.parametrize(
    ("line", "is_nobodys"),
    [
        ("2 1 0:9 / /run rw - tmpfs tmpfs rw\n", True),
        ("2 1 0:9 / /run rw - ramfs none rw\n", True),
        (f"2 1 0:9 {KUBELET.format('empty-dir')} /run rw - ext4 /dev/vda rw\n", True),
        (f"2 1 0:9 {KUBELET.format('empty-dir')}/sub /run rw - xfs /dev/vda rw\n", True),
        (f"2 1 0:9 {KUBELET.format('csi')} /run rw - ext4 /dev/vda rw\n", False),
        ("2 1 0:9 /srv/empty-dir /run rw - ext4 /dev/vda rw\n", False),
        ("2 1 0:9 / /run rw - nfs4 server:/x rw\n", False),
        ("2 1 0:9 / /run rw - overlay overlay rw\n", False),
    ],
)
def test_what_was_made_for_the_container_is_nobodys(line: str, *, is_nobodys: bool) -> None:
    """
    All else that is mounted is somebody's, and stays as it is.
    """
    (mount,) = mountinfo.parse(line)

    assert mountinfo.is_nobodys(mount) is is_nobodys
