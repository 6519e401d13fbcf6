"""The tables of one MES instance, in its own naming. Every reader-facing table carries `updated_at`.

All times are BIGINT microseconds UTC, in plant time. `updated_at` grows strictly with every commit
of the instance, so that a reader with the watermark (updated_at, key) misses nothing. Machines are
called `M-L1-011`, lines `L1`. The tables below `READABLE` are the MES's own business.
"""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, MetaData, Table, Text

from simulator.records.engine import add_stamp
from simulator.records.post import add_post

metadata = MetaData()


def _text(name: str, *, key: bool = False, null: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=null)


def _us(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _number(name: str, *, null: bool = False) -> Column[float]:
    return Column(name, Float, nullable=null)


machines = Table(
    "machines",
    metadata,
    _text("machine_id", key=True),
    _text("name"),
    _text("line"),
    _text("machine_type"),
    Column("step", Integer, nullable=False),  # place in the routing, from 10 in tens
    _us("updated_at"),
)
products = Table(
    "products",
    metadata,
    _text("product_no", key=True),
    _text("name"),
    _us("updated_at"),
)
routings = Table(  # planned cycle time of a product on a machine
    "routings",
    metadata,
    _text("routing_id", key=True),
    _text("product_no"),
    _text("machine_id"),
    Column("step", Integer, nullable=False),
    _number("planned_cycle_s"),
    _text("basis"),
    _us("valid_from"),
    _us("updated_at"),
)
work_orders = Table(
    "work_orders",
    metadata,
    _text("order_no", key=True),
    _text("line"),
    _text("product_no"),
    _number("quantity"),
    _us("released_at"),
    _us("planned_start"),
    _us("planned_end"),
    _us("due"),
    _us("actual_start", null=True),
    _us("actual_end", null=True),
    _text("status"),  # Released, Running, Completed
    _number("good"),
    _number("scrap"),
    _us("updated_at"),
)
operations = Table(
    "operations",
    metadata,
    _text("operation_no", key=True),
    _text("order_no"),
    _text("machine_id"),
    _text("product_no"),
    _us("started_at"),
    _us("setup_ended_at", null=True),
    _us("ended_at", null=True),
    _number("good"),
    _number("scrap"),
    _us("updated_at"),
)
shifts = Table(
    "shifts",
    metadata,
    _text("shift_no", key=True),
    _text("line"),
    _text("name"),
    _us("starts_at"),
    _us("ends_at"),
    _us("break_starts_at", null=True),
    Column("break_s", Integer, nullable=False),
    _us("frozen_at"),  # the plan of the shift is fixed from here on
    _us("updated_at"),
)
downtime = Table(
    "downtime",
    metadata,
    _text("downtime_no", key=True),
    _text("machine_id"),
    _us("started_at"),
    _us("ended_at", null=True),
    _text("reason"),  # as booked by the operator; empty while, or when, nobody booked one
    _text("remark"),
    Column("planned", Boolean(create_constraint=False), nullable=False),
    _us("fixed_at"),  # when the stop was fixed: long before for planned work, else its start
    _us("updated_at"),
)
quality_results = Table(
    "quality_results",
    metadata,
    _text("result_no", key=True),
    _text("machine_id"),
    _text("order_no", null=True),
    _us("checked_at"),
    _number("good"),
    _number("scrap"),
    _number("rework"),
    _number("defects", null=True),  # on these parts; a part may have several
    _us("updated_at"),
)
process_values = Table(  # what an operation ran with, beside what the recipe said
    "process_values",
    metadata,
    _text("value_no", key=True),
    _text("operation_no"),
    _text("machine_id"),
    _text("setting"),
    _number("set_point"),
    _number("actual"),
    _text("unit"),
    _us("updated_at"),
)
recipes = Table(  # set points that were changed since the plant began
    "recipes",
    metadata,
    _text("recipe_no", key=True),
    _text("machine_id"),
    _text("product_no"),
    _text("setting"),
    _number("set_point"),
    _number("before", null=True),  # where it stood before
    _text("external_id"),  # the id of the command that asked for it; empty once that was taken back
    _us("updated_at"),
)
maintenance_orders = Table(
    "maintenance_orders",
    metadata,
    _text("order_no", key=True),
    _text("machine_id"),
    _text("kind"),  # preventive, corrective, inspection
    _text("status"),  # planned, under_way, done, cancelled
    _us("fixed_at"),
    _us("planned_at"),
    Column("planned_duration_s", BigInteger, nullable=False),
    _us("started_at", null=True),
    _us("ended_at", null=True),
    _text("part_no", null=True),
    _text("task"),
    _text("skill"),
    _text("ordered_for"),  # the suspected cause; empty for work by the calendar
    _text("finding", null=True),  # failed, degraded, nothing_found, other_fault
    _text("cause", null=True),  # as found by the technician
    _text("external_id", null=True),  # the id of the command that asked for it
    _us("updated_at"),
)
materials = Table(
    "materials",
    metadata,
    _text("material_no", key=True),
    _text("name"),
    _text("unit"),
    _us("updated_at"),
)
lots = Table(
    "lots",
    metadata,
    _text("lot_no", key=True),
    _text("material_no"),
    _number("quantity"),
    _text("state"),  # free, used_up
    _us("received_at"),
    _us("updated_at"),
)
lot_movements = Table(
    "lot_movements",
    metadata,
    _text("movement_no", key=True),
    _text("lot_no"),
    _text("order_no"),
    _text("direction"),  # in: into the order, out: made by it
    _number("quantity"),
    _us("moved_at"),
    _us("updated_at"),
)
skills = Table("skills", metadata, _text("skill", key=True), _text("name"), _us("updated_at"))
READABLE = (
    machines,
    products,
    routings,
    work_orders,
    operations,
    shifts,
    downtime,
    quality_results,
    process_values,
    recipes,
    maintenance_orders,
    materials,
    lots,
    lot_movements,
    skills,
)

ledger = Table(  # one row per effect; a business key that stands here twice was done twice
    "ledger",
    metadata,
    Column("entry", Integer, primary_key=True, autoincrement=True),
    _text("business_key"),
    _text("kind"),
    _text("message_id"),
    _text("detail"),
    _us("booked_at"),
)
memory = Table(  # what the line must remember over a restart
    "memory",
    metadata,
    _text("name", key=True),
    _text("content"),
)
post = add_post(metadata)
stamp = add_stamp(metadata)
for _table in READABLE:
    Index(f"ix_{_table.name}_updated_at", _table.c.updated_at)
Index("ix_maintenance_orders_external_id", maintenance_orders.c.external_id)
Index("ix_ledger_business_key", ledger.c.business_key)
