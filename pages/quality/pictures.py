"""Pictures of parts: what the model saw, where, and what people say of it."""

import streamlit as st

from auth.permissions import Permission
from components import pictures as c
from components.links import link
from components.tables import lead
from domain.errors import Retryable, UserFixable
from domain.inspection import LABELS, label_words
from pages.filters import choice, remember
from pages.live import live
from services.desk import Desk
from services.rows.pictures import Inspection

REFRESH_S, A_PAGE = 10, 24
WHICH = [("", "All"), ("open", "Waiting for a person"), ("named", "Named by people"), ("refused", "Refused")]


def render(desk: Desk) -> None:
    """Filters, the chosen picture, the gallery, and how far model and people agree."""
    with st.container(horizontal=True, vertical_alignment="center"):
        place = choice("Place", "place", [("", "All machines"), *desk.queries.pictures.places()])
        kinds = [(name, label_words(name)) for name in (*LABELS, "unknown")]
        label = choice("Kind", "label", [("", "Every kind"), *kinds])
        which = choice("Which", "which", WHICH)
        heat = st.toggle("Where it shows", value=st.query_params.get("heat", "1") == "1", key="heat")
        remember("heat", "" if heat else "0")
    chosen = st.query_params.get("id", "")
    query = {"place": place, "label": label, "which": which, "heat": "" if heat else "0"}
    query = {name: value for name, value in query.items() if value}
    if chosen:
        _one(desk, desk.queries.pictures.one(chosen), heat=heat, query=query)
    skip = _skip()

    def draw(now: Desk) -> None:
        found = now.queries.pictures.gallery(place, label, which, A_PAGE, skip)
        st.html(lead(c.headline(found), f"{min(found.total, skip + 1)} to "
                     f"{min(found.total, skip + A_PAGE)} of {found.total}"))  # fmt: skip
        st.html(c.gallery(found, now.site, now.now_us, heat=heat, query=query))

    live(desk, REFRESH_S, draw)
    found = desk.queries.pictures.gallery(place, label, which, A_PAGE, skip)
    _pages(skip, found.total)
    st.html(c.confusion(desk.queries.pictures.said(place)))
    data = c.gallery_csv(found.shown, desk.site)
    st.download_button("Download as CSV", data, "taktwise-pictures.csv", "text/csv", on_click="ignore")


def _one(desk: Desk, one: Inspection, *, heat: bool, query: dict[str, str]) -> None:
    left, right = st.columns([2, 3])
    left.html(c.image(one, heat=heat, large=True))
    with right:
        st.html(c.detail(one, desk.site, desk.now_us))
        if one.state in ("judged", "unjudged") and desk.may(Permission.NAME_PICTURES, one.equipment_id):
            _naming(desk, one)
        st.html(link("Back to all pictures", "pictures", **query))


def _naming(desk: Desk, one: Inspection) -> None:
    st.html('<div class="tw-h"><h3>What is it?</h3></div>')
    guess = "" if one.unknown else one.label
    with st.container(horizontal=True, key="naming"):
        for label in LABELS:
            words = f"{label_words(label)}, as said" if label == guess else label_words(label)
            first = label == (one.said_label or guess)
            key = f"name-{one.inspection_id}-{label}"
            if st.button(words, key=key, type="primary" if first else "secondary"):
                _name(desk, one, label)


def _name(desk: Desk, one: Inspection, label: str) -> None:
    try:
        desk.commands.pictures.name(desk.actor, one.inspection_id, label, before=one.said_label)
    except (UserFixable, Retryable) as error:
        st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return
    st.toast(f"{one.machine}: {label_words(label)}. Kept for training.")
    st.rerun()


def _skip() -> int:
    asked = st.query_params.get("page", "")
    return A_PAGE * (int(asked[:6]) - 1) if asked.isdecimal() and int(asked[:6]) > 1 else 0


def _pages(skip: int, total: int) -> None:
    page = skip // A_PAGE + 1
    if total <= A_PAGE and page == 1:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Newer", disabled=page == 1, key="page-newer"):
            remember("page", str(page - 1) if page > 2 else "")
            st.rerun()
        if st.button("Older", disabled=skip + A_PAGE >= total, key="page-older"):
            remember("page", str(page + 1))
            st.rerun()
