"""Signing in at the sample ERP: each state it can end in, with a real browser and the guard on."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bridge.erp.browser import BrowserOptions, open_browser
from bridge.erp.session import ErpDriver
from bridge.erp.steps import Credentials
from bridge.erp.trust import checked_key
from bridge.errors import (
    BridgeError,
    CaptchaFailed,
    CertificateError,
    ClockWrong,
    ConfigError,
    SeatTaken,
    SessionLost,
    SetupError,
    SignInRefused,
    SourceUnavailable,
)
from bridge.interfaces import Proposal
from bridge.ocr.engine import PaddleEngine
from bridge.ocr.weights import CAPTCHA, weights_root
from bridge.profile_files import load_profile
from bridge.profiles import Profile
from bridge.records import Box, Image
from samples.erp.server import SampleErp

SELECTORS = Path(__file__).parents[2] / "selectors"
USER, PASSWORD = "bridge", "Br1dge-2026"  # a throw-away account of the sample ERP


class Pictures:
    """``interfaces.Evidence`` in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def keep_png(self, png: bytes) -> str:
        name = hashlib.sha256(png).hexdigest()
        self.kept[name] = png
        return name

    def png(self, sha256: str) -> bytes | None:
        return self.kept.get(sha256)

    def crop(self, shot: str, box: Box, margin: int = 4) -> bytes | None:
        raise NotImplementedError


class Told:
    """A reader that is told what the picture says: (text, confidence) for each picture, the last one for ever.

    None as text: the right answer, from the ERP's control side."""

    def __init__(self, erp: SampleErp, *answers: tuple[str | None, float]) -> None:
        self._erp = erp
        self._answers = list(answers or [(None, 1.0)])
        self.alphabets: list[str | None] = []

    def read_lines(self, images: Sequence[Image], *, alphabet: str | None = None) -> list[Proposal]:
        assert len(images) == 1
        assert images[0].shape[2] == 3
        self.alphabets.append(alphabet)
        text, confidence = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [Proposal(text=text if text is not None else self._erp.captcha(), confidence=confidence)]


def changed(profile: Profile, **sign_in: Any) -> Profile:
    data = profile.model_dump(by_alias=True, mode="json")
    data["sign_in"].update(sign_in)
    data["browser"].update(scale=1, timeout_s=6)
    return Profile.model_validate(data)


CLASSIC = changed(load_profile(SELECTORS / "sample-erp.yaml"))


def driver(erp: SampleErp, *, profile: Profile = CLASSIC, password: str = PASSWORD, **given: Any) -> ErpDriver:
    given.setdefault("credentials", Credentials(user=USER, password=password))
    given.setdefault("reader", Told(erp))
    return ErpDriver(
        source="demo",
        profile=profile,
        url=given.pop("url", erp.url),
        evidence=given.pop("evidence", Pictures()),
        clock=given.pop("clock", lambda: datetime.now(UTC)),
        **given,
    )


# --- password -----------------------------------------------------------------------------------------------


def test_a_wrong_password_is_tried_once_and_never_again() -> None:
    pictures = Pictures()
    with SampleErp(count=5) as erp, driver(erp, password="wr0ng-S3cret", evidence=pictures).open() as session:
        with pytest.raises(SignInRefused) as refused:
            session.sign_in()
        with pytest.raises(SignInRefused):
            session.sign_in()
        assert erp.counters()["signin"] == {"wrong_password": 1}
    told = f"{refused.value} {refused.value.hint} {refused.value.where}"
    assert "wr0ng-S3cret" not in told
    assert refused.value.where["picture"] in pictures.kept


def test_a_locked_account_is_refused() -> None:
    with SampleErp(count=5) as erp:
        for _ in range(5):
            erp.world.accounts.check_password(USER, "no")
        with driver(erp).open() as session, pytest.raises(SignInRefused):
            session.sign_in()
        assert erp.counters()["signin"] == {"locked": 1}


def test_a_refusal_said_by_an_alert_box_is_heard() -> None:
    profile = changed(CLASSIC, refused=["请输入用户名"])
    with SampleErp(count=5) as erp:
        nobody = Credentials(user="", password=PASSWORD)
        with driver(erp, profile=profile, credentials=nobody).open() as session, pytest.raises(SignInRefused):
            session.sign_in()


# --- captcha ------------------------------------------------------------------------------------------------


def test_a_wrong_captcha_is_tried_again_up_to_the_limit() -> None:
    with SampleErp(count=5) as erp, driver(erp, reader=Told(erp, ("3333", 1.0))).open() as session:
        with pytest.raises(CaptchaFailed, match="3 times"):
            session.sign_in()
        assert erp.counters()["signin"] == {"wrong_captcha": 3}
        assert (session.captchas.attempted, session.captchas.solved) == (3, 0)


