"""
Shorter tables of line numbers say what Python's own do.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from assembly.line_table import shortened

HOUSE = Path(__file__).parents[3]

# In a Python that compiles without columns, as an image's byte-code is compiled
COMPARE = """
import argparse, inspect, json, sys, types, typing
sys.path.insert(0, sys.argv[1])
from assembly.line_table import shortened

def codes(code):
    yield code
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from codes(each)

def lines(code):
    return [line for begin, end, line in code.co_lines() for _ in range(begin, end, 2)]

whole = short = 0
for module in (argparse, inspect, typing, json.decoder):
    before = compile(inspect.getsource(module), module.__file__, "exec", dont_inherit=True)
    for one, other in zip(codes(before), codes(shortened(before)), strict=True):
        assert lines(one) == lines(other), one
        assert one.co_code == other.co_code
        assert list(one.co_positions()) == list(other.co_positions())
        whole += len(one.co_linetable)
        short += len(other.co_linetable)
print(json.dumps([whole, short]))
"""
FAILS = """
import sys, traceback
sys.path.insert(0, sys.argv[1])
from assembly.line_table import shortened
body = "def f(x):\\n    y = [\\n        1,\\n        2 / x,\\n    ]"
source = body + "\\n" * 500 + "f(\\n  0)"
def told(code):
    try:
        exec(code, {})
    except ZeroDivisionError:
        return [frame.lineno for frame in traceback.extract_tb(sys.exc_info()[2])]
code = compile(source, "x", "exec")
assert shortened(code).co_consts[0].co_linetable != code.co_consts[0].co_linetable
assert told(code) == told(shortened(code)), (told(code), told(shortened(code)))
assert told(code)[-1] == 4
"""


def run(script: str) -> str:
    """
    Return what a script prints.
    """
    words = [sys.executable, "-I", "-X", "no_debug_ranges", "-c", script, str(HOUSE)]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def test_each_instruction_keeps_its_line() -> None:
    """
    Of large modules of Python's own.
    """
    whole, short = json.loads(run(COMPARE))

    assert short < whole / 1.5


def test_a_traceback_names_the_same_lines() -> None:
    run(FAILS)


def test_a_table_with_columns_stays() -> None:
    code = compile("x = 1\ny = [\n 2]\n", "x", "exec")

    assert shortened(code) == code
    assert shortened(code).co_linetable == code.co_linetable
