"""
Somebody who uses JupyterLab in a browser: CHROMIUM ADDRESS STEP TOKEN; what he sees is printed.

Steps: `write` makes a notebook and runs a cell, `find` opens it again, `knock` has a wrong token.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

chromium, address, step, token = sys.argv[1:]
PATIENCE = 60_000  # milliseconds for what should come true: machines are shared
FLAGS = [
    "--headless",
    "--no-sandbox",  # of root's; there is nothing but our own page
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CELL = "import os; open('made.txt', 'w').write(os.environ['GREETING'])"


@contextmanager
def browser() -> Iterator[Page]:
    """
    Give a page of a browser that knows nothing yet.
    """
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium, args=FLAGS, chromium_sandbox=False
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        yield page
        context.close()


def log_in(page: Page) -> None:
    """
    Type the token where JupyterLab asks for it.
    """
    page.goto(f"{address}/lab")
    page.fill("input#password_input", token)
    page.click("button#login_submit")


def write(page: Page) -> None:
    """
    Make a notebook, run a cell, and save it.
    """
    log_in(page)
    page.click(".jp-LauncherCard[data-category='Notebook']")
    editor = page.locator(".jp-Notebook .jp-InputArea-editor .cm-content").first
    page.wait_for_selector("text=| Idle")  # the kernel: before that JupyterLab runs nothing
    editor.click()
    page.keyboard.type(CELL)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".jp-OutputArea-output")
    print(page.inner_text(".jp-OutputArea-output"))
    page.keyboard.press("Control+s")
    page.click(".jp-Dialog .jp-mod-accept")  # JupyterLab asks for a name the first time
    page.wait_for_selector(".jp-Dialog", state="detached")
    page.wait_for_selector(".lm-TabBar-tab.jp-mod-dirty", state="detached")


def find(page: Page) -> None:
    """
    Open the link, and the notebook from the list of files.
    """
    page.goto(f"{address}/lab/tree/Untitled.ipynb?token={token}&reset")
    print(page.locator(".jp-InputArea-editor .cm-content", has_text="GREETING").inner_text())


def knock(page: Page) -> None:
    """
    Stay outside.
    """
    log_in(page)
    page.wait_for_selector("input#password_input")
    print(page.title(), page.inner_text(".message"), page.url.replace(address, ""))


with browser() as page_:
    {"write": write, "find": find, "knock": knock}[step](page_)
