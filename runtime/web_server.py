"""Serves the web app. Streamlit and the screens are imported by the server, from app.py."""

import uvicorn

from runtime.settings import Settings


def serve(settings: Settings) -> None:
    """Run the web process until it is stopped."""
    config = uvicorn.Config(
        "app:app",
        host=settings.web_host,
        port=settings.web_port,
        log_level="warning",
        access_log=False,
        proxy_headers=settings.public_https,
        forwarded_allow_ips="127.0.0.1",
        ws="websockets-sansio",
        timeout_graceful_shutdown=2,
        server_header=False,
    )
    uvicorn.Server(config).run()
