"""Pictures of single characters, per source and face, with what speaks for and against each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from bridge.errors import UsageError
from bridge.interfaces import Clock
from bridge.memories import GlyphPicture
from bridge.records import Witness
from bridge.store.database import Database
from bridge.store.in_lists import in_lists
from bridge.store.reading_tables import glyphs, memory
from bridge.store.reads import SETTLED, read_anew

LIMIT = 40_000
"""Pictures kept per source: some 3,000 characters at four subpixels, in three faces, at about 400 bytes each."""
FORMAT = 1
"""Of the pictures.  Those of another format are not offered, and go when their source learns anew."""
FORGOTTEN = "forgotten"


class Glyphs:
    """Satisfies ``interfaces.GlyphMemory``."""

    def __init__(self, database: Database, clock: Clock, limit: int = LIMIT) -> None:
        self._database = database
        self._clock = clock
        self._limit = limit

    def glyphs(self, source: str, face: str) -> list[GlyphPicture]:
        return [g for f, g in self.all_glyphs(source) if f == face]

    def all_glyphs(self, source: str) -> list[tuple[str, GlyphPicture]]:
        """(face, picture) of every face, the commonest first."""
        query = select(glyphs).where(glyphs.c.source == source, glyphs.c.format == FORMAT)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(glyphs.c.face, glyphs.c.seen.desc(), glyphs.c.picture))
            return [(row.face, _picture(row)) for row in rows]

    def keep_glyphs(self, source: str, face: str, learned: Sequence[GlyphPicture]) -> None:
        """See ``interfaces.GlyphMemory``.  Where a character is no longer settled, what glyphs have proven of this
        source's cells is taken back: it is proven anew when it is seen next."""
        if not learned:
            return
        now = self._clock()
        mine = (glyphs.c.source == source, glyphs.c.face == face)
        with self._database.write(lock="memory") as connection:
            connection.execute(delete(glyphs).where(*mine, glyphs.c.format != FORMAT))
            before = {
                row.picture: row for part in in_lists([g.id for g in learned])
                for row in connection.execute(select(glyphs).where(*mine, glyphs.c.picture.in_(part)))
            }  # fmt: skip
            fresh = []
            retracted = False
            for g in learned:
                old = before.get(g.id)
                values = _values(g) | {"last_seen": now}
                if old is None:
                    fresh.append(values | {"source": source, "face": face, "picture": g.id, "learned_at": now})
                elif old.state != FORGOTTEN:
                    retracted |= old.state == SETTLED and (g.state != SETTLED or g.label != old.label)
                    connection.execute(update(glyphs).where(*mine, glyphs.c.picture == g.id).values(values))
            if fresh:
                connection.execute(insert(glyphs), fresh)
            if retracted:
                _take_back(connection, source, now)
            _make_room(connection, source, self._limit)

    def forget_glyph(self, source: str, picture: str) -> None:
        """The picture is never believed again, and what glyphs have proven of this source's cells is taken back.

        picture: its id, or the beginning of it.  Raises UsageError if none or several begin so."""
        with self._database.write(lock="memory") as connection:
            query = select(glyphs.c.face, glyphs.c.picture).where(
                glyphs.c.source == source, glyphs.c.picture.startswith(picture, autoescape=True)
            )
            found = connection.execute(query).all()
            if len(found) != 1:
                what = "no glyph" if not found else f"{len(found)} glyphs"
                raise UsageError(
                    f"{what} of {source} has an id that begins with {picture!r}",
                    hint=f"`bridge glyphs --source {source}` lists them with their ids.",
                )
            connection.execute(
                update(glyphs)
                .where(glyphs.c.source == source, glyphs.c.face == found[0].face)
                .where(glyphs.c.picture == found[0].picture)
                .values(state=FORGOTTEN, proofs=[], against="a person said so")
            )
            _take_back(connection, source, self._clock())


def _values(g: GlyphPicture) -> dict[str, object]:
    return {
        "format": FORMAT,
        "rows": g.rows,
        "columns": g.columns,
        "pixels": g.pixels,
        "clean": g.clean,
        "label": g.label,
        "state": g.state,
        "votes": {net: dict(counter) for net, counter in g.votes.items()},
        "runners": dict(g.runners),
        "refuted": dict(g.refuted),
        "proofs": list(g.proofs),
        "against": g.against,
        "seen": g.seen,
        "spent": g.spent,
    }


def _picture(row: Row[tuple[object, ...]]) -> GlyphPicture:
    return GlyphPicture(
        id=row.picture,
        rows=row.rows,
        columns=row.columns,
        pixels=bytes(row.pixels),
        clean=row.clean,
        label=row.label,
        state=row.state,
        votes=row.votes,
        runners=row.runners,
        refuted=row.refuted,
        proofs=tuple(row.proofs),
        against=row.against,
        seen=row.seen,
        spent=row.spent,
    )


def _take_back(connection: Connection, source: str, now: datetime) -> None:
    """Forgets every cell of the source that glyphs have proven and no person has confirmed."""
    read_anew(connection, source, now)
    rows = connection.execute(select(memory.c.picture, memory.c.witnesses).where(memory.c.source == source))
    by_glyphs = [
        row.picture for row in rows
        if Witness.GLYPHS.value in row.witnesses and Witness.PERSON.value not in row.witnesses
    ]  # fmt: skip
    for part in in_lists(by_glyphs):
        connection.execute(delete(memory).where(memory.c.source == source, memory.c.picture.in_(part)))


def _make_room(connection: Connection, source: str, limit: int) -> None:
    """Lets go of pictures that are not settled and were not seen for longest, but never of a person's word."""
    mine = glyphs.c.source == source
    count = connection.execute(select(func.count()).where(mine)).scalar_one()
    if count <= limit:
        return
    query = select(glyphs.c.face, glyphs.c.picture).where(mine, glyphs.c.state != FORGOTTEN)
    oldest = query.order_by(glyphs.c.state == SETTLED, glyphs.c.last_seen, glyphs.c.seen, glyphs.c.picture)
    for face, picture in connection.execute(oldest.limit(count - limit + limit // 10)).all():
        connection.execute(delete(glyphs).where(mine, glyphs.c.face == face, glyphs.c.picture == picture))
