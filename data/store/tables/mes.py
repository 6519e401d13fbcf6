"""Canonical rows read from MES and ERP databases. `instance` names the database they came from."""

from sqlalchemy import Index, Table

from data.store.tables.base import flag, metadata, number, text, us, whole

watermarks = Table(
    "watermarks",
    metadata,
    text("instance", key=True),
    text("entity", key=True),
    us("updated_us"),
    text("last_key"),
    us("read_wall_us"),
    text("state"),  # ok, or one sentence that says what is wrong
)
products = Table(
    "products",
    metadata,
    text("instance", key=True),
    text("product_id", key=True),
    text("name"),
    us("updated_us"),
)
# PRI of ISO 22400: planned run time per item, per product and work unit.
product_rates = Table(
    "product_rates",
    metadata,
    text("instance", key=True),
    text("product_id", key=True),
    text("equipment_id", key=True),
    number("planned_cycle_s"),
    text("basis"),
    us("valid_from_us", key=True),
    us("updated_us"),
)
orders = Table(
    "orders",
    metadata,
    text("instance", key=True),
    text("order_id", key=True),
    text("line_id"),
    text("product_id"),
    number("quantity"),
    us("planned_start_us"),
    us("planned_end_us"),
    us("due_us"),
    us("start_us", null=True),
    us("end_us", null=True),
    text("status"),  # Released, Running, Completed, Held, Aborted (B2MML request states)
    us("updated_us"),
)
operations = Table(
    "operations",
    metadata,
    text("instance", key=True),
    text("operation_id", key=True),
    text("order_id"),
    text("equipment_id"),
    text("product_id"),
    us("start_us"),
    us("end_us", null=True),
    us("setup_end_us", null=True),
    us("updated_us"),
)
shifts = Table(
    "shifts",
    metadata,
    text("instance", key=True),
    text("shift_id", key=True),
    text("line_id"),
    text("name"),
    us("start_us"),
    us("end_us"),
    whole("break_s"),
    us("break_start_us", null=True),
    us("frozen_us"),
    us("updated_us"),
)
downtimes = Table(
    "downtimes",
    metadata,
    text("instance", key=True),
    text("downtime_id", key=True),
    text("equipment_id"),
    us("start_us"),
    us("end_us", null=True),
    text("reason"),
    flag("planned"),
    us("fixed_us"),
    us("updated_us"),
)
quality_results = Table(
    "quality_results",
    metadata,
    text("instance", key=True),
    text("result_id", key=True),
    text("equipment_id"),
    text("order_id", null=True),
    us("at_us"),
    number("good"),
    number("scrap"),
    number("rework"),
    us("updated_us"),
)
maintenance = Table(
    "maintenance",
    metadata,
    text("instance", key=True),
    text("maintenance_id", key=True),
    text("equipment_id"),
    text("kind"),  # preventive, corrective, inspection
    text("status"),  # planned, under_way, done, cancelled
    us("planned_us"),
    us("start_us", null=True),
    us("end_us", null=True),
    text("part_id", null=True),
    text("finding", null=True),
    text("cause", null=True),
    text("command_id", null=True),  # ours, when we asked for it
    us("updated_us"),
)
stock = Table(
    "stock",
    metadata,
    text("module", key=True),
    text("part_id", key=True),
    text("name"),
    number("on_hand"),
    number("reserved"),
    whole("lead_time_s"),
    whole("price_cents"),
    us("updated_us"),
)
Index("ix_operations_equipment_id", operations.c.equipment_id, operations.c.start_us)
Index("ix_orders_line_id", orders.c.line_id, orders.c.planned_start_us)
Index("ix_shifts_line_id", shifts.c.line_id, shifts.c.start_us)
Index("ix_downtimes_equipment_id", downtimes.c.equipment_id, downtimes.c.start_us)
Index("ix_maintenance_equipment_id", maintenance.c.equipment_id, maintenance.c.planned_us)
Index("ix_quality_results_equipment_id", quality_results.c.equipment_id, quality_results.c.at_us)
