"""Placeholders, one-time codes, and what may be said about them."""

from datetime import UTC, date, datetime

import pytest

from bridge.erp import totp
from bridge.erp.guard import CHANGING_WORDS, place_at
from bridge.erp.steps import Credentials, fill_placeholders
from bridge.errors import ConfigError, GuardViolation, ProfileError
from bridge.profile_steps import At
from bridge.profiles import Profile, parse_profile

VALUES = {"user": "bridge", "password": "s{today}cret"}


def filled(text: str) -> str:
    return fill_placeholders(text, VALUES, date(2026, 3, 2), "list.open.0.fill")


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("{user}", "bridge"),
        ("{today}", "2026-03-02"),
        ("{today-30}", "2026-01-31"),
        ("{today+1:%d.%m.%Y}", "03.03.2026"),
        ("{today:%Y/%m/%d}~{today}", "2026/03/02~2026-03-02"),
        ("100 {}", "100 {}"),
    ],
)
def test_placeholders(text: str, result: str) -> None:
    assert filled(text) == result


def test_a_secret_that_looks_like_a_placeholder_is_typed_as_it_is() -> None:
    assert filled("{password}") == "s{today}cret"


@pytest.mark.parametrize("text", ["{pasword}", "{user-1}", "{today-x}", "{password:%Y}"])
def test_an_unknown_placeholder_names_its_step_and_no_secret(text: str) -> None:
    with pytest.raises(ProfileError, match=r"list\.open\.0\.fill") as e:
        filled(text)
    assert "cret" not in str(e.value)


def test_a_secret_is_not_typed_where_it_has_no_business() -> None:
    with pytest.raises(ProfileError):
        fill_placeholders("/x?p={password}", {}, date(2026, 1, 1), "list.open.0.goto")


def test_credentials_do_not_print() -> None:
    shown = repr(Credentials(user="u5er", password="p4ss", totp_secret="JBSW"))
    assert not any(secret in shown for secret in ("u5er", "p4ss", "JBSW"))


def test_totp_gives_the_codes_of_rfc_6238() -> None:
    # RFC 6238, appendix B, SHA1, of which the last six digits.
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for second, digits in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        assert totp.code(secret, datetime.fromtimestamp(second, UTC)) == digits
    spaced = "gezd gnbv gy3t qojq gezd gnbv gy3t qojq"
    assert totp.code(spaced, datetime.fromtimestamp(59, UTC)) == "287082"
    uri = f"otpauth://totp/ERP:me?secret={secret}&issuer=ERP"
    assert totp.code(uri, datetime.fromtimestamp(59, UTC)) == "287082"
    assert totp.code(f"{uri}&digits=8", datetime.fromtimestamp(59, UTC)) == "94287082"


def test_the_short_totp_keys_that_most_programs_issue_work() -> None:
    assert totp.code("JBSW Y3DP EHPK 3PXP", datetime.fromtimestamp(0, UTC)) == "282760"


@pytest.mark.parametrize("secret", ["not!base32", "otpauth://hotp/x?secret=JBSWY3DP&counter=1", "otpauth://x"])
def test_a_broken_totp_secret_is_not_repeated(secret: str) -> None:
    with pytest.raises(ConfigError) as e:
        totp.code(secret, datetime.fromtimestamp(59, UTC))
    assert secret not in str(e.value)


def profile() -> Profile:
    return parse_profile(
        {
            "name": "x",
            "sign_in": {
                "steps": [{"fill": {"at": "#u", "value": "x"}}, {"click": "#go"},
                          {"captcha": {"image": "#i", "into": "#c"}}],
                "signed_in": ["in"],
            },
            "list": {"where": {"at": "#t"}, "paging": {"kind": "next", "next": "#n"}},
            "key": ["no"],
            "columns": [{"heading": "No", "field": "no"}],
            "allow": {"clicks": ["下一页"]},
        },
        "test",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "css"),
    [("list.paging.next", "#n"), ("sign_in.steps.1.click", "#go"), ("sign_in.steps.0.fill", "#u"),
     ("sign_in.steps.2.captcha.image", "#i"), ("list.where.at", "#t")],
)  # fmt: skip
def test_a_place_is_found_by_its_path_in_the_profile(path: str, css: str) -> None:
    place = place_at(profile(), path)
    assert isinstance(place, At)
    assert place.css == css


@pytest.mark.parametrize(
    "path",
    ["list.paging.first", "list.paging.kind", "sign_in.steps.9.click", "allow.clicks.1", "nonsense", "name"],
)
def test_what_is_no_place_of_the_profile_is_never_clicked(path: str) -> None:
    with pytest.raises(GuardViolation):
        place_at(profile(), path)


def test_words_that_change_data() -> None:
    assert all(CHANGING_WORDS.search(w) for w in ("批量删除", "保存", "Delete", "Post", "审核"))
    assert not any(CHANGING_WORDS.search(w) for w in ("下一页", "查询", "关闭", "Postal code", "Continue"))
