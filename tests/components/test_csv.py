"""The CSV that the browser makes of a table follows the same rule as the one that the server makes."""

import csv
import io
import shutil
from pathlib import Path

import pytest

from domain.spreadsheet import plain

SCRIPT = Path(__file__).resolve().parents[2] / "static" / "tables.js"
CELLS = [
    "", "plain", "=1+1", "+49 30 1", "-x", "@SUM(A1)", "\t=1", " =1", "\u3000=1", "\uff1d1", "\u00a0+1",
    'say "hi", twice',
    "two\nlines", "12", "1,234.5", "-3", "\u22123.5", "12,34", "\u20ac 2,500", "81.4 %", "2026-11-20",
    "1,2,3", "Gr\u00fc\u00dfe", "bad; =1", 'bad;"=1"', "x\n=1", ";@x", "5 < 6; -3", "a;b",
    "\n=1", "x;\uff1d1",
]  # fmt: skip
NUMBERS = {"1,234.5": "1234.5", "\u22123.5": "-3.5", "-3": "-3"}


@pytest.mark.browser
def test_the_browser_and_the_server_defuse_alike(tmp_path):
    from playwright.sync_api import sync_playwright

    rows = [[cell] for cell in CELLS]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"],
        )
        page = browser.new_page()
        source = SCRIPT.read_text(encoding="utf-8").replace("export function", "function")
        text = page.evaluate(f"(rows) => {{ {source}; return csv(rows); }}", rows)
        browser.close()
    found = [row[0] if row else "" for row in csv.reader(io.StringIO(text, newline=""))]
    assert found == [NUMBERS.get(cell, plain(cell)) for cell in CELLS]
