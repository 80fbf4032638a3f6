"""An installation as the old FastAPI backend left it: its tables as SQLAlchemy made them, rows and files."""

import json
import sqlite3
import uuid
from contextlib import closing
from pathlib import Path

LANGUAGES = ("fr", "en", "es", "it", "de")
TABLES = """
CREATE TABLE univers (
    id INTEGER NOT NULL, name VARCHAR(255) NOT NULL, slug VARCHAR(255), thumbnail_url VARCHAR(500),
    is_public BOOLEAN, owner_id VARCHAR(36), background_music VARCHAR(500), background_color VARCHAR(7),
    created_at DATETIME, updated_at DATETIME, supabase_id BIGINT, last_synced_at DATETIME, PRIMARY KEY (id));
CREATE UNIQUE INDEX ix_univers_slug ON univers (slug);
CREATE TABLE jobs (
    id VARCHAR(36) NOT NULL, type VARCHAR(50) NOT NULL, univers_slug VARCHAR(255), status VARCHAR(9),
    progress INTEGER, total_steps INTEGER, current_step INTEGER, message TEXT, error TEXT, result JSON,
    created_at DATETIME, started_at DATETIME, completed_at DATETIME, PRIMARY KEY (id));
CREATE INDEX ix_jobs_univers_slug ON jobs (univers_slug);
CREATE TABLE univers_prompts (
    id VARCHAR(36) NOT NULL, univers_id BIGINT NOT NULL, default_image_prompt TEXT, default_video_prompt TEXT,
    created_at DATETIME, PRIMARY KEY (id), FOREIGN KEY(univers_id) REFERENCES univers (id) ON DELETE CASCADE);
CREATE TABLE univers_translations (
    id VARCHAR(36) NOT NULL, univers_id BIGINT NOT NULL, language VARCHAR(2) NOT NULL, name VARCHAR(255) NOT NULL,
    PRIMARY KEY (id), CONSTRAINT valid_language CHECK (language IN ('fr', 'en', 'es', 'it', 'de')),
    FOREIGN KEY(univers_id) REFERENCES univers (id) ON DELETE CASCADE);
CREATE TABLE univers_music_prompts (
    id VARCHAR(36) NOT NULL, univers_id BIGINT NOT NULL, language VARCHAR(2) NOT NULL, prompt TEXT NOT NULL,
    lyrics TEXT NOT NULL, created_at DATETIME, PRIMARY KEY (id),
    CONSTRAINT uq_music_univers_language UNIQUE (univers_id, language),
    CONSTRAINT valid_music_language CHECK (language IN ('fr', 'en', 'es', 'it', 'de')),
    FOREIGN KEY(univers_id) REFERENCES univers (id) ON DELETE CASCADE);
CREATE TABLE univers_assets (
    id VARCHAR(36) NOT NULL, univers_id BIGINT NOT NULL, sort_order INTEGER, image_name VARCHAR(255) NOT NULL,
    display_name VARCHAR(255) NOT NULL, created_at DATETIME, updated_at DATETIME, PRIMARY KEY (id),
    FOREIGN KEY(univers_id) REFERENCES univers (id) ON DELETE CASCADE);
CREATE TABLE univers_assets_prompts (
    id VARCHAR(36) NOT NULL, asset_id VARCHAR(36) NOT NULL, custom_image_prompt TEXT, custom_video_prompt TEXT,
    generation_count INTEGER, last_generated_at DATETIME, PRIMARY KEY (id), UNIQUE (asset_id),
    FOREIGN KEY(asset_id) REFERENCES univers_assets (id) ON DELETE CASCADE);
CREATE TABLE univers_assets_translations (
    id VARCHAR(36) NOT NULL, asset_id VARCHAR(36) NOT NULL, language VARCHAR(2) NOT NULL,
    display_name VARCHAR(255) NOT NULL, PRIMARY KEY (id),
    CONSTRAINT valid_asset_language CHECK (language IN ('fr', 'en', 'es', 'it', 'de')),
    FOREIGN KEY(asset_id) REFERENCES univers_assets (id) ON DELETE CASCADE);
"""
EARLY, LATE = "2026-11-03 09:00:00", "2026-11-30 16:05:01.123456"
TRACEBACK = """Traceback (most recent call last):
  File "/app/services/generation.py", line 88, in run
    output = replicate.run(model, input=body)
  File "/app/replicate/client.py", line 12, in run
    raise ModelError(prediction)
replicate.exceptions.ModelError: NSFW content detected"""


