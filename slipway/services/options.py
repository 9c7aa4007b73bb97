"""
supervisord's options: read so that no file of a user's, and no limit, ends the container.

supervisor reads its main file and all that this includes as one, and ends at the first thing it
can't use. Here the main file gives the settings, and programs are put together by
slipway.services.programs. A main file that can't be used is replaced by Slipway's own.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from slipway.contract import paths
from slipway.services import (
    declaration,
    log_file,
    main_file,
    own_programs,
    program_file,
    switched_off,
)
from slipway.services.order import Order
from slipway.services.program_file import GROUP, RUN, Parser, Problem, ProgramFile, Unusable
from slipway.services.programs import Composer
from slipway.services.sshd_port import SshdPort
from slipway.services.unlimited import Unlimited

_SSH = 22


class Options(Unlimited):
    """
    Options that any file may fail: it is left out, and the others count.
    """

    logger: Any = None
    server_configs: list[dict[str, Any]]
    httpservers: list[Any]
    environ_expansions: dict[str, str]
    order: Order = Order({})  # of the programs that run
    sshd_port: SshdPort  # while they run

    def __init__(self) -> None:
        super().__init__()
        self.active: Callable[[], Iterable[Any]] = tuple  # the configurations that run now
        self.problems: list[Problem] = []  # of files that are left out
        self._off = switched_off.names(self.environ_expansions)
        self._closed: list[Problem] = []  # servers of the main file that can't be opened
        self._main: ProgramFile | None = None  # the last one that could be used
        self._said: list[Problem] = []

    def read_config(self, _path: str) -> Any:
        """
        Read the main file, and every file of programs by itself. Raises nothing but OSError.
        """
        self._logs = self._place_for_logs()
        self.problems = list(self._closed)
        try:
            text = program_file.read(self.configfile)
            main = ProgramFile(self.configfile, text, is_main=True)
            section = self._read(main)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever supervisor trips over
            self.problems = [*self._closed, main_file.problem(self.configfile, error, self._main)]
            section = self._read(self._main or main_file.own())
        else:
            self._main = main
        self._say()
        return section

    def _place_for_logs(self) -> Path:
        """
        Return where Slipway's logs go: elsewhere, and noted, where that is no directory.
        """
        why = ""
        self.notes = [note for note in self.notes if not note.startswith(f"{paths.LOGS}: ")]
        try:
            paths.LOGS.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            why = error.strerror or str(error)
        if not why and os.access(paths.LOGS, os.W_OK):
            return paths.LOGS
        place = paths.RUN_LOGS
        place.mkdir(parents=True, exist_ok=True)
        note = f"{paths.LOGS}: {why or 'it is read-only'}; Slipway's logs are in {place}"
        self.notes.append(note)
        return place

    def _read(self, main: ProgramFile) -> Any:
        self._reading = main
        text = main_file.settings(main, main_file.own().parser)
        return super().read_config(io.StringIO(self._moved(text)))

    def _moved(self, text: str) -> str:
        """
        Return a text of Slipway's with the place where its logs go.
        """
        return text.replace(str(paths.LOGS), str(self._logs))

    def process_groups_from_parser(self, _settings: Parser) -> list[Any]:
        """
        Return the groups of all programs; the parser has the main file's settings alone.
        """
        composer = Composer(
            build=super().process_groups_from_parser,
            expansions=self.environ_expansions,
            active=self.active(),
        )
        own, users = self._files(composer.problems)
        composed = composer.compose(own, users)
        self.problems += composed.problems
        groups: list[Any] = composed.groups
        return groups

    def processes_from_section(
        self, parser: Any, section: str, group_name: str, klass: Any = None
    ) -> list[Any]:
        """
        Return a section's processes, with what our own options of it say.
        """
        reader = declaration.Reader(parser, section)
        declared = reader.declared()
        configs: list[Any] = super().processes_from_section(parser, section, group_name, klass)
        for config in configs:
            reader.apply(config)
            config.declared = declared
            if switched_off.is_named(self._off, group_name, config.name):
                config.off, config.autostart = True, False
        return configs

    def _files(self, problems: list[Problem]) -> tuple[list[ProgramFile], list[ProgramFile]]:
        """
        Return Slipway's files and the user's, the main file's programs first among these.
        """
        installed = own_programs.installed()
        own = [ProgramFile(path, self._moved(text)) for path, text in installed.items()]
        main = self._reading
        users = [main] if any(main.sections(*RUN, GROUP)) else []
        for path in main_file.included(main, self.environ_expansions):
            try:
                text = program_file.read(path)
                if own_programs.is_copy(path, text, installed):
                    continue
                file = ProgramFile(path, declaration.relocated(text, self._logs))
            except FileNotFoundError:
                continue
            except Unusable as error:
                problems.append(Problem(path, error.line, error.reason))
            except Exception as error:  # noqa: BLE001 - the parser's own faults
                problems.append(Problem(path, 0, f"can't be read: {type(error).__name__}"))
            else:
                if own_programs.is_mounted_over(path, file.parser.sections(), installed):
                    continue
                (own if own_programs.is_remote(path, text) else users).append(file)
        return own, users

    def leave_out(self, config: Any, error: Exception) -> None:
        """
        Note a group whose file could be read and that can't be made.
        """
        origin = getattr(config, "origin", None)
        file = next(iter(origin.files), "") if origin else ""
        self.problems.append(Problem(file, 0, f"{config.name}: {error}"))
        self._say()

    def _say(self) -> None:
        """
        Have what is left out in the log: now, or as soon as there is one.
        """
        new = [f"left out: {problem}" for problem in self.problems if problem not in self._said]
        bad = {problem.file for problem in self.problems}
        mended = dict.fromkeys(each.file for each in self._said if each.file not in bad)
        self._said = list(self.problems)
        if self.logger is None:
            self.parse_criticals += new
            return
        for line in new:
            self.logger.critical(line)
        for path in mended:
            self.logger.info(f"no longer left out: {path}")  # noqa: G004 - not logging's

    def openhttpservers(self, supervisord: Any) -> None:
        """
        Open Slipway's socket, and the servers that a user wants besides as far as they can be.
        """
        wanted, servers = self.server_configs, []
        for config in wanted:
            self.server_configs = [config]
            if config["section"] == main_file.SOCKET:
                super().openhttpservers(supervisord)
                with contextlib.suppress(OSError):  # slow, that was all
                    paths.UNSUPERVISED.unlink(missing_ok=True)
                servers += self.httpservers
                continue
            try:
                if config.get("port") == _SSH:
                    raise OSError(f"port {_SSH} is sshd's")  # noqa: TRY301 - as one that is taken
                servers += self.make_http_servers(supervisord)
            except Exception as error:  # noqa: BLE001 - a port that is taken, an address of nobody
                section, words = config["section"], getattr(error, "strerror", "") or error
                line = self._reading.line(section)
                self._closed.append(Problem(self._reading.path, line, f"[{section}]: {words}"))
        self.server_configs, self.httpservers = wanted, servers
        self.problems += self._closed
        self._say()

    def make_logger(self) -> None:
        """
        Make supervisord's own log. Raises OSError where the root is read-only without a place.
        """
        super().make_logger()
        read_only = os.strerror(errno.EROFS)
        if log_file.troubles().get(self.logfile) == read_only:
            raise OSError(errno.EROFS, read_only, self.logfile)