def test_the_attempt_after_a_wrong_captcha_can_succeed() -> None:
    with SampleErp(count=5) as erp, driver(erp, reader=Told(erp, ("3333", 1.0), (None, 1.0))).open() as session:
        session.sign_in()
        assert erp.counters()["signin"] == {"wrong_captcha": 1, "ok": 1}
        assert (session.captchas.attempted, session.captchas.solved) == (2, 1)


def test_a_doubtful_captcha_is_not_answered_but_another_is_asked_for() -> None:
    with SampleErp(count=5) as erp:
        reader = Told(erp, (None, 0.5), ("TOO-LONG", 1.0), (None, 0.95))
        with driver(erp, reader=reader).open() as session:
            session.sign_in()
            assert (session.captchas.pictures, session.captchas.attempted, session.captchas.solved) == (3, 1, 1)
        assert erp.counters()["signin"] == {"ok": 1}
        assert reader.alphabets == ["3479ACEFHJKMNPRTVWXY"] * 3


def test_pictures_that_cannot_be_read_are_never_answered() -> None:
    with SampleErp(count=5) as erp, driver(erp, reader=Told(erp, ("", 0.0))).open() as session:
        with pytest.raises(CaptchaFailed, match=r"sign_in\.steps\.2\.captcha"):
            session.sign_in()
        assert erp.counters()["signin"] == {}


@pytest.mark.slow
def test_paddleocr_reads_the_captcha() -> None:
    weights = weights_root() / f"PP-OCRv6_small_rec{CAPTCHA}"
    if not weights.exists():
        pytest.skip("the weights are not on this machine: `bridge setup` gets them")
    engine = PaddleEngine(weights, "PP-OCRv6_small_rec")
    with SampleErp(count=5) as erp, driver(erp, reader=engine).open() as session:
        session.sign_in()
        assert session.captchas.solved == 1
        assert session.visible(CLASSIC.sign_in.signed_in[0])  # type: ignore[union-attr]


# --- second step, seats -------------------------------------------------------------------------------------


def test_totp_is_typed_with_the_clock_that_is_handed_in() -> None:
    steps = CLASSIC.model_dump(mode="json")["sign_in"]["steps"]
    profile = changed(CLASSIC, steps=[*steps, {"totp": {"into": "#txtOtp"}}, {"click": "#btnCode"}])
    with SampleErp(count=5, login="totp") as erp:
        given = Credentials(user=USER, password=PASSWORD, totp_secret="JBSW Y3DP EHPK 3PXP")
        with driver(erp, profile=profile, credentials=given).open() as session:
            session.sign_in()
            assert erp.counters()["signin"] == {"ok": 1}


@pytest.mark.parametrize(("seconds", "which"), [(95, "ahead of"), (-3600, "behind")])
def test_no_code_is_typed_by_a_clock_that_is_off(seconds: int, which: str) -> None:
    steps = CLASSIC.model_dump(mode="json")["sign_in"]["steps"]
    profile = changed(CLASSIC, steps=[*steps, {"totp": {"into": "#txtOtp"}}, {"click": "#btnCode"}])
    with SampleErp(count=5, login="totp") as erp:
        given = Credentials(user=USER, password=PASSWORD, totp_secret="JBSW Y3DP EHPK 3PXP")
        off = driver(
            erp,
            profile=profile,
            credentials=given,
            clock=lambda: datetime.now(UTC) + timedelta(seconds=seconds),
        )
        with off.open() as session, pytest.raises(ClockWrong, match=f"{which} the ERP's"):
            session.sign_in()
        assert erp.counters()["signin"] == {}


def test_a_refusal_ends_the_waiting_for_a_second_step_at_once() -> None:
    steps = CLASSIC.model_dump(mode="json")["sign_in"]["steps"]
    profile = changed(CLASSIC, steps=[*steps, {"totp": {"into": "#txtOtp"}}, {"click": "#btnCode"}])
    with SampleErp(count=5, login="totp") as erp, driver(erp, profile=profile, password="no").open() as session:
        with pytest.raises(SignInRefused):
            session.sign_in()
        assert erp.counters()["signin"] == {"wrong_password": 1}


def test_a_taken_seat_is_left_alone() -> None:
    with SampleErp(count=5) as erp:
        person = erp.sign_in_elsewhere(USER)
        with driver(erp).open() as session, pytest.raises(SeatTaken):
            session.sign_in()
        assert not person.thrown_out


