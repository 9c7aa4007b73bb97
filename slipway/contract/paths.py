"""
The paths of the contract: what child images, fleets and checks may rely on.
"""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]  # where this process has it
INSTALLED = Path("/opt/slipway")  # where every container has it
FILES = PROJECT / "files"  # mirrors /

# In the container, also where a clone on another machine sends a command into it
PROGRAMS = INSTALLED / "venv/bin"  # of the venv
PYTHON = [f"{PROGRAMS}/python3", "-I", "-m"]  # nothing of the user's PYTHON* gets in
CONVERGE = [*PYTHON, "slipway", "converge"]
SSHD = "/usr/sbin/sshd"
TINI = "/usr/bin/tini"
RCLONE = f"{PROGRAMS}/rclone"  # without the relay that `rclone` on PATH starts
COMMANDS = Path("/usr/local/bin")  # on PATH
SLIPWAY = COMMANDS / "slipway"

EXTENSIONS = Path("/etc/slipway")  # one directory an extension
SBOM = Path("/usr/share/doc/slipway/sbom.spdx.json")  # the software in the image

RUN = Path("/run/slipway")  # gone or stale after a restart: nothing here outlives PID 1
ENVIRONMENT = RUN / "environment"  # the environment of the start, NUL-separated, 0600
SSHD_ENVIRONMENT = RUN / "sshd.conf"  # what sessions get, as sshd_config(5) has it
SHELL_ENVIRONMENT = RUN / "environment.sh"  # the same for sh
PUBLIC_ENVIRONMENT = RUN / "environment.public.sh"  # what of it other users' shells get
LOGIN_ENVIRONMENT = RUN / "environment.login.sh"  # all of them, for the login of SLIPWAY_USER
LOGINS = RUN / "logins"  # a file of keys for each login besides root's, by its name
ROOT_REFUSED = RUN / "sshd-root.conf"  # not empty where our own choice refuses root's login
SSHD_INCLUDED = (SSHD_ENVIRONMENT, ROOT_REFUSED)  # by our drop-in
LOCK = RUN / "lock"
START_LOCK = RUN / "start.lock"  # held while `slipway start` has supervisord begin
REPORT = RUN / "report.json"
UNFINISHED = RUN / "unfinished"  # there while a convergence runs, and after one was cut off
UNSUPERVISED = RUN / "unsupervised"  # why supervisord can't run in this start: there if so
DEVICES = RUN / "gpus"  # the GPU device nodes of the start, one a line
PROCESSES = RUN / "processes"  # of the supervised programs, with their start times
SSHD_OPTIONS = RUN / "sshd.options"  # there where sshd is served from a place of our own
SSHD_COPIES = RUN / "sshd"  # of its files, where there are lines that sshd can't use
SSHD_LOCK = RUN / "sshd.lock"  # held while these are made
SSHD_TESTED = RUN / "sshd.tested"  # not empty: a start that comes now need not test its files
SSHD_FAILED = RUN / "sshd.failed"  # there where sshd has ended at once
SSHD_LEFT_OUT = RUN / "sshd.left-out"  # these lines: slipway.ssh.usable
HOST_KEY_LOCK = RUN / "host-key.lock"  # held while slipway.ssh.host_key runs

# What health keeps from one question to the next: no part of the desired state
KEPT = Path("/run/slipway-health")
LOGIN = KEPT / "login.json"  # whether root could log in: slipway.ssh.verdict
TRIAL = Path("/run/slipway-trial")  # likewise; of a login of Slipway's own: slipway.ssh.trial
TRIALS = TRIAL / "keys"  # a file of keys for who logs in, by his name, as long as it takes
TRIALS_LOCK = TRIAL / "lock"
TRIED = KEPT / "tried.json"  # what the last login of health's own came to: slipway.ssh.trial
TERMINAL = KEPT / "terminal.json"  # how far a login's shell came at a terminal
TERMINAL_LOCK = KEPT / "terminal.lock"  # held by who tries: slipway.ssh.terminal_session
VERDICT = KEPT / "verdict.json"  # what health has said last, if it can be kept
HEALTH = KEPT / "verdict"  # the same for HEALTHCHECK: slipway.services.keeper
HEALTH_ASKED = KEPT / "asked"  # touched by whoever asks

