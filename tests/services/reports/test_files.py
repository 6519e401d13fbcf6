"""PDF and XLSX read back by other libraries."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from openpyxl import load_workbook
from pypdf import PdfReader

from domain.clock import DAY, HOUR, micros
from domain.reporting import Format
from services.reports import pdf, xlsx
from services.reports.writing import document
from services.rows.report_tables import cell_words, sheets
from tests import factories as f
from tests.services.reports import plant


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def test_the_pdf_says_what_the_report_says(place):
    text = text_of(pdf.write(place.report()))
    for said in (
        "Day report, Plant North",
        "Friday, 20 November 2026",
        "Times in Europe/Berlin, money in EUR",
        "S\u00e4ge 12",
        "M\u00fcller \u20ac",
        "Geh\u00e4use +1",
        "\u20ac 450",
        "Mia K\u00f6nig",
        "erp.stock refused (none on",
        "20 Nov 12:00",
        "page 1 of",
    ):
        assert said in text, said
    assert "Provisional" not in text


def test_a_provisional_pdf_says_so_on_every_page(place):
    report = place.report(now_us=plant.DAY_BEFORE.to_us - 1)
    content = pdf.write(report)
    pages = PdfReader(io.BytesIO(content)).pages
    assert "Provisional: the period is not over" in pages[0].extract_text()
    assert all("provisional" in page.extract_text() for page in pages)


def test_every_font_is_embedded_and_the_same_report_gives_the_same_bytes(place):
    content = pdf.write(place.report())
    fonts = [
        font.get_object()
        for page in PdfReader(io.BytesIO(content)).pages
        for font in page["/Resources"]["/Font"].values()
    ]
    used = [font for font in fonts if "TaktwiseSans" in str(font) or "DejaVu" in str(font["/BaseFont"])]
    assert used
    assert all("/FontFile2" in font["/FontDescriptor"] for font in used)
    assert pdf.write(place.report()) == content


def test_a_long_table_repeats_its_head(place):
    with place.database.write() as tx:
        for n in range(70):
            f.machine(tx, f"north/machining/line-1/cnc-{100 + n}", f"CNC-{100 + n}")
        tx.exec_driver_sql("UPDATE equipment SET constraint_unit = (equipment_id = ?)", (plant.FIRST,))
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(pdf.write(place.report()))).pages]
    assert sum("Availability" in page for page in pages) >= 3
    assert "CNC-169" in "".join(pages)


def test_the_workbook_holds_typed_cells_and_no_formula(place):
    report = place.report()
    book = load_workbook(io.BytesIO(xlsx.write(report)))
    assert book.sheetnames == ["Summary", *(sheet.name for sheet in sheets(report))]
    cells = [cell for page in book for row in page.iter_rows() for cell in row if cell.value is not None]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    assert not [cell.coordinate for cell in cells if cell.hyperlink]
    evil = [
        cell for cell in cells if isinstance(cell.value, str) and cell.value.startswith(("=", "+", "-", "@"))
    ]
    assert {cell.value for cell in evil} >= {plant.EVIL, "=cmd()|Lager"}
    assert all(cell.quotePrefix for cell in evil)
    stops = book["Top stops"]
    assert [stops.cell(2, k).value for k in (1, 3, 4, 5, 6)] == [plant.EVIL, "Breakdown", 1, 60, 450]
    assert '"EUR"' in stops.cell(2, 6).number_format
    assert book["Decisions"].cell(2, 3).value.isoformat() == "2026-11-20T12:00:00"
    assert book["Lines"].cell(2, 2).value == report.lines[0].oee.oee


def test_times_of_the_hour_that_comes_twice_carry_their_offset(place):
    report = place.report()
    back_us = micros(datetime(2026, 10, 25, 1, tzinfo=UTC))
    times = (back_us - HOUR // 2, back_us + HOUR // 2, back_us + 2 * HOUR)
    decided = tuple(replace(report.decisions[0], decided_us=at) for at in times)
    page = load_workbook(io.BytesIO(xlsx.write(replace(report, decisions=decided))))["Decisions"]
    cells = [page.cell(row, 3) for row in (2, 3, 4)]
    assert page.cell(1, 3).value == "Decided (Europe/Berlin)"
    assert [cell.value.strftime("%H:%M") for cell in cells] == ["02:30", "02:30", "04:00"]
    assert [cell.number_format.partition("mm ")[2] for cell in cells] == ['"+02:00"', '"+01:00"', ""]
    assert page.column_dimensions["C"].width > len("2026-10-25 02:30 +02:00")
    words = [cell_words(at, "time", report.site) for at in times]
    assert words == ["25 Oct 02:30 +02:00", "25 Oct 02:30 +01:00", "25 Oct 04:00"]


def test_the_workbook_draws_its_charts_itself(place):
    book: Any = load_workbook(io.BytesIO(xlsx.write(place.report())))
    assert {page.title: len(page._charts) for page in book if page._charts} == {
        "Summary": 1,
        "Lines": 1,
        "Losses": 1,
    }


def test_a_period_without_anything_still_has_its_report(place):
    later = place.report(
        plant.DAY_BEFORE.__class__(plant.DAY_BEFORE.kind, f.NOW + DAY, f.NOW + 2 * DAY, "k", "k"),
        now_us=f.NOW + 3 * DAY,
    )
    assert later.whole.oee is None and not later.stops
    for wanted in Format:
        assert document(later, wanted).content
    assert "No part was made." in text_of(document(later, Format.PDF).content)
    assert document(later, Format.PDF).name == "taktwise-north-day-k.pdf"
