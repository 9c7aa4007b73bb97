import json

import pytest
import typeguard

from slipway.converge import light_pyinfra
from tests.unit.conftest import isolated

# Each costs the start of every container 5 to 80 ms; none is needed there
HEAVY = {
    "asyncio", "click", "docker", "email", "gevent", "greenlet", "http.client",
    "importlib.metadata", "invoke", "jinja2", "multiprocessing", "packaging", "paramiko",
    "platform", "pydantic", "pyinfra.operations.server", "requests", "rich", "ssl", "typeguard",
    "unittest", "urllib3", "zope.interface",
}  # fmt: skip


def test_the_start_path_imports_nothing_heavy() -> None:
    """
    What `slipway converge` imports: the runner, every operation and fact of ours, no more.
    """
    code = """
import json, sys
from slipway.converge import light_pyinfra
light_pyinfra.install()
from slipway.converge import here
from tasks import environment, extensions, image, overlay, packages, remotes, services
from tasks import sessions, ssh, users, workspace
print(json.dumps(sorted(sys.modules)))
"""
    imported = set(json.loads(isolated(code)))

    assert set() == HEAVY & imported
    assert {"pyinfra.api", "slipway.connectors.live"} & imported == {"pyinfra.api"}


@pytest.mark.parametrize(
    ("module", "without"),
    [
        (
            "slipway.services.supervisord",
            {"pyinfra", "gevent", "ssl", "email", "http.client", "importlib.metadata", "zipfile"},
        ),
        ("slipway.commands.entrypoint", {"pyinfra", "gevent", "http.client", "argparse"}),
        (
            "slipway.services.logs.follow",
            {"pyinfra", "gevent", "http.client", "argparse", "pathlib", "typing"},
        ),
        ("slipway.commands.health", {"pyinfra", "gevent", "http.client"}),
    ],
)
def test_what_runs_at_every_start_or_all_the_time_imports_little(
    module: str, without: set[str]
) -> None:
    """
    Memory that is held as long as the container lives, and time before anything else begins.
    """
    loaded = isolated(
        f"import sys, {module}; print(*(name for name in sys.modules if sys.modules[name]))"
    )

    assert not without & set(loaded.split())


def test_supervisord_imports_what_its_configuration_names() -> None:
    """
    A child image's rpcinterface, by supervisor's own function; it may use what supervisord doesn't.
    """
    code = """
import slipway.services.supervisord
from supervisor.options import ServerOptions
from supervisor.rpcinterface import make_main_rpcinterface
print(ServerOptions().import_spec("supervisor.rpcinterface:make_main_rpcinterface").__name__)
import http.client, importlib.metadata, ssl
print(http.client.HTTPConnection.__module__, importlib.metadata.EntryPoint.__module__)
print(importlib.metadata.version("supervisor").partition(".")[0])
"""

    assert isolated(code).splitlines() == [
        "make_main_rpcinterface",
        "http.client importlib.metadata",
        "4",
    ]


def test_a_template_and_a_requirement_get_the_real_thing() -> None:
    """
    A child image's tasks may use what ours don't.
    """
    code = """
from slipway.converge import light_pyinfra
light_pyinfra.install()
from io import StringIO
from pyinfra.api import Config
from pyinfra.api.util import get_template
print(get_template(StringIO("{{ 6 * 7 }}")).render())
config = Config()
config.REQUIRE_PYINFRA_VERSION = ">=3"
config.REQUIRE_PACKAGES = ["pyinfra"]
try:
    config.REQUIRE_PYINFRA_VERSION = ">=99"
except Exception as error:
    print(error)
import jinja2, paramiko, typeguard
print(jinja2.Template.__module__, paramiko.Transport.__name__)
"""
    from pyinfra import __version__  # noqa: PLC0415 - the lean one is in the other process

    assert isolated(code).splitlines() == [
        "42",
        f"pyinfra version requirement not met (requires >=99, running {__version__})",
        "jinja2.environment Transport",
    ]