def row_id(number: int) -> str:
    return str(uuid.UUID(int=number))


class OldBackend:
    """A storage folder in the making: `add` rows, `put` files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.database = folder, folder / "db" / "local.db"
        self.bucket = folder / "buckets" / "univers"
        self.database.parent.mkdir(parents=True)
        self.bucket.mkdir(parents=True)
        with closing(sqlite3.connect(self.database)) as database:
            database.executescript(TABLES)
        self.numbers = iter(range(1, 10**6))

    def run(self, statement: str, *values: object) -> list[tuple]:
        with closing(sqlite3.connect(self.database)) as database, database:
            return database.execute(statement, values).fetchall()

    def add(self, table: str, **row: object) -> object:
        """Put in a row, with the next id unless it has one; returns its id."""
        row = {"id": row_id(next(self.numbers)), **row}
        marks = ", ".join("?" * len(row))
        self.run(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", *row.values())  # noqa: S608
        return row["id"]

    def put(self, key: str, content: bytes | None = None) -> bytes:
        """Write a file below the bucket; without a content, one that is like no other."""
        path = self.bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if content is not None else f"the bytes of {key}".encode() * 100)
        return path.read_bytes()

    def files(self) -> dict[str, bytes]:
        """All files of the folder but the database's, by path."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.parent != self.database.parent
        }


def usual(folder: Path) -> OldBackend:
    """3 universes with names and songs in all languages, 40 cards with pictures, 90 files."""
    old = OldBackend(folder)
    cards = {"hiver": 20, "ferme": 12, "mer": 8}
    for number, (slug, many) in enumerate(cards.items(), start=7):
        universe(old, number, slug)
        for index in range(many):
            card(old, number, slug, index)
    for name in ("hiver/thumbnail.jpg", "ferme/thumbnail.jpg"):
        old.put(name)
    jobs(old)
    return old


def universe(old: OldBackend, number: int, slug: str) -> None:
    old.add(
        "univers", id=number, name=f"L'univers « {slug} »", slug=slug, is_public=number % 2, created_at=EARLY,
        background_color="#1a1a2e", supabase_id=number + 100, last_synced_at=LATE,
    )  # fmt: skip
    old.add(
        "univers_prompts", univers_id=number, default_image_prompt="{concept}, aquarelle", created_at=EARLY
    )
    for language in LANGUAGES:
        old.add("univers_translations", univers_id=number, language=language, name=f"{slug} {language}")
        old.add(
            "univers_music_prompts", univers_id=number, language=language, prompt="gentle piano",
            lyrics=f"[verse]\n{slug}\r\nla la", created_at=LATE,
        )  # fmt: skip
    for language in LANGUAGES[: number - 5]:
        old.put(f"{slug}/{language}.mp3")


def card(old: OldBackend, universe: int, slug: str, index: int) -> None:
    name = f"{index:02d}_{slug}_{index}"
    asset = old.add(
        "univers_assets", univers_id=universe, sort_order=index + 1, image_name=f"{name}.png",
        display_name=f"Carte {index}", created_at=EARLY, updated_at=None if index % 2 else LATE,
    )  # fmt: skip
    old.add(
        "univers_assets_prompts", asset_id=asset, custom_image_prompt="un pingouin", generation_count=index
    )
    for language in LANGUAGES:
        old.add(
            "univers_assets_translations",
            asset_id=asset,
            language=language,
            display_name=f"{name} {language}",
        )
    old.put(f"{slug}/{name}.png")
    if index < 19:
        old.put(f"{slug}/{name}.mp4")


def jobs(old: OldBackend) -> None:
    times = {"created_at": EARLY, "started_at": EARLY}
    for kind, status, progress, rest in (
        ("generate_images", "COMPLETED", 100, {"completed_at": LATE, "result": json.dumps({"generated": 3})}),
        ("generate_all", "FAILED", 40, {"completed_at": LATE, "error": TRACEBACK}),
        ("generate_videos", "RUNNING", 50, {"message": "Generating 1/2"}),
        ("generate_music", "PENDING", 0, {}),
        ("regenerate_thumbnails", "COMPLETED", 100, {"completed_at": LATE, "message": "3 thumbnails"}),
        ("import_csv", "FAILED", 100, {"completed_at": LATE}),
    ):
        old.add(
            "jobs", type=kind, status=status, progress=progress, univers_slug="hiver",
            total_steps=2, current_step=1, **times, **rest,
        )  # fmt: skip


