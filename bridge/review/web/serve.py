"""Runs the site until it is stopped.  On the loopback unless it is told otherwise."""

from __future__ import annotations

import ipaddress
import socket

import uvicorn

from bridge.errors import ConfigError
from bridge.review.web.desk import Desk
from bridge.review.web.site import site

LOOPBACK = ("127.0.0.1", "localhost")


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def bound(host: str, port: int) -> socket.socket:
    """Raises ConfigError where the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows: there SO_REUSEADDR lets two programs have one port
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as e:
        listening.close()
        raise ConfigError(
            f"the review page cannot listen on {host} port {port}: {e.strerror or e}",
            hint="Is it running already? Else choose another one: bridge review --port 8322",
        ) from e
    return listening


def server(desk: Desk, host: str, names: tuple[str, ...] = ()) -> uvicorn.Server:
    """names: further names by which people reach this machine."""
    hosts = list(dict.fromkeys((*LOOPBACK, *names, *(() if host in ("0.0.0.0", "::") else (host,)))))
    return uvicorn.Server(
        uvicorn.Config(
            site(desk, hosts=hosts),
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=3,
        )
    )