def test_who_waits_for_something_gets_the_real_gevent() -> None:
    """
    A task's own function runs in a greenlet of pyinfra's, with its host; a pool has workers.
    """
    code = """
from slipway.converge import light_pyinfra
light_pyinfra.install()
from pyinfra.api import FunctionCommand, state
from pyinfra.context import ctx_config, ctx_host, host
from pyinfra.api.config import Config
import sys
print("gevent" in sys.modules)
class It:
    config = Config()
    name = "it"
ctx_config.set(It.config)
def told(word):
    print(word, host.name)
FunctionCommand(told, ["in"], {}).execute(It, It, {})
pool = state.Pool(2)
print([each.get() for each in (pool.spawn(int, "1"), pool.spawn(int, "2"))], pool.size)
import gevent, gevent.local, multiprocessing, uuid
print(gevent.local.local.__module__, multiprocessing.Pool.__name__, uuid.uuid5.__name__)
from pyinfra.connectors.util import run_local_process
print(run_local_process("echo done")[1].stdout)
"""

    assert isolated(code).splitlines() == [
        "False",
        "in it",
        "[1, 2] 2",
        "gevent._gevent_clocal Pool uuid5",
        "done",
    ]


@pytest.mark.parametrize(
    ("connector", "name", "expected"),
    [("live", "@live", "LiveConnector"), ("container", "@container/x", "ContainerConnector")],
)
def test_one_connector_is_there(connector: str, name: str, expected: str) -> None:
    """
    `@live` in a container, `@container` for those that are seen from outside.
    """
    code = f"""
from slipway.converge import light_pyinfra
light_pyinfra.install({connector!r})
from pyinfra.api import Inventory
print([host.connector_cls.__name__ for host in Inventory(([{name!r}], {{}}))])
"""

    assert isolated(code) == f"['{expected}']\n"


@pytest.mark.parametrize(
    ("value", "hint"),
    [("text", str), (None, str | None), (3, int), ([1], list[int]), ({"A": "b"}, dict[str, str])],
)
def test_arguments_of_the_right_type_pass(value: object, hint: object) -> None:
    light_pyinfra.check_type(value, hint)


@pytest.mark.parametrize(
    ("value", "hint"), [(3, str), ("3", int | None), (["1"], list[int]), (None, dict[str, str])]
)
def test_arguments_of_a_wrong_type_are_refused_as_typeguard_does(
    value: object, hint: object
) -> None:
    with pytest.raises(typeguard.TypeCheckError):
        typeguard.check_type(value, hint)
    with pytest.raises(light_pyinfra.TypeCheckError):
        light_pyinfra.check_type(value, hint)


def test_global_arguments_come_from_where_pyinfra_looks() -> None:
    """
    A call, the deploy around it, the host's data, the configuration: the first that has it.
    """
    code = """
import importlib, json, sys
if sys.argv[1:] == ["ours"]:
    from slipway.converge import light_pyinfra
    light_pyinfra.install("container")
from pyinfra.api import Config, Inventory, State
given = {"_sudo": True, "_chdir": "/host", "_env": {"A": "host"}, "other": 1}
inventory = Inventory(([("@container/x", given)], {}))
state = State(inventory, Config(SHELL=None, SUDO_USER="configured", RETRY=3))
(host,) = inventory
host.data._su_user = "written"
host.current_deploy_kwargs = {"_chdir": "/deploy", "_timeout": 4}
for name in ("deploy", "facts", "operation"):
    module = importlib.import_module(f"pyinfra.api.{name}")
    call = {"_timeout": 5, "name": "N", "path": "/x"}
    found, keys = module.pop_global_arguments(state, host, call)
    print(json.dumps([found, keys, call], default=str))
try:
    module.pop_global_arguments(state, host, {"_timeout": "5"})
except Exception as error:
    print(type(error).__mro__[-3].__name__, "_timeout" in str(error))
"""
    ours = isolated(f"import sys; sys.argv.append('ours')\n{code}")

    assert ours == isolated(code)
    found, keys, call = json.loads(ours.splitlines()[0])
    expected = {"_timeout": 5, "_chdir": "/deploy", "_su_user": "written", "_sudo": True}
    assert expected.items() <= found.items()
    assert (found["_env"], found["_sudo_user"], found["_retries"]) == (
        {"A": "host"},
        "configured",
        3,
    )
    assert (sorted(keys), call) == (["_timeout", "name"], {"path": "/x"})