def odd(folder: Path) -> OldBackend:
    """Odd rows that the old code allowed and no constraint of its tables kept out."""
    old = usual(folder)
    for name in ("Premier", "Dernier", ""):
        old.add("univers_translations", univers_id=9, language="fr", name=name)
    for day, prompt in ((2, "the newest"), (1, "older"), (3, "  ")):
        old.add(
            "univers_prompts",
            univers_id=8,
            default_image_prompt=prompt,
            created_at=f"2027-01-0{day} 00:00:00",
        )
    old.add("univers_translations", univers_id=999, language="fr", name="Orphelin")
    lost = old.add("univers_assets", univers_id=999, image_name="00_lost.png", display_name="Lost")
    old.add("univers_assets_translations", asset_id=lost, language="fr", display_name="Perdu")
    old.run("UPDATE univers SET background_color = 'red', thumbnail_url = 'thumbnail.jpg' WHERE id = 8")
    old.run("UPDATE univers SET name = ?, supabase_id = 107, updated_at = 'soon' WHERE id = 9", "n" * 2000)
    old.run("UPDATE univers_assets SET sort_order = 99999999999 WHERE image_name = '19_hiver_19.png'")
    old.run("UPDATE jobs SET result = '{\"score\": NaN}' WHERE type = 'generate_images'")
    old.run("UPDATE jobs SET result = CAST('{\"rows\": 3}' AS BLOB) WHERE type = 'import_csv'")
    old.run(
        "UPDATE jobs SET result = '[1e999]', error = ? WHERE type = 'generate_all'", "Refused\n" + TRACEBACK
    )
    odd_names(old)
    old.add("univers", id=-3, name=" ", slug="sous-zero")
    old.add("univers_assets", univers_id=-3, image_name="00_a..b.png", display_name="Pingouin\0")
    old.add("univers_assets", univers_id=-3, image_name=".png", display_name="Suffix")
    old.put("sous-zero/00_a..b.png")
    (old.bucket / "sous-zero" / "01_link.png").symlink_to("00_a..b.png")
    (old.bucket / "linked").symlink_to("hiver")
    old.add("univers", id=14, name="Linked", slug="linked")
    old.add("univers", id=12, name="L'été", slug="L'été à la mer", created_at="2026-01-01T10:00:00+02:00",
            thumbnail_url="/storage/buckets/univers/L'été à la mer/cover.png")  # fmt: skip
    old.add("univers_assets", univers_id=12, image_name="00_sable.png", display_name="Sable", sort_order=1)
    for name in (
        "assets/00_sable.png",
        "assets/00_sable.mp4",
        "music/fr.mp3",
        "cover.png",
        "assets/99_other.png",
    ):
        old.put(f"L'été à la mer/{name}")
    old.put("nobody/00_x.png")
    old.run("CREATE TABLE alembic_version (version_num VARCHAR(32))")
    old.run(
        "UPDATE univers_translations SET name = CAST(x'e97465' AS TEXT) WHERE univers_id = 7 AND language = 'de'"
    )
    return old


CARDS = {
    # id: (file name that it has, what its picture and clip were)
    "asset_001.png": ("asset_001.png", "asset_001"),
    "01_éléphant.png": ("01_elephant.png", "01_éléphant"),
    "02_l'âne.png": ("02_l_ane.png", "02_l'âne"),
    "été.png": ("11_ete.png", "été"),
    "Le loup.JPG": ("12_le_loup.jpg", "Le loup"),
}


def odd_names(old: OldBackend) -> None:
    for number, name in enumerate(CARDS):
        old.add("univers_assets", id=uuid.UUID(int=5000 + number).hex.upper(), univers_id=9, image_name=name,
                display_name=f"Odd {number}", sort_order="3")  # fmt: skip
        old.put(f"mer/{name}")
        old.put(f"mer/{name.rpartition('.')[0]}.mp4")
    old.add("univers_assets", univers_id=9, image_name="00_mer_0.png", display_name="Twin", id="no uuid")
    old.add("univers_assets_translations", asset_id="no uuid", language="fr", display_name="Jumeau")
