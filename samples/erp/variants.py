"""The ways in which this ERP can differ from itself, each a word on the command line."""

from dataclasses import dataclass, fields, replace
from typing import Any

CHOICES: dict[str, tuple[str, ...]] = {
    "scope": ("open", "window", "all"),
    "seat": ("ask", "kick", "off"),
    "login": ("form", "basic", "totp"),
    "captcha": ("plain", "curly", "off"),
    "popup": ("both", "window", "div", "none"),
    "paging": ("get", "post"),
    "total_row": ("page", "grand", "none"),
    "dpr": ("honour", "ignore"),
    "confirm": ("off", "on"),
}


@dataclass(frozen=True, kw_only=True)
class Variants:
    """Raises ValueError for a word that is no choice."""

    scope: str = "open"  # which orders the lists show; `window`: orders of the last `window_days` days
    window_days: int = 90
    page_size: int = 50  # 20 or 50, until the user of the page picks the other
    seat: str = "ask"  # a second sign-in of an account asks, throws the first one out, or is simply let in
    login: str = "form"  # `basic`: HTTP basic credentials, no seats; `totp`: a second step asks six digits
    captcha: str = "plain"  # `curly`: drawn by PyPI `captcha`
    popup: str = "both"  # after sign-in: a window of its own, a layer over the main frame
    paging: str = "get"  # `post`: page links submit a form with action=list
    total_row: str = "page"  # what the 合计 row adds up: this page, or the whole list
    dpr: str = "honour"  # `ignore`: the canvas is drawn at one pixel per CSS pixel and scaled up
    confirm: str = "off"  # `on`: 删除 and 退出 ask first
    session_seconds: float = 1200.0
    totp_secret: str = "JBSWY3DPEHPK3PXP"
    font: str = '12px SimSun, "宋体", Arial, sans-serif'

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}={getattr(self, name)!r}: use one of {', '.join(allowed)}")
        if self.page_size not in (20, 50):
            raise ValueError(f"page_size={self.page_size!r}: use 20 or 50")

    def changed(self, **values: Any) -> "Variants":
        unknown = values.keys() - {f.name for f in fields(self)}
        if unknown:
            raise ValueError(f"no such variant: {', '.join(sorted(unknown))}")
        return replace(self, **values)
