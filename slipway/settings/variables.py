"""
Every variable that Slipway accepts, declared once: its name, rule, default and meaning.

Reading, refusals, the report, `slipway settings` and the README's table are made from these
declarations. A new one needs a line in docker-compose.yaml and one in .env.example besides: the
recipe is in CONTRIBUTING.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from slipway.settings import rules
from slipway.settings.authorized import keys
from slipway.settings.login_user import login_user
from slipway.settings.variable import Variable
from slipway.settings.workspace import DEFAULT, canonical


class Settings:
    """
    What the container is asked to be: each variable is a field with its typed value.
    """

    ssh_pubkey = Variable(
        "SSH_PUBKEY", keys, meaning="Your public SSH key, or several, one a line."
    )
    public_key = Variable("PUBLIC_KEY", keys, meaning="The same; the name that RunPod uses.")
    ssh_public_key = Variable(
        "SSH_PUBLIC_KEY", keys, meaning="The same; the name that vast.ai and RunPod use."
    )
    workspace = Variable(
        "WORKSPACE",
        canonical,
        default=DEFAULT,
        meaning="Absolute path of the workspace: where your volume is mounted.",
        follows_links=True,
    )
    skip_acl = Variable(
        "SKIP_ACL",
        rules.boolean,
        default="false",
        meaning="`true` leaves the ACL of the workspace alone.",
    )
    gpu_count = Variable(
        "GPU_COUNT",
        rules.optional(rules.at_least(0)),
        meaning="At most so many GPUs are visible to sessions and services; all by default.",
        unset="all",
    )
    threads = Variable(
        "SLIPWAY_THREADS",
        rules.optional(rules.at_least(1)),
        meaning="Threads for OpenMP, BLAS and their like; by default as many as the CPU quota and "
        "the limit of processes allow.",
        unset="as the limits say",
    )
    ssh_address = Variable(
        "SLIPWAY_SSH_ADDRESS",
        rules.address,
        meaning="`host:port` that reaches SSH from outside, for `slipway status`; clouds tell it.",
    )
    drain_seconds = Variable(
        "SLIPWAY_DRAIN_SECONDS",
        rules.at_least(0),
        default="5",  # with the rest of a stop below Docker's ten
        meaning="How long a stop waits for uploads to remotes; the rest is uploaded after the next "
        "start.",
    )
    remote_sync = Variable(
        "SLIPWAY_REMOTE_SYNC",
        rules.remotes,
        meaning="`NAME[:path][,...]`: remotes to copy instead of mounting, where FUSE is not "
        "allowed.",
    )
    services_off = Variable(
        "SLIPWAY_SERVICES_OFF",
        rules.programs,
        meaning="`NAME,...`: supervised programs that don't start by themselves.",
    )
    ssh_policy = Variable(
        "SLIPWAY_SSH_POLICY",
        rules.choice("compatible", "hardened"),
        default="compatible",
        meaning="Which algorithms sshd offers: `compatible` serves all clients of the last five "
        "years, `hardened` is the strict policy of the base's distribution.",
    )
    user = Variable(
        "SLIPWAY_USER",
        login_user,
        meaning="`name[:uid[:gid]]`: a login besides root's, with the same keys and sudo; "
        "`workspace` is the workspace's owner.",
        unset="root alone",
    )
    root_login = Variable(
        "SLIPWAY_ROOT_LOGIN",
        rules.boolean,
        default="true",
        meaning="`false` refuses root over SSH, where SLIPWAY_USER can log in.",
    )
    strict = Variable(
        "SLIPWAY_STRICT",
        rules.boolean,
        default="false",
        meaning="`true` stops the start when any value is refused.",
    )

    def __init__(
        self,
        *,
        keys: tuple[str, ...] = (),
        environment: Mapping[str, str] = MappingProxyType({}),
        provider: str = "docker",
        others: Mapping[str, Any] = MappingProxyType({}),
        **values: Any,
    ) -> None:
        """
        Have these values, and the defaults of all others. Raises TypeError for an unknown field.

        + keys: valid lines for authorized_keys, each key once, from wherever they were given
        + environment: what sessions and services see
        + provider: where the container runs
        + others: typed values of the variables that extensions declare, by name
        + values: of the fields
        """
        self.keys, self.environment, self.provider = keys, environment, provider
        self.others = others
        self.values: Mapping[str, Any] = MappingProxyType(
            {
                variable.name: values.pop(variable.field)
                if variable.field in values
                else variable.parse(variable.default)
                for variable in VARIABLES
            }
        )
        if values:
            raise TypeError(f"Settings have no {', '.join(sorted(values))}")

    def __getitem__(self, name: str) -> Any:
        """
        Return a variable's typed value, an extension's too. Raises KeyError for an unknown one.
        """
        return self.values[name] if name in self.values else self.others[name]

    def replaced(self, **changes: Any) -> Settings:
        """
        Return the same but for some fields.
        """
        return Settings(**{**self._fields(), **changes})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Settings) and self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash((self.keys, self.provider))

    def __repr__(self) -> str:
        """Without the environment, in which secrets are."""
        told = (f"{each.field}={each.shown(self.values[each.name])!r}" for each in VARIABLES)
        return f"Settings({', '.join(told)})"

    def _fields(self) -> dict[str, Any]:
        values = {each.field: self.values[each.name] for each in VARIABLES}
        return {
            **values,
            "keys": self.keys,
            "environment": self.environment,
            "provider": self.provider,
            "others": self.others,
        }


VARIABLES: tuple[Variable[Any], ...] = tuple(
    each for each in vars(Settings).values() if isinstance(each, Variable)
)

# Names that are patterns: slipway/settings/load.py reads them
PATTERNS = {
    "RCLONE_*": "Passed to rclone: options and, with `RCLONE_CONFIG_NAME_TYPE`, remotes.",
    "NAME_FILE": "A file with the value of any of these and of `RCLONE_CONFIG_*`: for secrets.",
}


def as_table(declared: Sequence[Variable[Any]] = ()) -> str:
    """
    Return the variables as the README's table.

    + declared: those of an image with extensions; ours by default
    """
    from slipway.system import markdown  # noqa: PLC0415 - no start needs it

    rows = [
        (markdown.code(each.name), markdown.code(each.default), each.meaning)
        for each in declared or VARIABLES
    ]
    rows += [(markdown.code(name), "", meaning) for name, meaning in PATTERNS.items()]
    return markdown.table(("Variable", "Default", "Meaning"), rows)
