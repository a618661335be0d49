"""Places in a page, steps, and signing in: the parts of a profile that say how to get there.  Data only."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


class Part(BaseModel):
    """Of a profile: unknown keys are faults, and nothing changes it."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)


# --- places in a page ---------------------------------------------------------------------------------------


class At(Part):
    """A place in the page.  Written short as a CSS selector, or as a mapping."""

    css: str | None = Field(None, description="CSS selector of the element.")
    text: str | None = Field(None, description="The element's visible text contains this.")
    exact: bool = Field(False, description="`text` must be the whole text, not a part of it.")
    frame: str | list[str] | None = Field(
        None, description="Name of the frame it is in; a list for nested frames, outermost first."
    )
    nth: int = Field(0, description="Which of several matches, 0 = first.", ge=0)
    window: Literal["main", "popup"] = Field("main", description="`popup`: in the window the page opened.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.css is None and self.text is None:
            raise ValueError("give css, text or both")
        return self


def _short_at(value: Any) -> Any:
    return {"css": value} if isinstance(value, str) else value


Place = Annotated[At, BeforeValidator(_short_at)]


# --- steps --------------------------------------------------------------------------------------------------


class Fill(Part):
    at: Place = Field(description="The input field.")
    value: str = Field(description="Literal text, or {user}, {password}, {today}, {today-30} (days).")


class Captcha(Part):
    """An image captcha read by PaddleOCR within its alphabet."""

    image: Place = Field(description="The picture with the characters.")
    into: Place = Field(description="The input field for them.")
    alphabet: str = Field(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        description="Every character it can show.",
    )
    length: int | None = Field(None, description="Number of characters, if fixed.", ge=1, le=12)
    ignore_case: bool = Field(True, description="The ERP does not care about case.")
    refresh: Place | None = Field(None, description="Click here for a new picture; else the image itself.")
    attempts: int = Field(3, description="Attempts per sign-in; keep well below the lock-out.", ge=1, le=5)


class Totp(Part):
    into: Place = Field(description="The input field for the one-time code.")


class Select(Part):
    at: Place = Field(description="The drop-down list.")
    option: str = Field(description="The option's visible text or its value.")


class Step(Part):
    """One thing to do.  Exactly one of the verbs; `optional` steps may find nothing to do."""

    goto: str | None = Field(None, description="Path or URL, relative to the source's url.")
    fill: Fill | None = Field(None, description="Write into an input field.")
    click: Place | None = Field(None, description="Click here; everything else stays unclicked.")
    check: Place | None = Field(None, description="Tick a checkbox.")
    uncheck: Place | None = Field(None, description="Untick a checkbox.")
    select: Select | None = Field(None, description="Choose from a drop-down list.")
    hover: Place | None = Field(None, description="Rest the mouse here, e.g. to open a menu.")
    press: str | None = Field(None, description="A key, e.g. Enter.")
    captcha: Captcha | None = Field(None, description="Read an image captcha and type it.")
    totp: Totp | None = Field(None, description="Type the one-time code of the source's `totp` secret.")
    close: Place | None = Field(None, description="Close a notice by clicking here, if it is there.")
    close_popups: bool | None = Field(None, description="Close windows that the page opened.")
    wait: Place | None = Field(None, description="Wait until this is visible.")
    wait_gone: Place | None = Field(None, description="Wait until this is no longer visible.")
    unless: Place | None = Field(None, description="Skip the step where this is visible already.")
    optional: bool = Field(False, description="Nothing is wrong if the place is not there.")

    _VERBS = (
        "goto", "fill", "click", "check", "uncheck", "select", "hover", "press", "captcha", "totp", "close",
        "close_popups", "wait", "wait_gone",
    )  # fmt: skip

    @property
    def verb(self) -> str:
        return next(v for v in self._VERBS if getattr(self, v) is not None)

    @model_validator(mode="after")
    def _one_verb(self) -> Self:
        verbs = [v for v in self._VERBS if getattr(self, v) is not None]
        if len(verbs) != 1:
            raise ValueError(
                f"a step does exactly one thing; this one has {', '.join(verbs) or 'none'} "
                f"(choose from {', '.join(self._VERBS)})"
            )
        return self


class Mark(Part):
    """How one sees something: an element, a text, or both.  Any frame unless `frame` is given."""

    css: str | None = Field(None, description="CSS selector of the element.")
    text: str | None = Field(None, description="The page shows this text.")
    frame: str | list[str] | None = Field(None, description="Only in this frame.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.css is None and self.text is None:
            raise ValueError("give css, text or both")
        return self


def _short_mark(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


Marks = list[Annotated[Mark, BeforeValidator(_short_mark)]]


class SeatTakenRule(Part):
    marks: Marks = Field(description="Any of these visible: the seat is taken.")
    then: Literal["give_up", "take"] = Field(
        "give_up", description="`take`: throw the other one out (only with an account of the bridge's own)."
    )
    take: list[Step] = Field(default_factory=list, description="Steps that take the seat.")
    give_up: list[Step] = Field(default_factory=list, description="Steps that leave politely.")


class SignIn(Part):
    http: Literal["none", "basic"] = Field(
        "none", description="HTTP credentials (basic and digest are told apart by the browser)."
    )
    steps: list[Step] = Field(default_factory=list, description="From the first page to being signed in.")
    signed_in: Marks = Field(min_length=1, description="Any of these visible: signed in.")
    refused: Marks = Field(default_factory=list, description="Wrong name or password: stop, never retry.")
    captcha_wrong: Marks = Field(default_factory=list, description="The captcha was misread: try a new one.")
    expired: Marks = Field(default_factory=list, description="The session is over.")
    shut_out: Marks = Field(default_factory=list, description="Another seat threw us out.")
    seat_taken: SeatTakenRule | None = Field(None, description="The account is in use elsewhere.")
    after: list[Step] = Field(default_factory=list, description="Once signed in: notices to close.")
    sign_out: list[Step] = Field(default_factory=list, description="How to leave; frees the seat.")
    after_run: Literal["sign_out", "keep"] = Field(
        "sign_out", description="At the end of a run: sign out, or keep the session for the next one."
    )

    @property
    def always_asks_captcha(self) -> bool:
        """Is a captcha read in each run?  A session that is kept goes on without."""
        return self.after_run == "sign_out" and any(step.captcha is not None for step in self.steps)

    @property
    def throws_out(self) -> bool:
        """Can a sign-in end another one's session?  Then the bridge needs an account of its own."""
        return bool(self.shut_out) or (self.seat_taken is not None and self.seat_taken.then == "take")
