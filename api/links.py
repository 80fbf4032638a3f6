"""What can be called next with what an answer tells, as links of the OpenAPI schema.

https://spec.openapis.org/oas/v3.0.3#link-object
"""

BODY, SLUG = "$response.body#", {"slug": "$request.path.slug"}

UNIVERSE = (
    "universes_retrieve", "universes_partial_update", "universes_destroy", "universes_duplicate", "universes_export",
    "universes_assets_list", "universes_assets_create", "universes_music_prompts_list",
    "universes_music_prompts_create", "universes_thumbnail_upload", "generate_images", "generate_gaps", "sync_push",
)  # fmt: skip
CARD = (
    "universes_assets_retrieve", "universes_assets_partial_update", "universes_assets_destroy",
    "universes_assets_image_upload", "universes_assets_variants_list",
)  # fmt: skip
SONG = (
    "universes_music_prompts_retrieve", "universes_music_prompts_partial_update", "universes_music_prompts_destroy",
    "universes_music_upload", "universes_music_variants_list",
)  # fmt: skip
JOB = ("jobs_retrieve", "jobs_cancel", "jobs_retry")
STARTS_A_JOB = ("all", "ideas", "images", "music", "names", "stored_lyrics", "videos")

MADE_UNIVERSE = ("201", {"slug": f"{BODY}/slug"}, UNIVERSE)
STARTED_JOB = ("200", {"job_id": f"{BODY}/id"}, JOB)

# By operation: the status that it answers with, what its answer gives, and the operations that take it. What a list
# gives is no link's: it may be empty.
LINKS = {
    "universes_create": MADE_UNIVERSE,
    "universes_duplicate": MADE_UNIVERSE,
    "universes_import_load": MADE_UNIVERSE,
    "universes_assets_create": ("201", {**SLUG, "asset_id": f"{BODY}/id"}, CARD),
    "universes_music_prompts_create": ("201", {**SLUG, "language": f"{BODY}/language"}, SONG),
    **{f"generate_{name}": STARTED_JOB for name in STARTS_A_JOB},
}


def add(result, generator, request, public):
    """For drf-spectacular, which calls it with the whole schema: the same with links."""
    for operations in result["paths"].values():
        for operation in operations.values():
            if found := LINKS.get(operation["operationId"]):
                status, parameters, targets = found
                operation["responses"][status]["links"] = {
                    target: {"operationId": target, "parameters": parameters} for target in targets
                }
    return result
