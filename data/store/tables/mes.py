"""Canonical rows read from MES and ERP databases. `instance` names the database they came from.

A row holds what the database says now; `mes_changes` keeps what it said before, and since when we know.
"""

from sqlalchemy import Index, Table

from data.store.tables.base import flag, metadata, number, serial, text, us, whole

watermarks = Table(
    "watermarks",
    metadata,
    text("instance", key=True),
    text("entity", key=True),
    us("updated_us"),
    text("last_key"),
    us("read_wall_us"),
    text("state"),  # ok, or one sentence that says what is wrong
    text("mapping", default=""),  # fingerprint of what it was read with
)
products = Table(
    "products",
    metadata,
    text("instance", key=True),
    text("product_id", key=True),
    text("name"),
    us("updated_us"),
)
# PRI of ISO 22400: planned run time per item, per product, work unit and tool: the cycle by its cavities.
product_rates = Table(
    "product_rates",
    metadata,
    text("instance", key=True),
    text("product_id", key=True),
    text("equipment_id", key=True),
    text("tool", key=True, default=""),  # empty: with any tool
    number("planned_cycle_s"),  # of one cycle of the machine
    whole("cavities", default="1"),  # parts that a cycle gives
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
    us("released_us", null=True),
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
    text("tool", null=True),
    number("good", null=True),  # as booked with it, beside what the machine counted; null: not booked
    number("scrap", null=True),
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
    number("defects", null=True),  # found on these parts, a part may have several; null: nobody counted them
    flag(
        "reinspection", null=True
    ),  # of parts inspected before and reworked since; null: the MES does not say
    us("updated_us"),
)
# What an operation ran with, one row a setting of the machine (ISA-95 part 4: process segment parameters).
process_parameters = Table(
    "process_parameters",
    metadata,
    text("instance", key=True),
    text("operation_id", key=True),
    text("parameter", key=True),
    text("equipment_id"),
    number("set_point", null=True),  # what the recipe said; null: that database does not say it
    number("value"),
    text("unit", default=""),
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
# Materials, lots and what went where, after ISA-95 part 2: material definitions, material lots, and the use
# of a lot by an order (Consumed, Produced). Personnel classes are trades: nothing here names a person.
materials = Table(
    "materials",
    metadata,
    text("instance", key=True),
    text("material_id", key=True),
    text("name"),
    text("unit"),
    us("updated_us"),
)
material_lots = Table(
    "material_lots",
    metadata,
    text("instance", key=True),
    text("lot_id", key=True),
    text("material_id"),
    number("quantity", null=True),  # null: that database does not say how much of it there is
    text("status", null=True),  # Available, Restricted, Consumed; null: it does not say
    us("at_us"),  # received, or made
    us("updated_us"),
)
lot_uses = Table(
    "lot_uses",
    metadata,
    text("instance", key=True),
    text("use_id", key=True),
    text("lot_id"),
    text("order_id"),
    text("use"),  # Consumed, Produced
    number("quantity"),
    us("at_us"),
    us("updated_us"),
)
personnel_classes = Table(
    "personnel_classes",
    metadata,
    text("instance", key=True),
    text("class_id", key=True),
    text("name"),
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
# What a record said before, field by field; only added to, and forgotten after a time
# (services.ingest.corrections). A record that came after a shift that it touches was closed is one row
# without a field: `new` is the whole.
mes_changes = Table(
    "mes_changes",
    metadata,
    serial("change_id"),
    text("instance"),
    text("entity"),
    text("record"),
    text("line_id"),
    text("equipment_id"),  # empty for what is of a line
    text("product_id"),  # of a planned cycle, else empty
    us("from_us"),  # the time that the record speaks of, before and after
    us("to_us"),
    text("field"),
    text("old", null=True),  # JSON
    text("new", null=True),
    us("learned_us"),  # plant time
    us("learned_wall_us"),
)
Index("ix_mes_changes_line_id", mes_changes.c.line_id, mes_changes.c.learned_wall_us)
Index("ix_mes_changes_learned_wall_us", mes_changes.c.learned_wall_us)
Index("ix_mes_changes_field", mes_changes.c.field, mes_changes.c.line_id)
Index("ix_operations_equipment_id", operations.c.equipment_id, operations.c.start_us)
Index("ix_operations_order_id", operations.c.order_id, operations.c.equipment_id)
Index("ix_operations_end_us", operations.c.end_us)  # what touches the last days, of all that ever was
Index("ix_orders_line_id", orders.c.line_id, orders.c.planned_start_us)
Index("ix_shifts_line_id", shifts.c.line_id, shifts.c.start_us)
Index("ix_downtimes_equipment_id", downtimes.c.equipment_id, downtimes.c.start_us)
Index("ix_process_parameters_equipment_id", process_parameters.c.equipment_id)
Index("ix_maintenance_equipment_id", maintenance.c.equipment_id, maintenance.c.planned_us)
Index("ix_quality_results_equipment_id", quality_results.c.equipment_id, quality_results.c.at_us)
Index("ix_quality_results_order_id", quality_results.c.order_id, quality_results.c.equipment_id)
Index("ix_material_lots_at_us", material_lots.c.at_us)
Index("ix_lot_uses_lot_id", lot_uses.c.lot_id)
Index("ix_lot_uses_order_id", lot_uses.c.order_id)