def test_a_taken_seat_is_taken_where_the_profile_says_so() -> None:
    assert CLASSIC.sign_in is not None
    assert CLASSIC.sign_in.seat_taken is not None
    rule = CLASSIC.sign_in.seat_taken.model_dump(mode="json") | {"then": "take"}
    with SampleErp(count=5) as erp:
        person = erp.sign_in_elsewhere(USER)
        with driver(erp, profile=changed(CLASSIC, seat_taken=rule)).open() as session:
            session.sign_in()
            assert person.thrown_out
            session.sign_out()
        assert erp.counters()["signin"] == {"ok": 1, "out": 1, "seat_taken": 1, "threw_out": 1}


# --- losing the session -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lose", "error"),
    [(SampleErp.end_sessions, SessionLost), (SampleErp.sign_in_elsewhere, SeatTaken)],
)
def test_a_lost_session_is_noticed(lose: Callable[[SampleErp, str], object], error: type[BridgeError]) -> None:
    with SampleErp(count=5) as erp, driver(erp).open() as session:
        session.sign_in()
        session.check_state()
        lose(erp, USER)
        with pytest.raises(error):
            session.open_list()
        assert erp.counters()["changing_total"] == 0


def test_the_seat_is_given_back_and_only_once() -> None:
    with SampleErp(count=5) as erp, driver(erp).open() as session:
        session.sign_in()
        session.sign_out()
        session.sign_out()
        assert erp.counters()["signin"] == {"ok": 1, "out": 1}
        assert not erp.accounts()[USER]["seats"]


# --- HTTP credentials ---------------------------------------------------------------------------------------

BASIC = changed(CLASSIC, http="basic", steps=[], sign_out=[])


def test_http_basic_credentials() -> None:
    with (
        SampleErp(count=5, login="basic") as erp,
        driver(erp, profile=BASIC, url=f"{erp.url}/main.asp").open() as session,
    ):
        session.sign_in()
        session.open_list()
        assert "wrong_password" not in erp.counters()["signin"]


def test_wrong_http_basic_credentials_are_sent_once() -> None:
    with SampleErp(count=5, login="basic") as erp:
        with (
            driver(erp, profile=BASIC, url=f"{erp.url}/main.asp", password="no").open() as session,
            pytest.raises(SignInRefused),
        ):
            session.sign_in()
        assert erp.counters()["signin"] == {"wrong_password": 1}


class DigestPage(BaseHTTPRequestHandler):
    """RFC 7616 with MD5, as IIS and old Apaches ask for it."""

    answers: list[bool]

    def log_message(self, format: str, *args: Any) -> None: ...

    def do_GET(self) -> None:
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', self.headers.get("authorization", "")))
        if given and self.path == "/":
            self.answers.append(given["response"] == _digest(given, self.path))
        good = bool(given) and given["response"] == _digest(given, self.path)
        self.send_response(200 if good else 401)
        if not good:
            self.send_header("WWW-Authenticate", 'Digest realm="erp", nonce="abc123", qop="auth", algorithm=MD5')
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b'<b id="who">in</b>' if good else b"no")


def _digest(given: dict[str, str], path: str) -> str:
    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    a1, a2 = md5(f"{USER}:erp:{PASSWORD}"), md5(f"GET:{path}")
    return md5(f"{a1}:abc123:{given['nc']}:{given['cnonce']}:auth:{a2}")


@pytest.mark.parametrize(("password", "answers"), [(PASSWORD, [True]), ("wrong", [False])])
def test_http_digest_credentials_are_sent_once(password: str, answers: list[bool]) -> None:
    seen: list[bool] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Page", (DigestPage,), {"answers": seen}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    profile = changed(BASIC, signed_in=[{"css": "#who"}], after=[])
    given = ErpDriver(
        source="digest",
        profile=profile,
        url=f"http://127.0.0.1:{server.server_port}/",
        credentials=Credentials(user=USER, password=password),
        evidence=Pictures(),
        clock=lambda: datetime.now(UTC),
    )
    with given.open() as session:
        if answers == [True]:
            session.sign_in()
        else:
            with pytest.raises(SignInRefused):
                session.sign_in()
    server.shutdown()
    assert seen == answers


# --- an ERP that does not answer ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "params"),
    [("http_500", {"where": "signin"}), ("drop_connection", {"where": "signin"}), ("hang", {"where": "signin"})],
)
def test_an_erp_that_does_not_answer_is_unavailable(fault: str, params: dict[str, Any]) -> None:
    profile = changed(CLASSIC)
    profile = profile.model_copy(update={"browser": profile.browser.model_copy(update={"timeout_s": 2.0})})
    with SampleErp(count=5) as erp:
        erp.faults.set(fault, **params)
        with driver(erp, profile=profile).open() as session, pytest.raises(SourceUnavailable):
            session.sign_in()


def test_an_erp_that_is_down_is_unavailable() -> None:
    with SampleErp(count=5) as erp:
        url = erp.url
    with driver(erp, url=url).open() as session, pytest.raises(SourceUnavailable, match="CONNECTION_REFUSED"):
        session.sign_in()


