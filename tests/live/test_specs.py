"""
The specs hold for the image, and for containers started in different ways; and they can fail.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import KeyPair, Slipway

Start = Callable[..., Slipway]

# One way to break each subject, and the spec that has to notice.
# fmt: off
IMAGE_MUTATIONS = {  # in an image that nobody started
    "apt lists": ("touch /var/lib/apt/lists/x_Packages", "test_no_package_list"),
    "log of the build": ("touch /var/log/dpkg.log", "test_nothing_says_when_it_was_built"),
    "other software": (
        "sed -i s/tmux/tmuxx/ /var/lib/dpkg/status",
        "test_the_image_names_its_software",
    ),
    "image's host key": ("ssh-keygen -A", "test_the_image_holds_no_host_key"),
    "root's password": ("echo root:x | chpasswd", "test_root_has_no_password"),
}
MUTATIONS = {
    "packages": ("dpkg --purge --force-depends zip", "test_the_tools"),
    "rclone": ("ln -sfn /bin/true /usr/local/bin/rclone", "test_rclone_is_the_locked_one"),
    "static file": ("echo >> /etc/motd", "test_files_mirrors_the_root"),
    "mode": ("chmod 600 /etc/profile.d/slipway.sh", "test_files_mirrors_the_root"),
    "greeting": ("sed -i /logs/d /etc/motd", "test_the_greeting"),
    "command": ("rm /usr/local/bin/logtail.sh", "test_the_commands_are_on_path"),
    "bashrc": ("sed -i /slipway/d /etc/bash.bashrc", "test_interactive_shells"),
    "draft": ("touch /etc/.motd.slipway", "test_no_draft_is_left"),
    "terminal": ("rm /usr/share/terminfo/x/xterm-kitty", "test_terminals_have"),
    "language": (
        "echo 'AcceptEnv LC_* LANG' >> /etc/ssh/sshd_config",
        "test_the_language_of_clients",
    ),
    "git": ("rm /run/slipway/gitconfig", "test_git_takes"),
    "public variables": (
        "chmod 600 /run/slipway/environment.public.sh",
        "test_other_users_see_no_secret",
    ),
    "record": ("rm /run/utmp", "test_there_is_a_record"),
    "numbers": ("rm /etc/services", "test_services_have"),
    "bytecode": ("rm -r /opt/slipway/slipway/commands/__pycache__", "test_python_is_compiled"),
    "password login": (
        "sed -i 's/^Password.* no/PasswordAuthentication yes/' /etc/ssh/sshd_config.d/00-*",
        "test_only_keys_open_a_session",
    ),
    "sshd option": (
        "sed -i 's/^DebianBanner no/X11UseLocalhost no/' /etc/ssh/sshd_config.d/00-slipway.conf",
        "test_sshd_meets_the_baseline",
    ),
    "weak moduli": ("echo x 2 6 100 2047 2 C3 >> /etc/ssh/moduli", "test_only_strong_moduli"),
    "weak algorithms": (
        "echo 'MACs hmac-sha1' > /etc/ssh/sshd_config.d/00-a.conf",
        "test_sshd_offers_the_policys_algorithms",
    ),
    "the other policy": (
        "sed -i s/,hmac-sha2-256$// /etc/ssh/sshd_config.d/00-slipway-algo*",
        "test_the_policy_is_the_one",
    ),
    "room for few": (
        "echo MaxStartups 10 > /etc/ssh/sshd_config.d/zz.conf",
        "test_nobody_behind",
    ),
    "short RSA keys": (
        "echo RequiredRSASize 1024 > /etc/ssh/sshd_config.d/00-a.conf",
        "test_short_rsa_keys",
    ),
    "sftp in a shell": (
        "sed -i s,internal-sftp,/usr/lib/openssh/sftp-server, /etc/ssh/sshd_config",
        "test_sshd_serves_sftp_itself",
    ),
    "host key": (
        "ssh-keygen -qt ed25519 -N '' -f /k && cp /k.pub /etc/ssh/ssh_host_ed25519_key.pub",
        "test_the_container_has_host_keys",
    ),
    "login unasked": (
        "mkdir -p /run/slipway/logins && touch /run/slipway/logins/eve",
        "test_nobody_logs_in_unasked",
    ),
    "login without keys": ("sed -i d /run/slipway/logins/alice", "test_the_login_has_roots_keys"),
    "sudo": ("chmod 755 /usr/bin/sudo", "test_the_login_becomes_root"),
    "workspace of root's alone": ("setfacl -b /workspace", "test_the_login_works"),
    "no root": (
        "sed -i '1i PermitRootLogin no' /run/slipway/sshd.conf",
        "test_roots_login_is_as_chosen",
    ),
    "doubled key": ("sed -i p /root/.ssh/authorized_keys", "test_each_given_key_is_there_once"),
    "ACL on the key file": (
        "setfacl -m u:nobody:rw /root/.ssh/authorized_keys",
        "test_nobody_else_can_add_a_key",
    ),
    "home's mode": ("chmod 777 /root", "test_nobody_else_can_add_a_key"),
    "sshd stopped": ("supervisorctl stop sshd", "test_sshd_answers"),
    "readable secrets": ("chmod 644 /run/slipway/environment", "test_variables_are_for_root"),
    "lost variable": ("sed -i /CANARY/d /run/slipway/environment.sh", "test_a_login_shell_sees"),
    "wrong workspace": (
        "sed -i 's/WORKSPACE=/WORKSPACE=x/' /run/slipway/environment.sh",
        "test_what_the_workspace_is",
    ),
    "own variables": (
        "echo 'export HOME=/x' >> /run/slipway/environment.sh",
        "test_the_entrypoints_own",
    ),
    "no workspace": ("rm -r /workspace", "test_the_workspace_is_a_directory"),
    "no warning": ("rm /workspace/WARNING-NO-MOUNT.txt", "test_a_workspace_that_goes"),
    "no ACL": ("setfacl -k /workspace", "test_the_owner_may_use"),
    "all GPUs": (
        "echo 'export CUDA_VISIBLE_DEVICES=0,1,2' >> /run/slipway/environment.sh",
        "test_no_more_gpus",
    ),
    "two programs in a file": (
        "printf '[program:y]\\ncommand=true\\n' >> /etc/supervisor/conf.d/sshd.conf",
        "test_every_program_has_a_file",
    ),
    "hasty program": (
        "sed -i s/startsecs=3/startsecs=0/ /etc/supervisor/conf.d/sshd.conf",
        "test_programs_are_patient",
    ),
    "open socket": ("chmod 777 /run/supervisor.sock", "test_supervisords_socket"),
    "a program that fails": (
        "cd /etc/supervisor/conf.d; printf '[program:z]\\ncommand=x' >z.conf; supervisorctl update",
        "test_supervised_programs_run",
    ),
    "failed operation": (
        'sed -i \'s/"outcome": "unchanged"/"outcome": "failed"/\' /run/slipway/report.json',
        "test_the_last_convergence",
    ),
    "sshd's port": (
        (
            "until test -e /etc/ssh/sshd_config.d/01-slipway-rsa.conf; do sleep 0.1; done;"
            "flock /run/slipway/host-key.lock true;"  # nobody else has sshd read it once more
            "echo Port 2222 >> /etc/ssh/sshd_config.d/00-slipway.conf;"
            "supervisorctl signal HUP sshd;"
            " until curl -s telnet://127.0.0.1:2222 -m 1 | grep SSH;"
            " do sleep 0.1; done"
        ),
        "test_nothing_listens_but_sshd",
    ),
    "no mount": (
        (
            "printf '[program:remote-x]\\ncommand=/usr/local/bin/slipway mount -- x\\n'"
            " > /etc/supervisor/conf.d/remote-x.conf"
        ),
        "test_every_remote",
    ),
    "open cache": (
        "mkdir -p /workspace/remote/.cache/x && chmod 755 /workspace/remote/.cache/x",
        "test_the_write_cache",
    ),
}

# What a user may well do in a container that stays healthy, and what verify says of it
# fmt: off
SSHD_D = "/etc/ssh/sshd_config.d"
CHOICES = {
    "a service": (
        ("printf '[program:web]\\ncommand=python3 -m http.server 8099\\n'"
        " > /etc/supervisor/conf.d/web.conf; supervisorctl update"),
        "",
    ),
    "a server of a session": ("nohup python3 -m http.server 8098 >/dev/null 2>&1 &", ""),
    "apt lists": ("touch /var/lib/apt/lists/x_Packages", ""),
    "a platform's host keys": ("ssh-keygen -A", ""),
    "only a platform's host keys": ("rm /etc/ssh/ssh_host_*; ssh-keygen -A", ""),
    "a MAC": (f"echo 'MACs hmac-sha2-512' > {SSHD_D}/00-a.conf", "chosen: MACs"),
    "no root": (f"echo 'PermitRootLogin no' > {SSHD_D}/00-a.conf", "chosen: PermitRootLogin no"),
    "X11": (f"echo 'X11Forwarding yes' > {SSHD_D}/00-a.conf", "chosen: X11Forwarding yes"),
    "how strict sshd is": (
        f"printf 'StrictModes no\\nPermitUserEnvironment yes\\n' > {SSHD_D}/00-a.conf",
        "chosen: StrictModes no",
    ),
    "moduli of his own": ("sed -i '41,$d' /etc/ssh/moduli", ""),
    "an rclone of his own": ("nohup rclone rcd --rc-no-auth >/dev/null 2>&1 &", ""),
}
# fmt: on


def test_the_specs_hold_for_the_image(start: Start) -> None:
    """
    An image that nobody started has everything that does not belong to one container.
    """
    slipway = start("verify", entrypoint=["slipway"])

    assert slipway.container.wait(timeout=120)["StatusCode"] == 0, slipway.logs()
    assert " passed" in slipway.logs()


@pytest.mark.parametrize(
    "environment",
    [{}, {"SKIP_ACL": "true", "GPU_COUNT": "1"}, {"WORKSPACE": "/data/über alles"}],
    ids=["plain", "limits", "another workspace"],
)
def test_the_specs_hold_for_started_containers(
    start: Start, key: KeyPair, environment: dict[str, str]
) -> None:
    """
    Whatever it was started with, all that holds for the image holds, and the rest too.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public, **environment})
    slipway.wait_converged()
    slipway.wait_ssh(key)
    result = slipway.exec("slipway", "verify")

    assert result.code == 0, result.stdout


