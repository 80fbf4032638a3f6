"""What language models answer when they are asked for two concepts: whole, in part, or nothing."""

import html
import json
import re

SNOWFLAKE = {"fr": "flocon", "en": "snowflake", "es": "copo", "it": "fiocco", "de": "Schneeflocke"}
OWL = {"fr": "hibou", "en": "owl", "es": "búho", "it": "gufo", "de": "Eule"}
WOLF = {"fr": "loup", "en": "wolf", "es": "lobo", "it": "lupo", "de": "Wolf"}
BOTH = [SNOWFLAKE, OWL]
CLEAN = json.dumps({"concepts": BOTH}, ensure_ascii=False)
PRETTY = json.dumps({"concepts": BOTH}, ensure_ascii=False, indent=2)
ROWS = [list(SNOWFLAKE.values()), list(OWL.values())]
COLUMNS = {code: [SNOWFLAKE[code], OWL[code]] for code in SNOWFLAKE}

WHOLE = {
    "clean": CLEAN,
    "fenced": f"```json\n{PRETTY}\n```",
    "fenced without a language": f"```\n{CLEAN}\n```",
    "fence never closed": f"Here you are:\n```json\n{PRETTY}",
    "prose before": f"Sure! Here are 2 concepts for you:\n\n{CLEAN}",
    "prose after": f"{CLEAN}\n\nI hope the children like {{these}} [two]!",
    "prose with brackets before": f"Here is the list [2 items] in {{JSON}}:\n{CLEAN}",
    "single quotes": CLEAN.replace('"', "'"),
    "curly quotes": re.sub('"(.*?)"', r"“\1”", CLEAN),
    "closing quotes alone": CLEAN.replace('"', "”"),
    "trailing commas": PRETTY.replace('"\n    }', '",\n    }').replace("}\n  ]", "},\n  ]"),
    "keys without quotes": CLEAN.replace('"fr"', "fr")
    .replace('"en"', "en")
    .replace('"concepts"', "concepts"),
    "comments": PRETTY.replace('"concepts"', '// two of them\n  "concepts"'),
    "keys in capitals": CLEAN.replace('"fr"', '"FR"').replace('"de"', '"DE"'),
    "languages by name": CLEAN.replace('"fr"', '"French"')
    .replace('"es"', '"Español"')
    .replace('"it"', '"italian"'),
    "languages with regions": CLEAN.replace('"en"', '"en-GB"').replace('"fr"', '"fr_FR"'),
    "another wrapper": CLEAN.replace('"concepts"', '"items"'),
    "no wrapper": json.dumps(BOTH),
    "numbered objects": json.dumps({"1": SNOWFLAKE, "2": OWL}),
    "names nested": json.dumps([{"id": 1, "translations": SNOWFLAKE}, {"id": 2, "translations": OWL}]),
    "rows": json.dumps(ROWS),
    "rows with a head": json.dumps([list(SNOWFLAKE), *ROWS]),
    "rows in a wrapper": json.dumps({"concepts": ROWS}),
    "columns": json.dumps(COLUMNS),
    "columns beside a plain list": json.dumps({"concepts": COLUMNS["fr"], "translations": COLUMNS}),
    "each name in an object": json.dumps(
        [{code: {"name": name} for code, name in one.items()} for one in BOTH]
    ),
    "one object per line": "\n".join(json.dumps(one) for one in BOTH),
    "articles": CLEAN.replace("hibou", "le hibou").replace("Eule", "die Eule").replace("owl", "an owl"),
    "elided article": CLEAN.replace("fiocco", "l'fiocco"),
    "numbers and full stops": CLEAN.replace('"flocon"', '"1. flocon."').replace('"hibou"', '" hibou "'),
    "markup": CLEAN.replace("owl", "<b>owl</b>").replace("copo", "**copo**"),
    "tokens left over": f"<|start_header_id|>assistant<|end_header_id|>\n\n{CLEAN}<|eot_id|>",
    "a byte order mark": f"\ufeff{CLEAN}",
    "halves of characters": CLEAN.replace("owl", "owl\\ud83d").replace("gufo", "gu\\u0000fo"),
    "duplicates": json.dumps({"concepts": [SNOWFLAKE, {**SNOWFLAKE, "fr": "Flocon"}, OWL]}),
    "too many": json.dumps({"concepts": [SNOWFLAKE, OWL, {code: f"more {code}" for code in SNOWFLAKE}]}),
    "thoughts": f"<think>They want animals, no brackets here.</think>\n{CLEAN}",
    "thoughts with a list": f'<think>Maybe {{"concepts": ["a", "b"]}}?</think>\n{CLEAN}',
    "thoughts with a draft": f"<think>{json.dumps({'concepts': [WOLF]})} no, too frightening</think>\n{CLEAN}",
    "thoughts that begin nowhere": f'Draft: {{"concepts": []}} fine.</think>{CLEAN}',
    "thoughts in a fence": f"<thinking>\n```json\n{json.dumps([WOLF] * 9)}\n```\n</thinking>\n```json\n{CLEAN}\n```",
    "thoughts twice": f"<think>{json.dumps([WOLF])}</think>Hm.<think>{json.dumps([WOLF])}</think>{CLEAN}",
    "thoughts afterwards": f"{CLEAN}\n<think>Was {json.dumps([WOLF])} better?",
    "thoughts between Magistral's marks": f"[THINK]{json.dumps([WOLF])}[/THINK]{CLEAN}",
    "thoughts in a channel": "<|channel|>analysis<|message|>"
    f"{json.dumps([WOLF])}<|end|><|start|>assistant<|channel|>final<|message|>{CLEAN}<|return|>",
    "JSON in a string": json.dumps(CLEAN),
    "JSON in a string in a fence": f"```json\n{json.dumps(PRETTY)}\n```",
    "JSON in a field": json.dumps({"answer": CLEAN}),
    "JSON with its quotes escaped": CLEAN.replace('"', '\\"'),
    "HTML's entities": html.escape(CLEAN),
    "HTML's entities in names": CLEAN.replace("búho", "b&uacute;ho").replace("hibou", "l&#39;hibou"),
    "a null among them": json.dumps({"concepts": [SNOWFLAKE, None, {**OWL, "fr": None}, OWL]}),
}