# --- certificates -------------------------------------------------------------------------------------------


def _certificate(folder: Path, name: str, signer: Any = None) -> tuple[Path, Path, Any]:
    """(certificate file, key file, for signing others); without a signer an authority of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, issuer_key = signer or (subject, key)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
    )
    if signer:
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        builder = builder.add_extension(names, critical=False)
    cert = builder.sign(issuer_key, hashes.SHA256())
    cert_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    cert_file.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return cert_file, key_file, (subject, key)


def test_a_certificate_is_trusted_only_through_its_own_authority(tmp_path: Path) -> None:
    ours, _, signer = _certificate(tmp_path, "authority")
    other, _, _ = _certificate(tmp_path, "other")
    cert, key, _ = _certificate(tmp_path, "erp", signer)
    with SampleErp(count=5, tls=(cert, key)) as erp:
        with driver(erp).open() as session, pytest.raises(CertificateError, match="AUTHORITY_INVALID"):
            session.sign_in()
        with (
            pytest.raises(CertificateError, match=r"other\.pem"),
            driver(erp, options=BrowserOptions(ca_file=other)).open(),
        ):
            pass
        with driver(erp, options=BrowserOptions(ca_file=ours)).open() as session:
            session.sign_in()
        assert erp.counters()["signin"] == {"ok": 1}
        wrong_name = erp.url.replace("127.0.0.1", "localhost")
        with pytest.raises(CertificateError, match="localhost"):
            checked_key(wrong_name, ours)
    with pytest.raises(SourceUnavailable):
        checked_key(erp.url, ours)
    with pytest.raises(ConfigError):
        checked_key(erp.url, tmp_path / "missing.pem")


# --- nothing is left behind ---------------------------------------------------------------------------------


def _left(since: float) -> list[str]:
    """Living processes of a bridge's browser started since then."""
    found = []
    for process in psutil.process_iter(["cmdline", "status", "create_time"]):
        words = " ".join(process.info["cmdline"] or ())
        alive = process.info["status"] != psutil.STATUS_ZOMBIE
        if alive and process.info["create_time"] >= since and f"bridge-browser-{os.getpid()}-" in words:
            found.append(words)
    return found


def test_no_process_and_no_folder_remain_after_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    since = time.time() - 1
    with suppress(ZeroDivisionError), open_browser(BrowserOptions(), url="http://127.0.0.1:9/"):
        assert _left(since)
        raise ZeroDivisionError
    assert not _left(since)
    assert not list(tmp_path.iterdir())


def test_it_starts_though_the_temporary_folder_has_a_long_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Chromium's socket in it would not fit into the 107 bytes a socket's path may have."""
    long = tmp_path / ("long" * 20)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    monkeypatch.setenv("TMPDIR", str(long))
    with open_browser(BrowserOptions(), url="http://127.0.0.1:9/") as browser:
        assert browser.is_connected()
    assert not list(long.iterdir())


def test_what_the_browser_said_of_its_failing_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\necho '[1:1:0101/000000.1:ERROR:ui/ozone.cc(1)] no display for it' >&2\nexit 1\n")
    broken.chmod(0o755)
    with (
        pytest.raises(SetupError, match=r"does not start: .*no display for it"),
        open_browser(BrowserOptions(executable=broken)),
    ):
        pass


def test_a_hung_browser_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("bridge.erp.browser.CLOSING_LIMIT_S", 2.0)
    since = time.time() - 1
    with open_browser(BrowserOptions(), url="http://127.0.0.1:9/"):
        for process in psutil.Process().children(recursive=True):
            if any("bridge-browser" in word for word in process.cmdline()):
                process.send_signal(signal.SIGSTOP)
    assert not _left(since)
    assert not list(tmp_path.iterdir())


def test_a_killed_program_takes_its_browser_along(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys, time
        from bridge.erp.browser import BrowserOptions, open_browser
        with open_browser(BrowserOptions(), url="http://127.0.0.1:9/"):
            print("open", flush=True)
            time.sleep(300)
        """
    )
    env = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(SELECTORS.parent)}
    program = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=env)
    assert program.stdout is not None
    assert program.stdout.readline() == b"open\n"
    family = psutil.Process(program.pid).children(recursive=True)
    assert len(family) > 2
    program.kill()
    program.wait()
    _, alive = psutil.wait_procs(family, timeout=20)
    assert not [p for p in alive if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    # Its folder stayed; the next opening sweeps it away.
    left = list(tmp_path.glob("bridge-browser-*"))
    swept = subprocess.run(
        [sys.executable, "-c", script.replace("time.sleep(300)", "pass")], env=env, check=True, timeout=60
    )
    assert swept.returncode == 0
    assert left
    assert not [folder for folder in left if folder.exists()]
