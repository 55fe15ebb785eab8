"""What verifying a warehouse finds: what is wrong where, and who can mend it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["damaged", "missing", "orphaned", "foreign"]
MendedBy = Literal["repair", "run", "hand"]

REBUILT = "removes it, and the next run makes it again"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something that is wrong with a warehouse.

    Attributes:
        place: Where, a file or folder of the warehouse.
        kind: ``damaged``: not what its writer wrote; ``missing``: should be there; ``orphaned``:
            nothing can use it; ``foreign``: not of nightjar.
        what: What was expected and what is there.
        repair: What ``nightjar repair`` does about it, or what a person has to do.
        mended_by: ``repair`` removes the place; ``run``: the next run mends it by itself; ``hand``:
            neither can.
    """

    place: str
    kind: Kind
    what: str
    repair: str
    mended_by: MendedBy


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was checked, by kind of thing, and what is wrong."""

    checked: Counter[str] = field(default_factory=Counter)
    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, word: str, count: int, findings: Iterable[Finding]) -> Verdict:
        """Return the verdict on some things of one kind."""
        return cls(Counter({word: count}), tuple(findings))

    @classmethod
    def sum_of(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """Return the verdict on all that several are about, its findings in the order of places."""
        checked: Counter[str] = Counter()
        findings: list[Finding] = []
        for verdict in verdicts:
            checked.update(verdict.checked)  # which keeps what was counted as 0
            findings += verdict.findings
        return cls(checked, tuple(sorted(findings)))

    def as_json(self) -> dict[str, Any]:
        """Return it as the command line prints it."""
        findings = [asdict(finding) for finding in self.findings]
        return {"checked": dict(self.checked), "findings": findings}


@dataclass(frozen=True, slots=True)
class Repair:
    """What repairing a warehouse comes to.

    Attributes:
        removed: What was removed, or would be.
        remaining: What is left to the next run or to a person.
        dry_run: Whether nothing was changed.
    """

    removed: tuple[Finding, ...]
    remaining: tuple[Finding, ...]
    dry_run: bool

    @classmethod
    def of(cls, verdict: Verdict, dry_run: bool) -> Repair:
        """Return what repairing comes to where that is the verdict."""
        removed = (finding for finding in verdict.findings if finding.mended_by == "repair")
        remaining = (finding for finding in verdict.findings if finding.mended_by != "repair")
        return cls(tuple(removed), tuple(remaining), dry_run)

    @property
    def needs_a_hand(self) -> bool:
        """Whether something remains that neither this nor the next run mends."""
        return any(finding.mended_by == "hand" for finding in self.remaining)


def damaged(place: str, what: str) -> Finding:
    """Return the finding of a file that a run can make again."""
    return Finding(place, "damaged", what, REBUILT, "repair")


def kept(place: str, kind: Kind, what: str, advice: str) -> Finding:
    """Return the finding of something that only a person may remove or mend."""
    return Finding(place, kind, what, f"nothing: {advice}", "hand")


def foreign(place: str) -> Finding:
    """Return the finding of something that nightjar has not written."""
    return kept(place, "foreign", "nightjar writes no such thing", "move it elsewhere")
