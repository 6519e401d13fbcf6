"""The tables of the ERP. `stock` is open to readers; times are BIGINT microseconds UTC, plant time."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, MetaData, Table, Text

from simulator.records.engine import add_stamp
from simulator.records.post import add_post

metadata = MetaData()


def _text(name: str, *, key: bool = False, null: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=null)


def _us(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _whole(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


stock = Table(
    "stock",
    metadata,
    _text("part_no", key=True),
    _text("name"),
    Column("on_hand", Float, nullable=False),
    Column("reserved", Float, nullable=False),
    _whole("reorder_at"),
    _whole("lead_time_s"),
    _whole("price_cents"),
    _us("updated_at"),
)
reservations = Table(
    "reservations",
    metadata,
    _text("reservation_no", key=True),  # the id of the command that asked for it
    _text("business_key"),
    _text("part_no"),
    _whole("quantity"),
    _us("needed_at"),
    _text("for_machine"),  # ISA-95 path
    _text("status"),  # open, issued, cancelled
    _us("updated_at"),
)
purchase_orders = Table(
    "purchase_orders",
    metadata,
    _text("order_no", key=True),
    _text("business_key"),
    _text("part_no"),
    _whole("quantity"),
    _us("ordered_at"),
    _us("due_at"),
    _us("delivered_at", null=True),
    _text("status"),  # ordered, delivered, cancelled
    _text("origin"),  # requisition, reorder, express
    _text("external_id", null=True),
    _whole("amount_cents"),
    _us("updated_at"),
)
commitments = Table(  # money that finance has set aside
    "commitments",
    metadata,
    _text("commitment_no", key=True),
    _text("business_key"),
    _whole("amount_cents"),
    _text("status"),  # open, cancelled
    _us("updated_at"),
)
issues = Table(  # parts handed to a technician
    "issues",
    metadata,
    _text("issue_no", key=True),
    _text("part_no"),
    _text("for_machine"),
    _us("asked_at"),
    _us("available_at"),
    _text("external_id", null=True),
    _us("updated_at"),
)
postings = Table(  # the ledger of finance: one row per movement
    "postings",
    metadata,
    Column("posting_no", Integer, primary_key=True, autoincrement=True),
    _text("business_key"),
    _text("kind"),  # reservation, goods_issue, goods_receipt, purchase_order, cancellation, commitment
    _text("part_no"),
    _whole("quantity"),
    _whole("amount_cents"),
    _text("message_id", null=True),
    _us("posted_at"),
    _us("updated_at"),
)
READABLE = (stock, reservations, purchase_orders, commitments, issues, postings)

post = add_post(metadata)
stamp = add_stamp(metadata)
for _table in READABLE:
    Index(f"ix_{_table.name}_updated_at", _table.c.updated_at)
Index("ix_reservations_for_machine", reservations.c.for_machine, reservations.c.part_no)
Index("ix_postings_business_key", postings.c.business_key)
