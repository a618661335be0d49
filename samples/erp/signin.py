"""Signing in: password and picture, the second step, the seat, and signing out."""

import time

from starlette.responses import Response

from samples.erp import html, totp
from samples.erp.accounts import WRONG_PASSWORDS_ALLOWED
from samples.erp.visit import Visit


def home(visit: Visit) -> Response:
    return html.go("/main.asp" if visit.world.variants.login == "basic" else "/login.asp")


def sign_in(visit: Visit) -> Response:
    if visit.method == "GET":
        if visit.session.inside and not visit.session.thrown_out:
            return html.go("/main.asp")
        return _form(visit)
    steps = {"login": _password, "code": _second_step, "force": _force, "cancel": _cancel}
    return steps.get(visit.fields.one("action"), _form)(visit)


def picture(visit: Visit) -> Response:
    image = visit.world.accounts.new_picture(visit.session, visit.world.variants.captcha)
    return Response(image, media_type="image/png", headers={"Cache-Control": "no-store"})


def sign_out(visit: Visit) -> Response:
    visit.world.accounts.end(visit.session)
    visit.world.count("signin", "out")
    return html.go("/login.asp")


def _form(visit: Visit, error: str = "") -> Response:
    return html.page(
        "login.html",
        error=error,
        user=visit.fields.one("txtUser"),
        captcha=visit.world.variants.captcha != "off",
        tick=time.monotonic_ns(),
    )


def _password(visit: Visit) -> Response:
    world, accounts = visit.world, visit.world.accounts
    user = visit.fields.one("txtUser").strip()
    if world.variants.captcha != "off":
        right = accounts.check_captcha(visit.session, visit.fields.one("txtCode"))
        if world.faults.fires("captcha_unreadable") is not None or not right:
            world.count("signin", "wrong_captcha")
            return _form(visit, "验证码错误，请重新输入")
    if accounts.locked(user):
        world.count("signin", "locked")
        return _form(visit, "该账号已被锁定，请联系系统管理员")
    if not accounts.check_password(user, visit.fields.one("txtPwd")):
        world.count("signin", "wrong_password")
        world.save()
        left = WRONG_PASSWORDS_ALLOWED - accounts.failures.get(user, 0)
        if left <= 0:
            return _form(visit, "密码错误次数过多，该账号已被锁定，请联系系统管理员")
        return _form(visit, f"用户名或密码错误，还可以尝试{left}次")
    visit.session.user = user
    if world.variants.login == "totp":
        return html.page("code.html", error="")
    return _take_seat(visit)


def _second_step(visit: Visit) -> Response:
    if not visit.session.user:
        return _form(visit)
    if not totp.accepts(visit.world.variants.totp_secret, visit.fields.one("txtOtp"), time.time()):
        visit.world.count("signin", "wrong_code")
        return html.page("code.html", error="动态口令错误，请重新输入")
    visit.session.code_passed = True
    return _take_seat(visit)


def _take_seat(visit: Visit) -> Response:
    """A second sign-in of the same account asks first, or throws the other one out, or is let in."""
    accounts, rule = visit.world.accounts, visit.world.variants.seat
    others = accounts.seated(visit.session.user, other_than=visit.session)
    if others and rule == "ask":
        visit.world.count("signin", "seat_taken")
        return html.page("seat.html", user=visit.session.user, address=others[0].address)
    if others and rule == "kick":
        accounts.throw_out(visit.session.user, other_than=visit.session)
        visit.world.count("signin", "threw_out")
    return _enter(visit)


def _force(visit: Visit) -> Response:
    passed = visit.session.code_passed or visit.world.variants.login != "totp"
    if not visit.session.user or not passed:
        return _form(visit)
    visit.world.accounts.throw_out(visit.session.user, other_than=visit.session)
    visit.world.count("signin", "threw_out")
    return _enter(visit)


def _cancel(visit: Visit) -> Response:
    visit.session.user, visit.session.code_passed = "", False
    return _form(visit)


def _enter(visit: Visit) -> Response:
    visit.world.accounts.enter(visit.session)
    visit.world.count("signin", "ok")
    response = html.go("/main.asp")
    response.delete_cookie("notice", path="/")
    return response