SSH = Path("/etc/ssh")
SSHD_CONFIG = SSH / "sshd_config"
SSHD_DROP_INS = SSH / "sshd_config.d"
SSHD_ADMISSION = SSHD_DROP_INS / "00-slipway-admission.conf"
SSHD_ALGORITHMS = SSHD_DROP_INS / "00-slipway-algorithms.conf"
SSHD_RSA_KEY = SSHD_DROP_INS / "01-slipway-rsa.conf"  # offers the RSA host key, once it is made
MODULI = SSH / "moduli"
SSHRC = SSH / "sshrc"  # run for each session of who has no ~/.ssh/rc
SSHD_PID = Path("/run/sshd.pid")
SSHD_CHROOT = Path("/run/sshd")  # of its privilege separation: without it sshd does not start

BASHRC = Path("/etc/bash.bashrc")
PROFILE = Path("/etc/profile.d/slipway.sh")  # reads SHELL_ENVIRONMENT

OF_IMAGE = Path("/usr/local/lib/slipway")  # what is known when the image is built
BAKED = OF_IMAGE / "environment"  # digests of its own variables
FUSE_2 = OF_IMAGE / "fuse"  # what rclone asks for where fuse 2 is installed: last on its PATH
RELATIONS = OF_IMAGE / "relations"  # of the desired packages: what they can't be beside
GITCONFIG = Path("/etc/gitconfig")  # git's own, of the system
GITCONFIG_OF_IMAGE = OF_IMAGE / "gitconfig"  # included there
GITCONFIG_OF_START = RUN / "gitconfig"  # included in that
UTMP = Path("/run/utmp")  # who is logged in

LOGS = Path("/var/log/supervisor")
RUN_LOGS = RUN / "log"  # where LOGS can't be written
STATE = Path("/var/lib/slipway")
BELONGS_TO = STATE / "container"  # a digest of which container the host keys are of
KEYS_RECORD = STATE / "keys"  # the keys that Slipway put into authorized_keys
LAID = STATE / "laid"  # the files that Slipway laid, with their sha256
REPLACED = STATE / "replaced"  # what these held where somebody had changed them
DEFAULTS = STATE / "defaults"  # of Slipway's variables, where extensions have others
SECRETS = STATE / "secrets"  # made by extensions for this container: slipway.operations.secret
KEYS_FALLBACK = STATE / "authorized_keys"  # read by sshd, too; in RUN where STATE is read-only

SUPERVISORD_CONF = Path("/etc/supervisor/supervisord.conf")
SUPERVISORD_ARGUMENTS = ["-n", "-c", str(SUPERVISORD_CONF)]
SUPERVISORD = [*PYTHON, "slipway.services.supervisord", *SUPERVISORD_ARGUMENTS]
# What the user's command runs under, where the container has one
BESIDE = [*PYTHON, "slipway.services.beside"]
SUPERVISOR_PROGRAMS = Path("/etc/supervisor/conf.d")
SUPERVISOR_SOCKET = Path("/run/supervisor.sock")
OWN_SUPERVISORD_CONF = FILES / "etc/supervisor/supervisord.conf"  # as Slipway lays them,
OWN_PROGRAMS = FILES / "etc/supervisor/conf.d"  # whatever is in /etc/supervisor

WORKSPACE = Path("/workspace")  # unless the variable WORKSPACE says otherwise

HOME = Path("/root")
AUTHORIZED_KEYS = HOME / ".ssh/authorized_keys"
AUTHORIZED_KEYS_MOUNT = HOME / ".ssh/authorized_keys_mount"
KEY_FILES = (AUTHORIZED_KEYS, KEYS_FALLBACK, RUN / "authorized_keys")  # as sshd reads them
RCLONE_CONF = Path("/etc/rclone/rclone.conf")


def own_program_names() -> set[str]:
    """
    Return the names of the programs that every container has: one file each.
    """
    return {file.stem for file in OWN_PROGRAMS.glob("*.conf")}
