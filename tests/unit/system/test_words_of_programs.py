"""
What a person is shown of outputs that put the reason where nobody looks for it first.
"""

from __future__ import annotations

import pytest

from slipway.system import words

# fmt: off
OUTPUTS = {
    "dpkg, a changed file": (
        (
            "Setting up foo (1.2) ...\n"
            "\n"
            "Configuration file '/etc/foo'\n"
            " ==> Modified (by you or by a script) since installation.\n"
            " ==> Package distributor has shipped an updated version.\n"
            "   What would you like to do about it ?  Your options are:\n"
            "    Y or I  : install the package maintainer's version\n"
            "*** foo (Y/I/N/O/D/Z) [default=N] ? dpkg: error processing package foo (--config"
            "ure):\n"
            " end of file on stdin at conffile prompt\n"
            "Errors were encountered while processing:\n"
            " foo\n"
            "E: Sub-process /usr/bin/dpkg returned an error code (1)\n"
        ),
        (
            "foo (Y/I/N/O/D/Z) [default=N] ? dpkg: error processing package foo (--configure)"
            "; end of file on stdin at conffile prompt; E: Sub-process /usr/bin/dpkg returned"
            " an error code (1)"
        ),
    ),
    "sshd, an option without a value": (
        (
            "/etc/ssh/sshd_config.d/x.conf line 1: Unsupported option GSSAPIAuthentication\n"
            "/etc/ssh/sshd_config.d/x.conf line 2: Deprecated option UsePrivilegeSeparation\n"
            '/etc/ssh/sshd_config.d/x.conf line 3: no argument after keyword "Port"\n'
            "/etc/ssh/sshd_config.d/x.conf: terminating, 1 bad configuration options\n"
        ),
        (
            '/etc/ssh/sshd_config.d/x.conf line 1: Unsupported option GSSAPIAuthentic'
            'ation; /etc/ssh/sshd_config.d/x.conf line 2: Deprecated option UsePrivil'
            'egeSeparation; /etc/ssh/sshd_config.d/x.conf line 3: no argument after k'
            'eyword "Port"'
        ),
    ),
    "python, an exception while another was handled": (
        (
            "Traceback (most recent call last):\n"
            '  File "/srv/app.py", line 3, in <module>\n'
            '    int("x")\n'
            "ValueError: invalid literal for int() with base 10: 'x'\n"
            "\n"
            "During handling of the above exception, another exception occurred:\n"
            "\n"
            "Traceback (most recent call last):\n"
            '  File "/srv/app.py", line 5, in <module>\n'
            '    raise RuntimeError("no settings")\n'
            "RuntimeError: no settings\n"
        ),
        (
            "ValueError: invalid literal for int() with base 10: 'x'; RuntimeError: no settings"
        ),
    ),
    "python, a cause": (
        (
            "Traceback (most recent call last):\n"
            '  File "/srv/app.py", line 3, in f\n'
            '    open("/no")\n'
            "FileNotFoundError: [Errno 2] No such file or directory: '/no'\n"
            "\n"
            "The above exception was the direct cause of the following exception:\n"
            "\n"
            "Traceback (most recent call last):\n"
            '  File "/srv/app.py", line 5, in <module>\n'
            '    raise Oops("cannot start") from e\n'
            "app.Oops: cannot start\n"
        ),
        (
            "FileNotFoundError: [Errno 2] No such file or directory: '/no'; app.Oops: cannot "
            "start"
        ),
    ),
    "python, a group": (
        (
            "  + Exception Group Traceback (most recent call last):\n"
            '  |   File "/srv/app.py", line 1, in <module>\n'
            '  |     raise ExceptionGroup("eg", [ValueError(1), TypeError("t")])\n'
            "  | ExceptionGroup: eg (2 sub-exceptions)\n"
            "  +-+---------------- 1 ----------------\n"
            "    | ValueError: 1\n"
            "    +---------------- 2 ----------------\n"
            "    | TypeError: t\n"
            "    +------------------------------------\n"
        ),
        (
            "ExceptionGroup: eg (2 sub-exceptions); ValueError: 1; TypeError: t"
        ),
    ),
    "python, a logger's": (
        (
            "2026-11-27 07:00:01,123 ERROR app Exception in worker\n"
            "Traceback (most recent call last):\n"
            '  File "/srv/app.py", line 1, in <module>\n'
            "    1/0\n"
            "ZeroDivisionError: division by zero\n"
            "2026-11-27 07:00:01,124 INFO app exiting\n"
        ),
        (
            "ERROR app Exception in worker; ZeroDivisionError: division by zero"
        ),
    ),
    "python, after a log line": (
        (
            "INFO starting\n"
            "Traceback (most recent call last):\n"
            '  File "/srv/app.py", line 1, in <module>\n'
            "    main()\n"
            "subprocess.CalledProcessError: Command '['x']' returned non-zero exit status 3.\n"
        ),
        (
            "subprocess.CalledProcessError: Command '['x']' returned non-zero exit status 3"
        ),
    ),
    "python, no Python": (
        (
            '  File "/srv/app.py", line 1\n'
            "    def f(:\n"
            "          ^\n"
            "SyntaxError: invalid syntax\n"
        ),
        (
            'File "/srv/app.py", line 1; SyntaxError: invalid syntax'
        ),
    ),
    "pip, a compiler": (
        (
            "Building wheels for collected packages: foo\n"
            "  Building wheel for foo (setup.py): started\n"
            "  Building wheel for foo (setup.py): finished with status 'error'\n"
            "  error: subprocess-exited-with-error\n"
            "\n"
            "  × python setup.py bdist_wheel did not run successfully.\n"
            "  │ exit code: 1\n"
            "  ╰─> [3 lines of output]\n"
            "      running bdist_wheel\n"
            "      foo.c:1:10: fatal error: Python.h: No such file or directory\n"
            "      error: command '/usr/bin/gcc' failed with exit code 1\n"
            "      [end of output]\n"
            "\n"
            "  note: This error originates from a subprocess, and is likely not a problem wit"
            "h pip.\n"
            "  ERROR: Failed building wheel for foo\n"
            "ERROR: Could not build wheels for foo, which is required to install pyproject.to"
            "ml-based projects\n"
        ),
        (
            "foo.c:1:10: fatal error: Python.h: No such file or directory; error: com"
            "mand '/usr/bin/gcc' failed with exit code 1; ERROR: Could not build whee"
            "ls for foo, which is required to install pyproject.toml-based projects"
        ),
    ),
    "curl, a certificate": (
        (
            "curl: (60) SSL certificate problem: self-signed certificate\n"
            "More details here: https://curl.se/docs/sslcerts.html\n"
            "\n"
            "curl failed to verify the legitimacy of the server and therefore could not\n"
            "establish a secure connection to it. To learn more about this situation and\n"
            "how to fix it, please visit the web page mentioned above.\n"
        ),
        (
            "curl: (60) SSL certificate problem: self-signed certificate"
        ),
    ),
    "git, a push": (
        (
            "To github.com:x/y.git\n"
            " ! [rejected]        main -> main (fetch first)\n"
            "error: failed to push some refs to 'github.com:x/y.git'\n"
            "hint: Updates were rejected because the remote contains work that you do\n"
            "hint: not have locally. This is usually caused by another repository pushing\n"
            "hint: to the same ref. You may want to first integrate the remote changes\n"
            "hint: (e.g., 'git pull ...') before pushing again.\n"
            "hint: See the 'Note about fast-forwards' in 'git push --help' for details.\n"
        ),
        (
            "! [rejected]        main -> main (fetch first); error: failed to push so"
            "me refs to 'github.com:x/y.git'"
        ),
    ),
    "rust": (
        (
            "thread 'main' panicked at src/main.rs:2:5:\n"
            "no configuration\n"
            "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n"
        ),
        (
            "thread 'main' panicked at src/main.rs:2:5; no configuration"
        ),
    ),
    "java": (
        (
            'Exception in thread "main" java.lang.IllegalStateException: no port\n'
            "\tat Main.main(Main.java:3)\n"
            "Caused by: java.net.BindException: Address already in use\n"
            "\tat java.base/sun.nio.ch.Net.bind0(Native Method)\n"
            "\t... 12 more\n"
        ),
        (
            'Exception in thread "main" java.lang.IllegalStateException: no port; Caused by: '
            "java.net.BindException: Address already in use"
        ),
    ),
    "go": (
        (
            "panic: runtime error: invalid memory address or nil pointer dereference\n"
            "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4a2b1c]\n"
            "\n"
            "goroutine 1 [running]:\n"
            "main.main()\n"
            "\t/srv/main.go:5 +0x1c\n"
            "exit status 2\n"
        ),
        (
            "panic: runtime error: invalid memory address or nil pointer dereference"
        ),
    ),
    "sh, no process": (
        (
            "sh: 1: Cannot fork\n"
            "sh: 0: Resource temporarily unavailable\n"
        ),
        (
            "sh: 1: Cannot fork; sh: 0: Resource temporarily unavailable"
        ),
    ),
    "an assertion": (
        (
            "supervisord: ../sysdeps/x.c:12: f: Assertion `x == y' failed.\n"
            "Aborted (core dumped)\n"
        ),
        (
            "supervisord: ../sysdeps/x.c:12: f: Assertion `x == y' failed; Aborted (core dump"
            "ed)"
        ),
    ),
    "nginx, a port": (
        (
            "2026/11/27 07:00:01 [emerg] 12#12: bind() to 0.0.0.0:80 failed (98: Address alre"
            "ady in use)\n"
            "2026/11/27 07:00:01 [notice] 12#12: try again to bind() after 500ms\n"
            "2026/11/27 07:00:01 [emerg] 12#12: still could not bind()\n"
        ),
        (
            "[emerg] 12#12: bind() to 0.0.0.0:80 failed (98: Address already in use); [emerg]"
            " 12#12: still could not bind()"
        ),
    ),
    "apt-get, a dependency": (
        (
            "Reading package lists... Done\n"
            "Building dependency tree... Done\n"
            "Some packages could not be installed. This may mean that you have\n"
            "requested an impossible situation or if you are using the unstable\n"
            "distribution that some required packages have not yet been created\n"
            "or been moved out of Incoming.\n"
            "The following information may help to resolve the situation:\n"
            "\n"
            "The following packages have unmet dependencies:\n"
            " broken : Depends: nosuch (>= 1) but it is not installable\n"
            "E: Unable to correct problems, you have held broken packages.\n"
        ),
        (
            "Some packages could not be installed; broken : Depends: nosuch (>= 1) bu"
            "t it is not installable; E: Unable to correct problems, you have held br"
            "oken packages"
        ),
    ),
    "postgres": (
        (
            '2026-11-27 07:00:01.123 UTC [12] FATAL:  data directory "/var/lib/postgresql/dat'
            'a" has invalid permissions\n'
            "2026-11-27 07:00:01.123 UTC [12] DETAIL:  Permissions should be u=rwx (0700) or "
            "u=rwx,g=rx (0750).\n"
        ),
        (
            '[12] FATAL:  data directory "/var/lib/postgresql/data" has invalid permissions'
        ),
    ),
    "uvicorn, a port": (
        (
            "INFO:     Started server process [12]\n"
            "INFO:     Waiting for application startup.\n"
            "INFO:     Application startup complete.\n"
            "ERROR:    [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000)"
            ": address already in use\n"
            "INFO:     Waiting for application shutdown.\n"
            "INFO:     Application shutdown complete.\n"
        ),
        (
            "ERROR:    [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000)"
            ": address already in use"
        ),
    ),
}
# fmt: on


@pytest.mark.parametrize("tool", OUTPUTS)
def test_the_lines_that_say_why_are_among_those_shown(tool: str) -> None:
    """
    However many others come before and after them.
    """
    output, shown = OUTPUTS[tool]

    assert words.said(output) == shown


def test_of_many_exceptions_the_last_are_shown() -> None:
    """
    The program ended with the last one.
    """
    frames = 'Traceback (most recent call last):\n  File "x", line 1, in f\n    g()\n'
    linked = "\nDuring handling of the above exception, another exception occurred:\n\n"
    output = linked.join(f"{frames}app.Oops: {number}\n" for number in range(6))

    assert words.said(output) == "app.Oops: 3; app.Oops: 4; app.Oops: 5"