def test_the_specs_hold_without_a_key(start: Start) -> None:
    """
    A container without sshd is a sound one.
    """
    slipway = start()
    slipway.wait_converged()
    result = slipway.exec("slipway", "verify")

    assert result.code == 0, result.stdout


@pytest.mark.parametrize("subject", MUTATIONS)
def test_a_broken_container_fails_its_spec(start: Start, key: KeyPair, subject: str) -> None:
    """
    Each fact, broken once, is noticed by the spec that is about it.
    """
    command, spec = MUTATIONS[subject]
    slipway = start(
        environment={
            "SSH_PUBKEY": key.public,
            "CANARY": "1",
            "GPU_COUNT": "2",
            "SLIPWAY_USER": "alice",
        },
        devices=[f"/dev/null:/dev/nvidia{number}" for number in range(4)],
    )
    slipway.wait_converged()
    slipway.wait_ssh(key)
    slipway.exec("sh", "-c", command)
    result = slipway.exec("slipway", "verify", "--", "-k", spec)

    assert result.code == 1, result.stdout
    assert f"::{spec}" in result.stdout, result.stdout


@pytest.mark.parametrize("subject", IMAGE_MUTATIONS)
def test_a_broken_image_fails_its_spec(start: Start, subject: str) -> None:
    """
    What is true of an image only is looked for there only.
    """
    command, spec = IMAGE_MUTATIONS[subject]
    script = f"{command}; exec slipway verify -- -k {spec}"
    slipway = start("-c", script, entrypoint=["sh"])

    assert slipway.container.wait(timeout=120)["StatusCode"] == 1, slipway.logs()
    assert f"::{spec}" in slipway.logs()


@pytest.mark.parametrize("subject", CHOICES)
def test_what_a_user_chose_is_no_fault(start: Start, key: KeyPair, subject: str) -> None:
    """
    A healthy container's specs hold; where a choice overrules one, that is said.
    """
    command, said = CHOICES[subject]
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_converged()
    slipway.wait_ssh(key)
    slipway.exec("sh", "-c", f"{command}\nsupervisorctl signal HUP sshd")
    result = slipway.exec("slipway", "verify")

    assert result.code == 0, result.stdout
    assert said in result.stdout


def test_the_specs_hold_without_any_capability(start: Start, key: KeyPair) -> None:
    """
    Sessions lack some then, and the specs are not about sessions.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public}, cap_drop=["ALL"])
    slipway.wait_converged()
    result = slipway.exec("slipway", "verify")

    assert result.code == 0, result.stdout
