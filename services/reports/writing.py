"""A report as files."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.reporting import Format
from services.rows.reports import Report

TYPES = {
    Format.PDF: "application/pdf",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class Document:
    """One file of a report."""

    name: str
    media_type: str
    content: bytes


def document(report: Report, wanted: Format) -> Document:
    """The report in one format."""
    from services.reports import pdf, xlsx

    write = pdf.write if wanted is Format.PDF else xlsx.write
    return Document(f"{report.file_stem}.{wanted.value}", TYPES[wanted], write(report))


def documents(report: Report, formats: Iterable[Format]) -> tuple[Document, ...]:
    """The report in each format that was asked for."""
    return tuple(document(report, wanted) for wanted in formats)
