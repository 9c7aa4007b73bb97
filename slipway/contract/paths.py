"""
The paths of the contract: what child images, fleets and checks may rely on.
"""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]  # where this process has it
INSTALLED = Path("/opt/slipway")  # where every container has it
FILES = PROJECT / "files"  # mirrors /

# In the container, also where a clone on another machine sends a command into it
PYTHON = [f"{INSTALLED}/venv/bin/python3", "-I", "-m"]  # nothing of the user's PYTHON* gets in
CONVERGE = [*PYTHON, "slipway", "converge"]
SSHD = "/usr/sbin/sshd"
RCLONE = f"{INSTALLED}/venv/bin/rclone"  # without the relay that `rclone` on PATH starts

RUN = Path("/run/slipway")  # gone or stale after a restart: nothing here outlives PID 1
ENVIRONMENT = RUN / "environment"  # the environment of the start, NUL-separated, 0600
LOCK = RUN / "lock"
REPORT = RUN / "report.json"
UNFINISHED = RUN / "unfinished"  # there while a convergence runs, and after one was cut off
DEVICES = RUN / "gpus"  # the GPU device nodes of the start, one a line
PROCESSES = RUN / "processes"  # of the supervised programs, with their start times
HOST_KEY_LOCK = RUN / "host-key.lock"  # held while slipway.ssh.host_key runs
SSHD_PID = Path("/run/sshd.pid")

SSH = Path("/etc/ssh")
SSHD_DROP_INS = SSH / "sshd_config.d"
SSHD_RSA_KEY = SSHD_DROP_INS / "01-slipway-rsa.conf"  # offers the RSA host key, once it is made

LOGS = Path("/var/log/supervisor")
STATE = Path("/var/lib/slipway")
KEYS_RECORD = STATE / "keys"  # the keys that Slipway put into authorized_keys
KEYS_FALLBACK = STATE / "authorized_keys"  # read by sshd, too

SUPERVISORD_CONF = Path("/etc/supervisor/supervisord.conf")
SUPERVISORD = [*PYTHON, "slipway.services.supervisord", "-n", "-c", str(SUPERVISORD_CONF)]
SUPERVISOR_PROGRAMS = Path("/etc/supervisor/conf.d")
SUPERVISOR_SOCKET = Path("/run/supervisor.sock")

HOME = Path("/root")
AUTHORIZED_KEYS = HOME / ".ssh/authorized_keys"
AUTHORIZED_KEYS_MOUNT = HOME / ".ssh/authorized_keys_mount"
RCLONE_CONF = Path("/etc/rclone/rclone.conf")
