"""`/_control/…`: what tests may see and do that no user could. JSON, in UTF-8, behind a token."""

import hmac
import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from samples.erp.world import World

HEADER = "X-Control"
Action = Callable[[dict[str, Any]], Any]


def routes(world: World, token: str) -> list[Route]:
    """GET reads, POST (a JSON object) changes; 403 without the token, 400 for what makes no sense."""
    reads: dict[str, Action] = {
        "truth": lambda q: world.truth(q.get("list", "classic"), q.get("scope")),
        "counters": lambda q: world.counters(),
        "captcha": lambda q: {"answer": world.accounts.last_answer()},
        "accounts": lambda q: world.accounts.export(),
        "faults": lambda q: world.faults.active(),
        "variants": lambda q: vars(world.variants),
        "clock": lambda q: {"clock": world.book.clock.isoformat(), "moves": world.book.moves},
    }
    writes: dict[str, Action] = {
        "advance": lambda b: world.changed(world.book.advance(**b)),
        "edit": lambda b: world.changed(world.book.edit(b.pop("order_no"), **b.pop("fields"))),
        "delete": lambda b: world.changed(world.book.delete(b["order_no"])),
        "add": lambda b: world.changed(world.book.add(**b)),
        "faults": lambda b: _set_faults(world, b),
        "variants": lambda b: world.apply(world.variants.changed(**b)),
        "sign_in_elsewhere": lambda b: world.accounts.sign_in_elsewhere(b["user"]).address,
        "end_sessions": lambda b: {"ended": world.accounts.end_all(b.get("user"))},
        "unlock": lambda b: world.accounts.failures.pop(b["user"], 0),
    }

    def guarded(actions: dict[str, Action], name: str) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            if not hmac.compare_digest(request.headers.get(HEADER, ""), token):
                return JSONResponse({"error": f"the header {HEADER} is missing or wrong"}, status_code=403)
            try:
                given = dict(request.query_params)
                if request.method == "POST":
                    given = json.loads(await request.body() or b"{}")
                with world.lock:
                    return JSONResponse(actions[name](given))
            except (KeyError, TypeError, ValueError) as error:
                return JSONResponse({"error": f"{type(error).__name__}: {error}"}, status_code=400)

        return endpoint

    return [
        *(Route(f"/_control/{name}", guarded(reads, name), methods=["GET"]) for name in reads),
        *(Route(f"/_control/{name}", guarded(writes, name), methods=["POST"]) for name in writes),
    ]


def _set_faults(world: World, wanted: dict[str, Any]) -> dict[str, Any]:
    """`{"http_500": {"times": 1}, "hang": null}`: sets the one, clears the other; `{}` clears all."""
    if not wanted:
        world.faults.clear()
    for name, params in wanted.items():
        if params is None:
            world.faults.clear(name)
        else:
            world.faults.set(name, **params)
    return world.faults.active()
