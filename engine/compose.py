"""
The container by Compose: what this host can do, decided once and passed in variables.
"""

from __future__ import annotations

import uuid

from engine import client, network, owner, ports, privileges
from engine.commands import ask
from engine.stack import LOOPBACK, PAGES, SERVICE, Stack


class Compose(Stack):
    """
    The project on this host: what the host lacks, and what serves instead.
    """

    def decide(self) -> None:
        """
        Find out what the host lacks, and choose what serves instead. The user's own word stands.
        """
        server = client.info(self.project.environment)
        has_runtime = "nvidia" in (server.get("Runtimes") or {})
        self.gpus = has_runtime and self._accepts("--gpus", "all")
        if not self.gpus:
            lack = "no GPU works with the NVIDIA runtime" if has_runtime else "no NVIDIA runtime"
            self.notes.append(f"{lack}: the container sees no GPU")
        self._decide_privileges()
        self._decide_propagation()
        self._decide_mtu()
        self._decide_ports()
        for name in [name for name in self.decided if self.settings.get(name)]:
            if name not in {port.variable for port in (*ports.PORTS, *self.pages)}:
                del self.decided[name]

    def _decide_privileges(self) -> None:
        """
        Give what remotes and sudo need where they are wanted, and to nobody else.
        """
        if privileges.wants_sudo(self.project):
            self.decided["NO_NEW_PRIVILEGES"] = "false"
        if not privileges.wants_remotes(self.project):
            return
        self.remotes = self._accepts("--device", "/dev/fuse")
        given = (
            "remotes are mounted: the container has SYS_ADMIN, /dev/fuse and no AppArmor profile"
        )
        self.notes.append(given if self.remotes else "no /dev/fuse: remotes are not mounted")

    def _decide_propagation(self) -> None:
        folder = self.workspace
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        owner.give(missing, self.project.environment)
        mount = f"type=bind,source={folder},target=/workspace,bind-propagation=rshared"
        if self._accepts("--mount", mount):
            self.decided["WORKSPACE_PROPAGATION"] = "rshared"
        else:
            self.notes.append(
                f"{self.project.shown(folder)} is in no shared mount: "
                "remotes that the container mounts are seen in the container only"
            )

    def _decide_mtu(self) -> None:
        """
        Choose the network's packet size. A smaller one than the uplink's does no harm, and stays.
        """
        uplink = network.uplink_mtu()
        words = ["docker", "network", "inspect", "--format", client.NETWORK_MTU]
        answer = ask(
            [*words, *self.networks()[:1]], environment=self.project.environment
        ).text.strip()
        now = int(answer) if answer.isdigit() else uplink
        self.outgrown = now > uplink
        self.decided["NETWORK_MTU"] = str(min(now, uplink))

    def _decide_ports(self) -> None:
        """
        Choose ports that are free. What was chosen before stays while the same one is wanted.
        """
        memory = self.project.root / "build" / "ports.json"
        chosen = ports.remembered(memory)
        container = self.container()
        self.pages = ports.pages(client.exposed(self.project))
        for port in (*ports.PORTS, *self.pages):
            wanted = ports.wanted(port, self.settings)
            ours = self.published(container, port.inside) if container else None
            before = chosen.get(port.variable) or [wanted, wanted]
            candidate = before[1] if before[0] == wanted else wanted
            if candidate != ours:
                candidate = network.next_free(self.address, wanted)
            if candidate != wanted:
                self.notes.append(f"port {wanted} was taken: {candidate} instead")
            self.decided[port.variable] = str(candidate)
            chosen[port.variable] = [wanted, candidate]
        ports.remember(memory, chosen)
        if self.pages:
            published = {port.inside: self.decided[port.variable] for port in self.pages}
            (self.project.root / PAGES).write_text(ports.document(SERVICE, LOOPBACK, published))

    def _accepts(self, *options: str) -> bool:
        """
        Ask the engine itself: it may be on another machine, or in another mount namespace.
        """
        name = f"slipway-probe-{uuid.uuid4().hex[:12]}"
        # fmt: off
        words = [
            "docker", "run", "--rm", "--name", name, "--network", "none", "--no-healthcheck",
            "--entrypoint", "/bin/true", *options, self.project.image,
        ]
        # fmt: on
        accepted = ask(words, environment=self.project.environment).code == 0
        if not accepted:  # one that the engine made and could not start stays
            ask(["docker", "rm", "--force", name], environment=self.project.environment)
        return accepted
