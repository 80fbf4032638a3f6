"""Build ``data/lexicon.json`` and ``data/pictures.zip`` from two unpacked npm packages.

    npm pack emojibase-data@17.0.0 openmoji@17.0.0      # then unpack each .tgz
    python -m sandbox.build_lexicon EMOJIBASE_FOLDER OPENMOJI_FOLDER

Names and tags come from emojibase-data (MIT), pictures from OpenMoji (CC BY-SA 4.0). Nothing is
downloaded here.
"""

import argparse
import json
import re
import zipfile
from pathlib import Path

from sandbox.curation import PICKED, UNSUITABLE, WHOLE_SUBGROUPS, renamed

LANGUAGES = ("en", "fr", "es", "it", "de")
DATA = Path(__file__).parent / "data"
RENAMED = renamed()
LONGEST_NAME = 26
MOST_WORDS = 4
ZIP_TIME = (2026, 1, 1, 0, 0, 0)  # constant, so that the same input gives the same archive


def read_catalogue(folder: Path) -> dict[str, dict[str, dict]]:
    """``{language: {hexcode: entry}}`` from an unpacked emojibase-data package."""
    return {
        language: {
            entry["hexcode"]: entry
            for entry in json.loads((folder / language / "data.json").read_text("utf-8"))
        }
        for language in LANGUAGES
    }


def is_suitable(entry: dict) -> bool:
    label = entry["label"]
    if label in PICKED:
        return True
    if entry.get("subgroup") not in WHOLE_SUBGROUPS or label in UNSUITABLE:
        return False
    return label in RENAMED or not label.endswith(" face")


def names_of(catalogue: dict, code: str) -> dict[str, str]:
    label = catalogue["en"][code]["label"]
    if label in RENAMED:
        return dict(zip(LANGUAGES, RENAMED[label], strict=True))
    return {language: catalogue[language][code]["label"] for language in LANGUAGES}


def is_short(names: dict[str, str]) -> bool:
    return all(len(name) <= LONGEST_NAME and len(name.split()) <= MOST_WORDS for name in names.values())


def tags_of(catalogue: dict, code: str) -> list[str]:
    found = set()
    for language in LANGUAGES:
        entry = catalogue[language][code]
        found.update(tag.lower() for tag in entry.get("tags", []))
        found.update(re.findall(r"\w+", entry["label"].lower()))
    return sorted(found)


def build_entries(catalogue: dict, pictures: Path) -> list[dict]:
    """The lexicon's entries in the catalogue's order; within a language no name occurs twice."""
    entries, taken = [], set()
    for english in sorted(catalogue["en"].values(), key=lambda entry: entry.get("order", 0)):
        code = english["hexcode"]
        if not is_suitable(english) or not (pictures / f"{code}.svg").exists():
            continue
        names = names_of(catalogue, code)
        keys = {(language, name.lower()) for language, name in names.items()}
        if keys & taken or not is_short(names):
            print(f"left out: {english['label']} {names}")
            continue
        taken |= keys
        entries.append(
            {"code": code, "subgroup": english["subgroup"], "names": names, "tags": tags_of(catalogue, code)}
        )
    return entries


def tidy_svg(text: str) -> str:
    return re.sub(r">\s+<", "><", text).strip()


def write_pictures(entries: list[dict], pictures: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for entry in entries:
            info = zipfile.ZipInfo(f"{entry['code']}.svg", date_time=ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, tidy_svg((pictures / info.filename).read_text("utf-8")))


def write_lexicon(entries: list[dict], target: Path) -> None:
    lines = (json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in entries)
    target.write_text("[\n" + ",\n".join(lines) + "\n]\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("emojibase", type=Path, help="unpacked emojibase-data package")
    parser.add_argument("openmoji", type=Path, help="unpacked openmoji package")
    options = parser.parse_args()
    pictures = options.openmoji / "color" / "svg"
    entries = build_entries(read_catalogue(options.emojibase), pictures)
    write_lexicon(entries, DATA / "lexicon.json")
    write_pictures(entries, pictures, DATA / "pictures.zip")
    print(f"{len(entries)} entries written to {DATA}")


if __name__ == "__main__":
    main()
