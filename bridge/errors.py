"""The error tree.

Two questions decide where an error belongs: whose fault is it, and does waiting help.
Both are answered on the class, so that no caller needs an if-chain.

::

    BridgeError                 exit 1
    ├── UsageError              exit 2   the caller's words are off; nothing was started
    │   └── AlreadyDecided      exit 2   another person was faster; nothing was changed
    ├── ConfigError             exit 3   bridge.toml, a profile or a secret is wrong; a person edits it
    │   ├── ProfileError        exit 3   the YAML profile (all its faults in one message)
    │   ├── RulesError          exit 3   rules.yaml (all its faults in one message)
    │   ├── ClockWrong          exit 3   this machine's clock is off, so one-time codes would be refused
    │   └── SecretMissing       exit 3   a secret's reference leads nowhere
    ├── SetupError              exit 4   browser, weights, fonts or a package is missing on this machine
    │   └── WeightsMissing      exit 4
    ├── SourceError             exit 5   the ERP; retryable unless a subclass says no
    │   ├── SourceUnavailable   exit 5   down, slow, 500, connection dropped              (waiting helps)
    │   ├── CertificateError    exit 5   TLS certificate not trusted                      (a person acts)
    │   ├── SignInRefused       exit 6   wrong password; never tried again by itself      (a person acts)
    │   ├── CaptchaFailed       exit 6   the attempt limit was reached                    (waiting helps)
    │   ├── SeatTaken           exit 6   a person or another program holds the one seat   (waiting helps)
    │   ├── SessionLost         exit 5   signed out in mid-list                           (waiting helps)
    │   ├── GuardViolation      exit 5   the page tried something the allow-list forbids  (a person acts)
    │   └── NavigationFailed    exit 5   the way to the list is not as the profile says   (a person acts)
    ├── CaptureError            exit 7   the picture of the list cannot be trusted
    │   ├── LayoutChanged       exit 7   a heading is missing, renamed or moved           (a person acts)
    │   ├── CaptureIncomplete   exit 7   a page is missing, rows ≠ total, the list moved  (waiting helps)
    │   └── UnreadableImage     exit 7   blank, corrupt, huge, tiny, or no table          (a person acts)
    ├── ReadError               exit 8   the OCR engine itself failed                     (waiting helps)
    ├── StoreError              exit 9   the database
    │   ├── StoreUnavailable    exit 9   cannot connect, read-only, disk full             (waiting helps)
    │   ├── StoreBusy           exit 9   locked by another process                        (waiting helps)
    │   ├── StoreTooNew         exit 9   the schema is newer than this program            (a person acts)
    │   └── TrailBroken         exit 9   an entry of the audit trail was tampered with    (a person acts)
    ├── DeliveryError           exit 10  a receiver
    │   ├── DeliveryFailed      exit 10  down, slow, 5xx, 429                             (waiting helps)
    │   └── DeliveryRefused     exit 10  4xx for good, 410 gone: parked for a person      (a person acts)
    ├── HeldForPerson           exit 11  the circuit breaker holds the change set         (a person acts)
    ├── RunBusy                 exit 12  another run of this source is under way          (waiting helps)
    ├── DeadlineExceeded        exit 13  the run's time is over                           (waiting helps)
    ├── ContractFileError       exit 15  a contract file: broken, encrypted, too large      (a person acts)
    └── Stale                   exit 14  `bridge status --max-age`: no complete sync for too long
"""

from __future__ import annotations

from typing import ClassVar


class BridgeError(Exception):
    """Base of every error that this program raises on purpose.

    message: what happened and where (source, page, row, column, file, YAML path).
    hint:    what to do next, one sentence; shown on its own line.
    where:   fields for the log, e.g. ``source="demo", page=3``; never a secret.
    """

    code: ClassVar[str] = "bridge_error"
    retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1
    hint: str = ""

    def __init__(self, message: str, *, hint: str = "", **where: object) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or type(self).hint
        self.where = where

    def __str__(self) -> str:
        return self.message


class UsageError(BridgeError):
    code, exit_code = "usage", 2


class AlreadyDecided(UsageError):
    code = "already_decided"
    hint = "Load the list again; what the other person decided stands there."


class ConfigError(BridgeError):
    code, exit_code = "config", 3


class ProfileError(ConfigError):
    code = "profile"


class RulesError(ConfigError):
    code = "rules"


class ClockWrong(ConfigError):
    code = "clock_wrong"
    hint = "Let both machines take the time from the network (NTP), then run this again."


class SecretMissing(ConfigError):
    code = "secret_missing"


class SetupError(BridgeError):
    code, exit_code = "setup", 4


class WeightsMissing(SetupError):
    code = "weights_missing"


class SourceError(BridgeError):
    code, exit_code = "source", 5
    retryable = True


class SourceUnavailable(SourceError):
    code = "source_unavailable"
    hint = "The next run tries again; if it stays so, open the address in a browser on this machine."


class CertificateError(SourceError):
    code, retryable = "certificate", False
    hint = "Give the ERP's own certificate authority as `ca_file` of the source, or renew its certificate."


class SignInRefused(SourceError):
    code, exit_code, retryable = "sign_in_refused", 6, False
    hint = "Set the right password with `bridge secret set NAME`; the bridge does not try again before that."


class CaptchaFailed(SourceError):
    code, exit_code = "captcha_failed", 6


class SeatTaken(SourceError):
    code, exit_code = "seat_taken", 6
    hint = "Someone else is signed in with this account; give the bridge an account of its own."


class SessionLost(SourceError):
    code = "session_lost"


class GuardViolation(SourceError):
    code, retryable = "guard_violation", False


class NavigationFailed(SourceError):
    code, retryable = "navigation_failed", False


class CaptureError(BridgeError):
    code, exit_code = "capture", 7


class LayoutChanged(CaptureError):
    code = "layout_changed"


class CaptureIncomplete(CaptureError):
    code, retryable = "capture_incomplete", True


class UnreadableImage(CaptureError):
    code = "unreadable_image"


class ContractFileError(BridgeError):
    code, exit_code = "contract_file", 15


class ReadError(BridgeError):
    code, exit_code, retryable = "read", 8, True


class StoreError(BridgeError):
    code, exit_code = "store", 9


class StoreUnavailable(StoreError):
    code, retryable = "store_unavailable", True


class StoreBusy(StoreError):
    code, retryable = "store_busy", True


class StoreTooNew(StoreError):
    code = "store_too_new"
    hint = "Update the program, or restore the database of this version."


class TrailBroken(StoreError):
    code = "trail_broken"
    hint = "Compare with a backup of the database, and keep both."


class DeliveryError(BridgeError):
    code, exit_code = "delivery", 10


class DeliveryFailed(DeliveryError):
    """The receiver may take it later. ``retry_after``: seconds the receiver asked to wait, or None."""

    code, retryable = "delivery_failed", True

    def __init__(self, message: str, *, hint: str = "", retry_after: float | None = None, **where: object) -> None:
        super().__init__(message, hint=hint, **where)
        self.retry_after = retry_after


class DeliveryRefused(DeliveryError):
    code = "delivery_refused"


class HeldForPerson(BridgeError):
    code, exit_code = "held", 11


class RunBusy(BridgeError):
    code, exit_code, retryable = "run_busy", 12, True


class DeadlineExceeded(BridgeError):
    code, exit_code, retryable = "deadline", 13, True


class Stale(BridgeError):
    code, exit_code = "stale", 14
    hint = "See `bridge status` and the log of the last run; is `bridge run` still running?"
