"""Accounts of the review page and their sessions.  Knows hashes only: neither passwords nor session tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from bridge.errors import UsageError
from bridge.interfaces import Role
from bridge.store import audit
from bridge.store.database import Database
from bridge.store.tables import user_sessions, users


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """customers: whose orders this person may see; empty: all."""

    name: str
    role: Role
    customers: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    user: User
    csrf: str
    expires_at: datetime


class Accounts:
    """Every change is an entry of the audit trail, by ``by``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def users(self) -> list[User]:
        with self._database.read() as connection:
            return [_user(row) for row in connection.execute(select(users).order_by(users.c.name))]

    def password_of(self, name: str) -> str | None:
        """The hash, or None where there is no such account."""
        with self._database.read() as connection:
            found: str | None = connection.execute(
                select(users.c.password).where(users.c.name == name)
            ).scalar_one_or_none()
        return found

    def add_user(
        self, name: str, *, role: Role, password: str, customers: Sequence[str], by: str, now: datetime
    ) -> None:
        """password: its hash.  Raises UsageError where the name is taken."""
        with self._database.write(lock="users") as connection:
            if connection.execute(select(users.c.name).where(users.c.name == name)).first():
                raise UsageError(
                    f"there is an account {name!r} already",
                    hint="`bridge review user password NAME` gives it another password.",
                )
            connection.execute(
                insert(users).values(
                    name=name, role=role.value, password=password, customers=list(customers), created_at=now
                )
            )
            details = {"name": name, "role": role.value, "customers": list(customers)}
            audit.append(connection, at=now, actor=by, action="user.added", details=details)

    def set_password(self, name: str, password: str, *, by: str, now: datetime) -> None:
        """password: its hash.  Ends the account's sessions.  Raises UsageError where there is no such account."""
        with self._database.write(lock="users") as connection:
            changed = connection.execute(update(users).where(users.c.name == name).values(password=password))
            if changed.rowcount != 1:
                raise _unknown(name)
            connection.execute(delete(user_sessions).where(user_sessions.c.user == name))
            audit.append(connection, at=now, actor=by, action="user.password", details={"name": name})

    def remove_user(self, name: str, *, by: str, now: datetime) -> None:
        """What the person decided stays.  Raises UsageError where there is no such account."""
        with self._database.write(lock="users") as connection:
            connection.execute(delete(user_sessions).where(user_sessions.c.user == name))
            if connection.execute(delete(users).where(users.c.name == name)).rowcount != 1:
                raise _unknown(name)
            audit.append(connection, at=now, actor=by, action="user.removed", details={"name": name})

    def begin_session(self, token: str, user: str, csrf: str, *, now: datetime, expires_at: datetime) -> None:
        """token: the hash of what the browser holds.  Sessions that are over are cleared away."""
        with self._database.write() as connection:
            connection.execute(delete(user_sessions).where(user_sessions.c.expires_at <= now))
            connection.execute(
                insert(user_sessions).values(
                    token=token, user=user, csrf=csrf, created_at=now, expires_at=expires_at
                )
            )

    def session(self, token: str, *, now: datetime) -> SignedIn | None:
        query = (
            select(users, user_sessions.c.csrf, user_sessions.c.expires_at)
            .join_from(user_sessions, users, user_sessions.c.user == users.c.name)
            .where(user_sessions.c.token == token, user_sessions.c.expires_at > now)
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else SignedIn(user=_user(row), csrf=row.csrf, expires_at=row.expires_at)

    def end_session(self, token: str) -> None:
        with self._database.write() as connection:
            connection.execute(delete(user_sessions).where(user_sessions.c.token == token))


def _user(row: Any) -> User:
    return User(name=row.name, role=Role(row.role), customers=tuple(row.customers), created_at=row.created_at)


def _unknown(name: str) -> UsageError:
    return UsageError(f"there is no account {name!r}", hint="`bridge review user list` shows them.")
