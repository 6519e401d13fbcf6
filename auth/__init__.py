"""Who may do what: logic over dataclasses. No table, no HTTP, no Streamlit."""
