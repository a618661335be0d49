"""The one door to the database: every part of the store behind one class."""

from __future__ import annotations

from datetime import UTC, datetime

from bridge.interfaces import Clock
from bridge.store.accounts import Accounts
from bridge.store.agreements import Agreements
from bridge.store.audit import AuditTrail
from bridge.store.blind import BlindChecks
from bridge.store.captchas import Captchas
from bridge.store.central import Central
from bridge.store.commit import Commits, NewId, new_message_id
from bridge.store.contracts import Contracts
from bridge.store.database import Database
from bridge.store.days import Days
from bridge.store.export import Export
from bridge.store.glyphs import Glyphs
from bridge.store.memory import LIMIT, PictureMemory
from bridge.store.order_life import OrderLife
from bridge.store.outbox import Outbox
from bridge.store.queue import Queue
from bridge.store.reads import Reads
from bridge.store.reviews import Reviews
from bridge.store.rule_alerts import RuleAlerts
from bridge.store.runs import Runs
from bridge.store.settle import Settlements
from bridge.store.shipping import Shippings
from bridge.store.timeline import Timeline
from bridge.store.undo import Undo
from bridge.store.words import MappingTables


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SqlStore:
    """Satisfies ``interfaces.Store``, ``OutboxStore``, ``DecisionStore``, ``Memory`` and ``GlyphMemory``.

    url: ``sqlite:///path/to/bridge.db`` or ``postgresql://user:password@host/database``.  clock: for what the
    memory learns.  new_id: makes message ids.  wait_s: patience with other processes' locks.

    Raises ConfigError for a URL that is none; everything else raises StoreError and its subclasses.  Call
    :meth:`upgrade` once before use.
    """

    def __init__(
        self,
        url: str,
        clock: Clock = _utc_now,
        *,
        new_id: NewId = new_message_id,
        wait_s: float = 15.0,
        memory_limit: int = LIMIT,
    ) -> None:
        self._database = Database(url, wait_s=wait_s)
        self.name = self._database.name  # the URL without its password

        commits = Commits(self._database, new_id)
        self.baseline = commits.baseline
        self.last_picture = commits.last_picture
        self.commit = commits.commit

        central = Central(self._database)
        self.central = central.central
        self.active_values = central.active_values

        runs = Runs(self._database)
        self.begin_run = runs.begin_run
        self.finish_run = runs.finish_run
        self.run = runs.run
        self.last_runs = runs.last_runs
        self.sources = runs.sources
        self.figures = runs.figures
        self.counts = runs.counts

        reviews = Reviews(self._database)
        self.open_reviews = reviews.open_reviews
        self.reviews = reviews.reviews
        self.review = reviews.review
        self.not_orders = reviews.not_orders
        self.released = reviews.released
        self.evidence_in_use = reviews.evidence_in_use
        self.settle = Settlements(self._database, new_id).settle
        self.undo = Undo(self._database, new_id).undo

        queue = Queue(self._database)
        self.standing = queue.standing
        self.reviews_of = queue.reviews_of
        self.put_off = queue.put_off
        self.assign = queue.assign
        self.made_decisions = queue.made_decisions
        self.decided_by = queue.decided_by
        self.last_proven = queue.last_proven

        blind = BlindChecks(self._database)
        self.blind_salt = blind.blind_salt
        self.blind_drawn = blind.blind_drawn
        self.accepted_rows = blind.accepted_rows
        self.accepted_row = blind.accepted_row
        self.was_checked = blind.was_checked
        self.add_checks = blind.add_checks
        self.blind_check = blind.blind_check
        self.waiting_checks = blind.waiting_checks
        self.answer_check = blind.answer_check
        self.settle_check = blind.settle_check
        self.measured = blind.measured
        self.caught = blind.caught
        self.distrusted = blind.distrusted
        self.lift_distrust = blind.lift_distrust
        self.blind_pictures = blind.blind_pictures

        captchas = Captchas(self._database)
        self.ask_captcha = captchas.ask_captcha
        self.answer_captcha = captchas.answer_captcha
        self.captcha_answer = captchas.captcha_answer
        self.close_captcha = captchas.close_captcha
        self.captcha_question = captchas.captcha_question
        self.open_captchas = captchas.open_captchas

        timeline = Timeline(self._database)
        self.find_orders = timeline.find_orders
        self.order_history = timeline.order_history
        self.observed = timeline.observed
        self.overdue = timeline.overdue
        self.asked_and_settled = timeline.asked_and_settled

        kept = Contracts(self._database)
        self.contract_of = kept.contract_of
        self.keep_contract = kept.keep_contract
        self.refresh_contracts = kept.refresh_contracts
        self.contract = kept.contract
        self.contracts = kept.contracts
        self.rows_of_order = kept.rows_of_order
        self.contract_entries = kept.contract_entries
        self.contract_pictures = kept.contract_pictures
        self.decide_contract = kept.decide_contract
        self.note_event = kept.note_event
        self.link_contract = kept.link_contract
        self.replace_contract = kept.replace_contract
        self.shippings = Shippings(self._database).shippings

        life = OrderLife(self._database)
        self.orders_now = life.orders_now
        self.standings = life.standings
        self.held_fields = life.held_fields
        self.status_words = life.status_words
        self.has_promises = life.has_promises

        told = RuleAlerts(self._database)
        self.note_fitting = told.note_fitting
        self.untold_alerts = told.untold
        self.open_alerts = told.open_alerts
        self.mark_told = told.mark_told
        self.last_fired = told.last_fired

        days = Days(self._database)
        self.asked_between = days.asked_between
        self.changed_between = days.changed_between
        self.runs_between = days.runs_between

        accounts = Accounts(self._database)
        self.users = accounts.users
        self.password_of = accounts.password_of
        self.add_user = accounts.add_user
        self.set_password = accounts.set_password
        self.remove_user = accounts.remove_user
        self.begin_session = accounts.begin_session
        self.session = accounts.session
        self.end_session = accounts.end_session

        trail = AuditTrail(self._database)
        self.audit = trail.audit
        self.verify_audit = trail.verify_audit

        outbox = Outbox(self._database)
        self.lease = outbox.lease
        self.mark_sent = outbox.mark_sent
        self.mark_failed = outbox.mark_failed
        self.park = outbox.park
        self.pending = outbox.pending
        self.oldest_unsent = outbox.oldest_unsent
        self.parked = outbox.parked
        self.release_parked = outbox.release_parked
        self.drop_parked = outbox.drop_parked
        self.replay = outbox.replay

        memory = PictureMemory(self._database, clock, memory_limit)
        self.lookup = memory.lookup
        self.learn = memory.learn

        reads = Reads(self._database, clock)
        self.learned = reads.learned
        self.recall = reads.recall
        self.keep_reads = reads.keep_reads

        glyphs = Glyphs(self._database, clock)
        self.glyphs = glyphs.glyphs
        self.all_glyphs = glyphs.all_glyphs
        self.keep_glyphs = glyphs.keep_glyphs
        self.forget_glyph = glyphs.forget_glyph

        trust = Agreements(self._database)
        self.agreements = trust.agreements
        self.keep_agreements = trust.keep_agreements

        tables = MappingTables(self._database)
        self.mappings = tables.mappings
        self.import_mappings = tables.import_mappings
        self.forget_mapping = tables.forget_mapping

        self.export_orders = Export(self._database).export_orders

    def upgrade(self) -> None:
        """Brings the schema up to date.  Raises StoreTooNew where a newer program has been here."""
        self._database.upgrade()

    def close(self) -> None:
        self._database.close()
