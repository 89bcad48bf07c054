"""One search on the command line: progress, hits, what could not be read, what was covered, and the status."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, TextIO

from smartcloudops.cli.logs.wanted import Wanted
from smartcloudops.cli.render.logs import Look, form_of, pass_on
from smartcloudops.core.console import Progress
from smartcloudops.core.errors import ScoError, Status
from smartcloudops.core.quantities import quantity
from smartcloudops.core.text import printable
from smartcloudops.core.times import rfc3339
from smartcloudops.logs.objects import Hit, Lines, LogObject, Trouble

if TYPE_CHECKING:
    from pathlib import Path

    from smartcloudops.cli.render.logs import Form
    from smartcloudops.logs.resuming import Journal
    from smartcloudops.logs.searching import Coverage, Search

# Troubles that are named one by one on stderr; JSON names all.
_NAMED = 20
# A search that takes longer can be resumed.
_JOURNAL_AFTER_S = 2.0
# Hits in order of time that are written at once.
_TOGETHER = 256


class Run:
    """A search under way on the command line."""

    def __init__(self, search: Search, wanted: Wanted, keeper: Keeper | None = None) -> None:
        self.search, self.wanted, self._keeper = search, wanted, keeper
        self._troubles = Troubles(sys.stderr)
        self._began_s = time.monotonic()
        self._printed = 0

    def status(self) -> Status:
        """Run it to its end; KeyboardInterrupt after saying what was covered."""
        out = sys.stdout
        form = form_of(self.wanted.form, look_of(self.search, self.wanted), out)
        with Progress(f"searching {self.search.asked.source.name}", quiet=self.wanted.quiet) as progress:
            try:
                self._print(form, out, progress)
            except (KeyboardInterrupt, ScoError) as e:
                progress.hide()
                out.flush()
                if self._keeper:
                    self._keeper.look(flush=out.flush)
                if isinstance(e, KeyboardInterrupt) or self.search.coverage.objects:
                    self._say_covered(interrupted=True)
                raise
            finally:
                if self._keeper:
                    self._keeper.close(complete=self.search.coverage.whole)
        form.close(self.document())
        out.flush()
        return self._end()

    def _print(self, form: Form, out: TextIO, progress: Progress) -> None:
        if self.wanted.by_time:
            hits = self._in_order(progress)
            while batch := list(islice(hits, _TOGETHER)):
                form.together(batch)
                self._printed += len(batch)
            return
        for found in self._batches(progress):
            if isinstance(found, Lines):
                pass_on(found.data, out)
                self._printed += found.count
            else:
                form.together(found)
                self._printed += len(found)

    def _batches(self, progress: Progress) -> Iterator[list[Hit] | Lines]:
        """Hits as they are found, the progress line out of the way; what is unread is named, and what is done written
        down meanwhile, also where nothing is found."""
        covered = self.search.coverage
        for batch in self.search.batches():
            if isinstance(batch, Trouble):
                progress.hide()
                self._troubles.take(batch)
            elif batch:
                progress.hide()
                yield batch
            if self._keeper:
                self._keeper.look(flush=sys.stdout.flush)
            note = progress_note(covered, time.monotonic() - self._began_s)
            progress.to(covered.objects, max(covered.listing.objects, 1), note)

    def _in_order(self, progress: Progress) -> Iterator[Hit]:
        from smartcloudops.logs.ordering import by_time

        try:
            hits = (hit for batch in self._batches(progress) if isinstance(batch, list) for hit in batch)
            yield from by_time(hits, limit=self.wanted.limit)
        except OSError as e:
            hint = "set TMPDIR to a larger disk, or narrow the search with --since and --until"
            raise ScoError(f"cannot sort the hits: {e.strerror or e}", hint=hint) from e

    def _end(self) -> Status:
        covered = self.search.coverage
        self._troubles.end()
        if not self.wanted.quiet and (not self._printed or time.monotonic() - self._began_s > 1):
            self._say_covered()
        if covered.troubles:
            return Status.PARTIAL
        return Status.FAILED if self.wanted.fail_empty and not self._printed else Status.DONE

    def _say_covered(self, *, interrupted: bool = False) -> None:
        covered = self.search.coverage
        text = covered_text(covered, self._printed, time.monotonic() - self._began_s)
        sys.stderr.write(f"{'interrupted: ' if interrupted else ''}{text}\n")
        if interrupted and self._keeper and self._keeper.is_kept:
            sys.stderr.write("  the same command with --resume goes on from there\n")

    def document(self) -> dict[str, Any]:
        """What JSON says of the search itself."""
        covered = self.search.coverage
        return {
            "source": self.search.asked.source.name,
            "complete": covered.whole and not covered.troubles,
            "objects": covered.objects,
            "stored_bytes": covered.stored,
            "decoded_bytes": covered.seen,
            "unread": [
                {"object": t.address, "damage": t.damage, "why": t.why, "searched_bytes": t.searched}
                for t in covered.troubles
            ],
        }


def look_of(search: Search, wanted: Wanted) -> Look:
    """What a form needs to know of the source."""
    from smartcloudops.logs.whereabouts import host_of_hit

    source = search.asked.source
    more = {"columns": tuple(wanted.columns)} if wanted.columns else {}
    host = host_of_hit(lambda: search.coverage.listing.layout)
    return Look(source.name, source.address, host, search.sieve.marks, **more)


def progress_note(covered: Coverage, took_s: float, what: str = "hits") -> str:
    """How far, how fast, how many hits, or whatever is counted."""
    seen = covered.seen
    rate = f", {quantity(seen / took_s, 'bytes/s')}" if took_s > 0.5 and seen else ""
    more = "" if covered.listed else " and more"
    return f"objects{more}, {quantity(seen, 'bytes')} decoded{rate}, {covered.hits:,} {what}"


def covered_text(covered: Coverage, hits: int, took_s: float, what: str = "hit") -> str:
    """A sentence on how far a search came, and how many hits, or whatever is counted, it found."""
    listing = covered.listing
    found = f"no {what}s" if not hits else f"1 {what}" if hits == 1 else f"{hits:,} {what}s"
    of = f"{covered.objects:,}"
    if not covered.whole:
        of += f" of {listing.objects:,}" if covered.listed else f" of {listing.objects:,} and more"
    text = f"{found} in {of} objects, {quantity(covered.stored, 'bytes')} stored"
    text += f", {quantity(covered.seen, 'bytes')} decoded, {took_s:.1f} s"
    if listing.outside:
        text += f"; {listing.outside:,} listed outside of the window"
    if covered.skipped:
        text += f"; {covered.skipped:,} were done before"
    return text


@dataclass(slots=True)
class Troubles:
    """Names on stderr what could not be read."""

    err: TextIO
    count: int = 0

    def take(self, trouble: Trouble) -> None:
        """One more."""
        self.count += 1
        if self.count <= _NAMED:
            self.err.write(f"unread: {printable(trouble.address)}: {printable(trouble.why)} ({trouble.damage})\n")

    def end(self) -> None:
        """How many were not named one by one."""
        if self.count > _NAMED:
            self.err.write(f"unread: {self.count - _NAMED:,} more objects; -o json names all\n")


def _note(text: str) -> None:
    sys.stderr.write(f"note: {text}\n")


@dataclass(slots=True)
class Keeper:
    """Keeps the journal of a search: from the start where one is resumed, else once it has taken a while."""

    state_dir: Path
    name: str
    window: tuple[int | None, int | None]
    resume: bool
    quiet: bool = False
    journal: Journal | None = None
    _waiting: list[tuple[LogObject, int]] = field(default_factory=list)
    _began_s: float = field(default_factory=time.monotonic)
    _locked: bool = False

    def begin(self) -> None:
        """Resume, where that is asked for; says from where. LockedError where the other run still goes on."""
        if not self.resume:
            return
        self.journal = self._open()
        found = self.journal.found
        if self.quiet:
            return
        if found is None:
            sys.stderr.write("nothing to resume: no such search was interrupted; it begins\n")
        else:
            sys.stderr.write(
                f"resuming the search of {rfc3339(found.since)}: {found.objects:,} objects with {found.hits:,} hits"
                " are done\n"
            )

    @property
    def is_kept(self) -> bool:
        """Whether it can be resumed."""
        return self.journal is not None

    def is_done(self, one: LogObject) -> bool:
        """Whether an earlier run printed all hits of it."""
        return self.resume and self.journal is not None and self.journal.done(one)

    def finished(self, one: LogObject, hits: int) -> None:
        """All hits of it were handed to the printer."""
        self._waiting.append((one, hits))

    def look(self, *, flush: Any) -> None:
        """Write down what is done, once it is printed."""
        if not self._waiting or self._locked:
            return
        if self.journal is None and time.monotonic() - self._began_s >= _JOURNAL_AFTER_S:
            self.journal = self._fresh()
        if self.journal is not None:
            flush()
            for one, hits in self._waiting:
                self.journal.finish(one, hits)
            self._waiting.clear()

    def close(self, *, complete: bool) -> None:
        """The search ended."""
        if self.journal is not None:
            self.journal.close(complete)

    def _fresh(self) -> Journal | None:
        from smartcloudops.core.errors import LockedError

        try:
            journal = self._open()
            if journal.found is not None:
                journal.close(complete=True)
                journal = self._open()
        except LockedError:
            self._locked = True
            return None
        return journal

    def _open(self) -> Journal:
        from smartcloudops.logs.resuming import Journal

        return Journal.open(self.state_dir, self.name, window=self.window, say=_note)
