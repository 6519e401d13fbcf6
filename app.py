"""The desk in a browser: `streamlit run app.py`, or `uvicorn app:app`."""

import streamlit as st

from runtime import web

_parts = web.build()
app = st.App(
    _parts.script,
    routes=_parts.routes,
    middleware=_parts.middleware,
    lifespan=_parts.lifespan,
    on_script_error=_parts.on_script_error,
)

if __name__ == "__main__":
    app.run()
