"""The dead-man's switch: an outside address that is fetched after each good run.  Whoever watches it (a service
such as healthchecks.io, or one's own) shouts when the fetches stop, also when this whole machine has."""

from __future__ import annotations

import httpx

from bridge import log
from bridge.secrets import Secret

TIMEOUT_S = 10.0


def beat(source: str, address: Secret) -> bool:
    """True if it was taken.  Never raises; the address may hold a key and is not logged."""
    try:
        answer = httpx.get(address.reveal(), timeout=TIMEOUT_S, follow_redirects=True, trust_env=False)
        why = "" if answer.is_success else f"answered {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as e:
        why = type(e).__name__
    if why:
        log.event("heartbeat.failed", f"the heartbeat of {source} was not taken: {why}", level="WARNING")
    return not why