PARTLY = {
    "cut off within a name": CLEAN[: CLEAN.index("Eule") + 2],
    "cut off between names": CLEAN[: CLEAN.index('"en": "owl"')],
    "cut off in a fence": f"```json\n{PRETTY}"[: PRETTY.index("gufo") + 10],
    "cut off columns": json.dumps(COLUMNS, ensure_ascii=False)[:-4],
    "a language is missing": json.dumps(
        {"concepts": [SNOWFLAKE, {k: v for k, v in OWL.items() if k != "it"}]}
    ),
    "an empty name": json.dumps({"concepts": [SNOWFLAKE, {**OWL, "it": " "}]}),
    "a number for a name": json.dumps({"concepts": [SNOWFLAKE, {**OWL, "it": 7}]}),
    "a sentence for a name": json.dumps(
        {"concepts": [SNOWFLAKE, {**OWL, "it": "gufo, cioè " + "un uccello " * 9}]}
    ),
    "one too few": json.dumps({"concepts": [SNOWFLAKE]}),
}

NOTHING = {
    "empty": "",
    "blank": " \n ",
    "a refusal": "I cannot help with that.",
    "a question": "Which age are the children?",
    "markdown": "1. flocon - snowflake\n2. hibou - owl",
    "null": "null",
    "numbers": "[1, 2, 3]",
    "another object": '{"error": "overloaded"}',
    "a web page": "<html><body>502 Bad Gateway</body></html>",
    "very deep": "[[" * 100_000,
    "a bracket": "{",
    "thoughts alone": f"<think>{CLEAN}",
    "brackets hidden in strings": '["]", ' * 50_000,
    "a number without end": f'{{"fr": {"1" * 100_000}}}',
}

# Texts for which json_repair alone takes minutes.
SLOW = {
    "objects within objects": "{'a'" * 25_000,
    "quotes and signs": '["' + '<"' * 45_000,
    "strings without commas": '{"concepts": ["a",' + '."a"e“' * 10_000,
}
