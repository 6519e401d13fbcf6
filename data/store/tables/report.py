"""Reports that are made by themselves: what was asked for, and every period that fell due."""

from sqlalchemy import Index, Table, UniqueConstraint

from data.store.tables.base import flag, metadata, text, us, whole

report_schedules = Table(
    "report_schedules",
    metadata,
    text("schedule_id", key=True),
    text("site_id"),
    text("scope"),
    text("kind"),  # shift, day, week
    text("formats"),  # comma-separated: pdf, xlsx
    text("delivery"),  # folder, mail
    text("target"),  # a folder below the report folder, or comma-separated addresses
    us("delay_us"),
    text("state"),  # active, paused, removed
    us("since_us"),  # plant time: periods that ended before are not reported on
    text("created_by"),
    us("created_wall_us"),
)
# One row for each period of a schedule: it is made once, whoever crashes in between.
report_runs = Table(
    "report_runs",
    metadata,
    text("run_id", key=True),
    text("schedule_id"),
    text("period_key"),
    text("period_name"),
    us("from_us"),
    us("to_us"),
    text("state"),  # waiting, leased, done, failed
    whole("attempts"),
    us("next_try_wall_us"),
    text("lease_token", null=True),
    us("lease_until_wall_us", null=True),
    flag("provisional"),
    text("detail"),  # where it went, or what went wrong
    us("due_wall_us"),
    us("done_wall_us", null=True),
    UniqueConstraint("schedule_id", "from_us", "to_us"),
)
Index("ix_report_runs_state", report_runs.c.state, report_runs.c.next_try_wall_us)
Index("ix_report_schedules_site_id", report_schedules.c.site_id)
