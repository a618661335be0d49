"""GBK in and out: pages, form fields and query strings, as browsers and old ASP programs exchange them."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

TITLE = "华宇进销存管理系统 V6.0"
COMPANY = "华宇机电设备有限公司"
_pages = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.globals.update(TITLE=TITLE, COMPANY=COMPANY)


def page(template: str, /, status: int = 200, **values: Any) -> Response:
    """The template as a GBK page; what GBK lacks goes out as numeric entities."""
    return gbk(_pages.get_template(template).render(**values), status=status)


def gbk(text: str, *, status: int = 200, kind: str = "text/html") -> Response:
    body = text.encode("gbk", "xmlcharrefreplace")
    headers = {"Cache-Control": "no-cache", "Pragma": "no-cache", "Server": "Microsoft-IIS/6.0"}
    return Response(body, status_code=status, media_type=f"{kind}; charset=gbk", headers=headers)


def message(text: str, *, title: str = "系统提示", sign_in: bool = False) -> Response:
    """A page with one sentence, HTTP 200, as these programs say everything."""
    return page("message.html", text=text, title=title, sign_in=sign_in)


def go(to: str) -> Response:
    return Response(status_code=302, headers={"Location": to})


class Fields:
    """The query's and the form's fields as one; the form's win."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        self._values = values

    def one(self, name: str, default: str = "") -> str:
        return self._values.get(name, [default])[-1]

    def number(self, name: str, default: int) -> int:
        text = self.one(name)
        return int(text) if text.isascii() and text.isdigit() else default

    def numbers(self, name: str) -> list[int]:
        """Of repeated fields and of comma-separated ones."""
        parts = ",".join(self._values.get(name, [])).split(",")
        return [int(part) for part in parts if part.strip().isdigit()]


async def fields(request: Request) -> Fields:
    """Browsers send fields in the page's own character set, here GBK, and as entities what that lacks."""
    query = parse_qs(request.url.query, keep_blank_values=True, encoding="gbk", errors="replace")
    body = (await request.body()).decode("latin-1")
    form = parse_qs(body, keep_blank_values=True, encoding="gbk", errors="replace")
    return Fields({**query, **{name: [_unescape(v) for v in values] for name, values in form.items()}})


def _unescape(text: str) -> str:
    return re.sub(r"&#(\d{2,6});", lambda m: chr(int(m[1])), text)
