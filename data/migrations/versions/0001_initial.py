"""initial."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_accounts")),
    )
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.create_index("uq_accounts_username", ["username"], unique=True)

    op.create_table(
        "acts",
        sa.Column("act_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("done_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("act_id", name=op.f("pk_acts")),
    )
    op.create_table(
        "audit",
        sa.Column(
            "entry", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("plant_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_audit")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_audit_previous_hash")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index("ix_audit_subject_id", ["subject_kind", "subject_id"], unique=False)

    op.create_table(
        "cases",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("attention", sa.Boolean(), nullable=False),
        sa.Column("open_key", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("opened_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("opened_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("deadline_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("default_action", sa.Text(), nullable=False),
        sa.Column("permission", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("prediction_id", sa.Text(), nullable=True),
        sa.Column("evidence_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("evidence_hash", sa.Text(), nullable=False),
        sa.Column("alternatives", sa.Text(), nullable=False),
        sa.Column("advised", sa.Text(), nullable=False),
        sa.Column("cost_cents", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("benefit_cents", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("benefit_low_cents", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("benefit_high_cents", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("decided_wall_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_cases")),
        sa.UniqueConstraint("number", name=op.f("uq_cases_number")),
        sa.UniqueConstraint("open_key", name=op.f("uq_cases_open_key")),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index("ix_cases_equipment_id", ["equipment_id", "opened_us"], unique=False)
        batch_op.create_index("ix_cases_state", ["state", "deadline_us"], unique=False)

    op.create_table(
        "clocks",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("origin_plant_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("origin_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("speed", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_clocks")),
    )
    op.create_table(
        "commands",
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("business_key", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("depends_on", sa.Text(), nullable=True),
        sa.Column("cancels", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("changed_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("command_id", name=op.f("pk_commands")),
    )
    with op.batch_alter_table("commands", schema=None) as batch_op:
        batch_op.create_index("ix_commands_case_id", ["case_id"], unique=False)

    op.create_table(
        "contributions",
        sa.Column("prediction_id", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("segment", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("to_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("observed", sa.Float(), nullable=True),
        sa.Column("usual", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("prediction_id", "metric", "segment", name=op.f("pk_contributions")),
    )
    op.create_table(
        "cost_rates",
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("downtime_cents_per_hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("labour_cents_per_hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unplanned_factor", sa.Float(), nullable=False),
        sa.Column("call_out_s", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("collateral_cents", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("emergency_delivery_s", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("alarm_catches", sa.Float(), nullable=False),
        sa.Column("alarm_lead_s", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("inspection_finds", sa.Float(), nullable=False),
        sa.Column("inspection_misleads", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("equipment_id", name=op.f("pk_cost_rates")),
    )
    op.create_table(
        "counts",
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("bucket_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("good", sa.Float(), nullable=False),
        sa.Column("scrap", sa.Float(), nullable=False),
        sa.Column("energy_kwh", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("equipment_id", "bucket_us", name=op.f("pk_counts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "downtimes",
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("downtime_id", sa.Text(), nullable=False),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("start_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("end_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("planned", sa.Boolean(), nullable=False),
        sa.Column("fixed_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("updated_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("instance", "downtime_id", name=op.f("pk_downtimes")),
    )
    with op.batch_alter_table("downtimes", schema=None) as batch_op:
        batch_op.create_index("ix_downtimes_equipment_id", ["equipment_id", "start_us"], unique=False)

    op.create_table(
        "drafts",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("saved_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "subject", name=op.f("pk_drafts")),
    )
    op.create_table(
        "edge_devices",
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("complete_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("gap_from_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("gap_to_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("gap_cause", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("external_id", name=op.f("pk_edge_devices")),
    )
    op.create_table(
        "edge_nodes",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("bd_seq", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("born_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("seen_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rebirths", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("node", name=op.f("pk_edge_nodes")),
    )
    op.create_table(
        "equipment",
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("machine_type", sa.Text(), nullable=False),
        sa.Column("assigned", sa.Boolean(), nullable=False),
        sa.Column("constraint_unit", sa.Boolean(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("target_oee", sa.Float(), nullable=True),
        sa.Column("created_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("equipment_id", name=op.f("pk_equipment")),
    )
    with op.batch_alter_table("equipment", schema=None) as batch_op:
        batch_op.create_index("ix_equipment_parent_id", ["parent_id"], unique=False)

    op.create_table(
        "equipment_aliases",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "external_id", name=op.f("pk_equipment_aliases")),
    )
    op.create_table(
        "explain_requests",
        sa.Column("prediction_id", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("prediction_id", name=op.f("pk_explain_requests")),
    )
    with op.batch_alter_table("explain_requests", schema=None) as batch_op:
        batch_op.create_index("ix_explain_requests_state", ["state"], unique=False)

    op.create_table(
        "explanations",
        sa.Column("prediction_id", sa.Text(), nullable=False),
        sa.Column("base_value", sa.Float(), nullable=False),
        sa.Column("output_value", sa.Float(), nullable=False),
        sa.Column("additivity_error", sa.Float(), nullable=False),
        sa.Column("background", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("made_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("prediction_id", name=op.f("pk_explanations")),
    )
    op.create_table(
        "gaps",
        sa.Column(
            "gap_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("to_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("missing", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("receive_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("gap_id", name=op.f("pk_gaps")),
        sa.UniqueConstraint(
            "source",
            "external_id",
            "from_us",
            "to_us",
            "cause",
            name=op.f("uq_gaps_source_external_id_from_us_to_us_cause"),
        ),
    )
    with op.batch_alter_table("gaps", schema=None) as batch_op:
        batch_op.create_index("ix_gaps_external_id", ["external_id", "from_us"], unique=False)

    op.create_table(
        "ignored_inputs",
        sa.Column(
            "ignore_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ignore_id", name=op.f("pk_ignored_inputs")),
        sa.UniqueConstraint(
            "equipment_id", "metric", "from_us", name=op.f("uq_ignored_inputs_equipment_id_metric_from_us")
        ),
    )
    op.create_table(
        "ingest_counters",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("counter", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("source", "counter", name=op.f("pk_ingest_counters")),
    )
    op.create_table(
        "latest",
        sa.Column("metric_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("quality", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("receive_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("metric_id", name=op.f("pk_latest")),
    )
    op.create_table(
        "maintenance",
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("maintenance_id", sa.Text(), nullable=False),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("planned_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("start_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("end_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("part_id", sa.Text(), nullable=True),
        sa.Column("finding", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("command_id", sa.Text(), nullable=True),
        sa.Column("updated_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("instance", "maintenance_id", name=op.f("pk_maintenance")),
    )
    with op.batch_alter_table("maintenance", schema=None) as batch_op:
        batch_op.create_index("ix_maintenance_equipment_id", ["equipment_id", "planned_us"], unique=False)

    op.create_table(
        "metrics",
        sa.Column(
            "metric_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("metric_id", name=op.f("pk_metrics")),
        sa.UniqueConstraint("equipment_id", "name", name=op.f("uq_metrics_equipment_id_name")),
    )
    op.create_table(
        "model_versions",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("capability", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("feature_version", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("registered_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("pk_model_versions")),
    )
    op.create_table(
        "operations",
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("operation_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("start_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("end_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("setup_end_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("updated_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("instance", "operation_id", name=op.f("pk_operations")),
    )
    with op.batch_alter_table("operations", schema=None) as batch_op:
        batch_op.create_index("ix_operations_equipment_id", ["equipment_id", "start_us"], unique=False)

    op.create_table(
        "orders",
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("line_id", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Float(), nullable=False),
        sa.Column("planned_start_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("planned_end_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("due_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("start_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("end_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("instance", "order_id", name=op.f("pk_orders")),
    )
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.create_index("ix_orders_line_id", ["line_id", "planned_start_us"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("lease_token", sa.Text(), nullable=True),
        sa.Column("lease_until_wall_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("attempts", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("next_try_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sent_wall_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_outbox")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_state", ["state", "next_try_wall_us"], unique=False)

    op.create_table(
        "outcomes",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("reported_by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reported_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_outcomes")),
    )
    op.create_table(
        "parts_of_machines",
        sa.Column("machine_type", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("part_id", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("skill", sa.Text(), nullable=False),
        sa.Column("duration_s", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("inspect_s", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("machine_type", "cause", name=op.f("pk_parts_of_machines")),
    )
    op.create_table(
        "predictions",
        sa.Column("prediction_id", sa.Text(), nullable=False),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("made_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("feature_version", sa.Text(), nullable=False),
        sa.Column("window_hash", sa.Text(), nullable=False),
        sa.Column("window_from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("window_to_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("horizon_s", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("life_unit", sa.Text(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("rul", sa.Float(), nullable=True),
        sa.Column("rul_low", sa.Float(), nullable=True),
        sa.Column("rul_high", sa.Float(), nullable=True),
        sa.Column("above_threshold", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("prediction_id", name=op.f("pk_predictions")),
        sa.UniqueConstraint(
            "model_name",
            "model_version",
            "equipment_id",
            "at_us",
            name=op.f("uq_predictions_model_name_model_version_equipment_id_at_us"),
        ),
    )
    with op.batch_alter_table("predictions", schema=None) as batch_op:
        batch_op.create_index("ix_predictions_at_us", ["at_us"], unique=False)
        batch_op.create_index("ix_predictions_equipment_id", ["equipment_id", "at_us"], unique=False)

    op.create_table(
        "product_rates",
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("planned_cycle_s", sa.Float(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("valid_from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("updated_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint(
            "instance", "product_id", "equipment_id", "valid_from_us", name=op.f("pk_product_rates")
        ),
    )
    op.create_table(
        "products",
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("instance", "product_id", name=op.f("pk_products")),
    )
    op.create_table(
        "quality_results",
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("result_id", sa.Text(), nullable=False),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("good", sa.Float(), nullable=False),
        sa.Column("scrap", sa.Float(), nullable=False),
        sa.Column("rework", sa.Float(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("instance", "result_id", name=op.f("pk_quality_results")),
    )
    with op.batch_alter_table("quality_results", schema=None) as batch_op:
        batch_op.create_index("ix_quality_results_equipment_id", ["equipment_id", "at_us"], unique=False)

    op.create_table(
        "quarantine",
        sa.Column(
            "quarantine_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("receive_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("times", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("quarantine_id", name=op.f("pk_quarantine")),
        sa.UniqueConstraint(
            "source", "topic", "digest", "reason", name=op.f("uq_quarantine_source_topic_digest_reason")
        ),
    )
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.create_index("ix_quarantine_receive_us", ["receive_us"], unique=False)

    op.create_table(
        "readings",
        sa.Column("metric_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("quality", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("receive_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("metric_id", "source_us", name=op.f("pk_readings")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "receipts",
        sa.Column("receipt_id", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("business_key", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=True),
        sa.Column("found_cause", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("received_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("receipt_id", name=op.f("pk_receipts")),
    )
    with op.batch_alter_table("receipts", schema=None) as batch_op:
        batch_op.create_index("ix_receipts_command_id", ["command_id"], unique=False)

    op.create_table(
        "seen_messages",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("receive_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("topic", "digest", name=op.f("pk_seen_messages")),
    )
    op.create_table(
        "sessions",
        sa.Column("session_hash", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("created_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seen_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expires_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("session_hash", name=op.f("pk_sessions")),
    )
    op.create_table(
        "shifts",
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("shift_id", sa.Text(), nullable=False),
        sa.Column("line_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("start_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("end_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("break_s", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("break_start_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("frozen_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("updated_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("instance", "shift_id", name=op.f("pk_shifts")),
    )
    with op.batch_alter_table("shifts", schema=None) as batch_op:
        batch_op.create_index("ix_shifts_line_id", ["line_id", "start_us"], unique=False)

    op.create_table(
        "sign_in_attempts",
        sa.Column(
            "attempt_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_sign_in_attempts")),
    )
    with op.batch_alter_table("sign_in_attempts", schema=None) as batch_op:
        batch_op.create_index("ix_sign_in_attempts_username", ["username", "wall_us"], unique=False)

    op.create_table(
        "signatures",
        sa.Column("signature_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("printed_name", sa.Text(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("signed_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("record_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("signature_id", name=op.f("pk_signatures")),
    )
    op.create_table(
        "sites",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("shadow", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_sites")),
    )
    op.create_table(
        "states",
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("source_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mode", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("receive_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("equipment_id", "source_us", name=op.f("pk_states")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "stock",
        sa.Column("module", sa.Text(), nullable=False),
        sa.Column("part_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("on_hand", sa.Float(), nullable=False),
        sa.Column("reserved", sa.Float(), nullable=False),
        sa.Column("lead_time_s", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("price_cents", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("updated_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("module", "part_id", name=op.f("pk_stock")),
    )
    op.create_table(
        "tickets",
        sa.Column("ticket_hash", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("expires_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_hash", name=op.f("pk_tickets")),
    )
    op.create_table(
        "to_consider",
        sa.Column("prediction_id", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("next_try_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("attempts", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("prediction_id", name=op.f("pk_to_consider")),
    )
    with op.batch_alter_table("to_consider", schema=None) as batch_op:
        batch_op.create_index("ix_to_consider_next_try_wall_us", ["next_try_wall_us"], unique=False)

    op.create_table(
        "watermarks",
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_key", sa.Text(), nullable=False),
        sa.Column("read_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("instance", "entity", name=op.f("pk_watermarks")),
    )
    op.create_table(
        "windows",
        sa.Column("prediction_id", sa.Text(), nullable=False),
        sa.Column("shape", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("prediction_id", name=op.f("pk_windows")),
    )
    op.create_table(
        "workers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("heartbeat_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("restarts", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("workers")
    op.drop_table("windows")
    op.drop_table("watermarks")
    with op.batch_alter_table("to_consider", schema=None) as batch_op:
        batch_op.drop_index("ix_to_consider_next_try_wall_us")

    op.drop_table("to_consider")
    op.drop_table("tickets")
    op.drop_table("stock")
    op.drop_table("states")
    op.drop_table("sites")
    op.drop_table("signatures")
    with op.batch_alter_table("sign_in_attempts", schema=None) as batch_op:
        batch_op.drop_index("ix_sign_in_attempts_username")

    op.drop_table("sign_in_attempts")
    with op.batch_alter_table("shifts", schema=None) as batch_op:
        batch_op.drop_index("ix_shifts_line_id")

    op.drop_table("shifts")
    op.drop_table("sessions")
    op.drop_table("seen_messages")
    with op.batch_alter_table("receipts", schema=None) as batch_op:
        batch_op.drop_index("ix_receipts_command_id")

    op.drop_table("receipts")
    op.drop_table("readings")
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.drop_index("ix_quarantine_receive_us")

    op.drop_table("quarantine")
    with op.batch_alter_table("quality_results", schema=None) as batch_op:
        batch_op.drop_index("ix_quality_results_equipment_id")

    op.drop_table("quality_results")
    op.drop_table("products")
    op.drop_table("product_rates")
    with op.batch_alter_table("predictions", schema=None) as batch_op:
        batch_op.drop_index("ix_predictions_equipment_id")
        batch_op.drop_index("ix_predictions_at_us")

    op.drop_table("predictions")
    op.drop_table("parts_of_machines")
    op.drop_table("outcomes")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_state")

    op.drop_table("outbox")
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_index("ix_orders_line_id")

    op.drop_table("orders")
    with op.batch_alter_table("operations", schema=None) as batch_op:
        batch_op.drop_index("ix_operations_equipment_id")

    op.drop_table("operations")
    op.drop_table("model_versions")
    op.drop_table("metrics")
    with op.batch_alter_table("maintenance", schema=None) as batch_op:
        batch_op.drop_index("ix_maintenance_equipment_id")

    op.drop_table("maintenance")
    op.drop_table("latest")
    op.drop_table("ingest_counters")
    op.drop_table("ignored_inputs")
    with op.batch_alter_table("gaps", schema=None) as batch_op:
        batch_op.drop_index("ix_gaps_external_id")

    op.drop_table("gaps")
    op.drop_table("explanations")
    with op.batch_alter_table("explain_requests", schema=None) as batch_op:
        batch_op.drop_index("ix_explain_requests_state")

    op.drop_table("explain_requests")
    op.drop_table("equipment_aliases")
    with op.batch_alter_table("equipment", schema=None) as batch_op:
        batch_op.drop_index("ix_equipment_parent_id")

    op.drop_table("equipment")
    op.drop_table("edge_nodes")
    op.drop_table("edge_devices")
    op.drop_table("drafts")
    with op.batch_alter_table("downtimes", schema=None) as batch_op:
        batch_op.drop_index("ix_downtimes_equipment_id")

    op.drop_table("downtimes")
    op.drop_table("counts")
    op.drop_table("cost_rates")
    op.drop_table("contributions")
    with op.batch_alter_table("commands", schema=None) as batch_op:
        batch_op.drop_index("ix_commands_case_id")

    op.drop_table("commands")
    op.drop_table("clocks")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index("ix_cases_state")
        batch_op.drop_index("ix_cases_equipment_id")

    op.drop_table("cases")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_subject_id")

    op.drop_table("audit")
    op.drop_table("acts")
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.drop_index("uq_accounts_username")

    op.drop_table("accounts")
