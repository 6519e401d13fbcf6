"""The list of accounts."""

from collections.abc import Sequence

from components.tables import panel, small, table
from components.words import NOTHING, plural, safe, stamp
from services.rows.admin import UserRow, Users
from services.rows.site import SiteRow

HEAD = ("Name", "Roles", "May see", "Last used", "State")


def role_text(role: str) -> str:
    """`maintenance_planner` as people say it."""
    return role.replace("_", " ").capitalize()


def headline(users: Users) -> str:
    """How many may sign in, and who has no place to see; HTML."""
    active = [u for u in users.rows if u.active]
    blind = [u.name for u in active if not u.scopes]
    tail = f" {safe(', '.join(blind))} may see nothing yet." if blind else ""
    return f"<b>{plural(len(active), 'person', 'people')} may sign in.</b>{tail}"


def users_panel(users: Users, site: SiteRow) -> str:
    """Everybody with roles, places and the last use; inactive ones at the end."""
    names = dict(users.places)
    ordered = sorted(users.rows, key=lambda u: (not u.active, u.name.lower()))
    return panel(
        "Users", table(HEAD, (_row(u, names, site) for u in ordered), right=(3,)), _count(users.rows)
    )


def _count(rows: Sequence[UserRow]) -> str:
    return f"{sum(1 for r in rows if r.active)} active of {len(rows)}"


def _row(u: UserRow, names: dict[str, str], site: SiteRow) -> Sequence[str]:
    places = ", ".join(names.get(s, s) for s in u.scopes)
    state = "active" if u.active else '<span class="tw-tag tw-muted">not active</span>'
    return (
        f"<b>{safe(u.name)}</b>{small(safe(u.username))}",
        safe(", ".join(role_text(r.value) for r in u.roles)) or NOTHING,
        safe(places) or '<span class="tw-muted">nothing yet</span>',
        f'<span class="tw-nw">{stamp(u.seen_wall_us, site.time_zone)[:16]}</span>',
        state,
    )
