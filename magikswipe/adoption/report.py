"""The report of an adoption, with all that came over changed or not at all: shown once, kept beside the database."""

from collections import Counter
from pathlib import Path

# Lines that a terminal shows; the file has all.
SHOWN = 40


class Report:
    def __init__(self, path: Path, copy: Path) -> None:
        self.path, self.copy = path, copy
        self.counts: Counter[str] = Counter()
        self.notes: list[str] = []
        self.file = path.with_name(f"{path.stem}.adoption.txt")

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)

    def save(self) -> None:
        """Write all of it beside the database, in one piece."""
        part = self.file.with_suffix(".part")
        part.write_text("\n".join([*self._head(), *self.notes, ""]), encoding="utf-8")
        part.replace(self.file)

    def shown(self) -> str:
        more = len(self.notes) - SHOWN
        rest = [f"… and {more} more"] if more > 0 else []
        return "\n".join([*self._head(), *self.notes[:SHOWN], *rest, f"All of this stands in {self.file}."])

    def _head(self) -> list[str]:
        told = ", ".join(f"{number} {what}" for what, number in self.counts.items() if number)
        return [
            f"Adopted the old backend's database {self.path}: {told}. As it was, it is {self.copy.name} beside it.",
            *(["What did not come over as it was:"] if self.notes else []),
        ]
