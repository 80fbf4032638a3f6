"""Emoji that make good picture cards for children, and better names than clumsy ones of the catalogue.

Subgroup numbers are those of emojibase (``meta/groups.json``); labels are its English labels.
"""

from pathlib import Path


def _labels(text: str) -> set[str]:
    return {label.strip() for line in text.splitlines() for label in line.split("|") if label.strip()}


WHOLE_SUBGROUPS = {
    *(34, 35, 36, 37, 38, 39, 40, 41),  # animals and plants
    *(42, 43, 44, 45, 46, 47, 48),  # food and drink
    *(49, 50, 51, 53, 54, 55, 56, 59),  # places, vehicles, sky and weather
    *(60, 62, 63, 64, 65, 68, 81),  # feasts, sports, games, crafts, clothes, instruments, household
}

PICKED = _labels(
    """
    Santa Claus|fairy|mermaid|elf|genie|superhero|ghost|alien|robot|tooth|bone|ear|nose|foot
    hourglass done|watch|alarm clock|trophy|sports medal|megaphone|bell|musical note|musical score|microphone
    headphone|radio|telephone|battery|laptop|computer mouse|keyboard|abacus|movie camera|television
    camera|candle|light bulb|flashlight|open book|scroll|newspaper|bookmark|coin|treasure chest
    envelope|package|postbox|pencil|fountain pen|pen|paintbrush|crayon|calendar|paperclip
    straight ruler|scissors|key|hammer|shield|carpentry saw|wrench|screwdriver|gear|magnet|ladder
    shovel|toolbox|boomerang|hook|test tube|microscope|telescope|luggage|brain|red heart
    magnifying glass tilted left
    """
)

UNSUITABLE = _labels(
    """
    guide dog|service dog|pig nose|cockroach|microbe|wilted flower|rosette|white flower|wing
    meat on bone|cut of meat|bacon|poultry leg|sake|bottle with popping cork|wine glass|cocktail glass
    tropical drink|beer mug|clinking beer mugs|clinking glasses|tumbler glass|mate|pouring liquid
    kitchen knife|amphora|globe with meridians|map of Japan|mount fuji|landslide|derelict house
    Japanese post office|bank|love hotel|wedding|Tokyo tower|Statue of Liberty|barber pole|hot springs
    foggy|oncoming bus|oncoming police car|oncoming taxi|manual wheelchair|motorized wheelchair
    oil drum|fuel pump|police car light|motorway|light rail|bullet train|tram car|railway car
    mountain railway|articulated lorry|trolleybus|horizontal traffic light|airplane departure
    airplane arrival|suspension railway|mountain cableway|seat|waxing crescent moon|waxing gibbous moon
    waning gibbous moon|waning crescent moon|new moon|first quarter moon|last quarter moon
    new moon face|first quarter moon face|last quarter moon face|full moon face|sun with face
    sun behind small cloud|sun behind large cloud|cloud with lightning and rain|cyclone
    snowman without snow|closed umbrella|umbrella with rain drops|umbrella on ground|sparkler
    firecracker|tanabata tree|pine decoration|Japanese dolls|carp streamer|moon viewing ceremony
    red envelope|reminder ribbon|admission tickets|softball|cricket game|lacrosse|boxing glove
    flag in hole|water pistol|pool 8 ball|slot machine|spade suit|heart suit|diamond suit|club suit
    joker|mahjong red dragon|flower playing cards|lab coat|safety vest|briefs|bikini|woman’s clothes
    clutch bag|purse|shopping bags|high-heeled shoe|woman’s sandal|hair pick|military helmet
    prayer beads|lipstick|sari|toilet|plunger|razor|mouse trap|lotion bottle|safety pin|roll of paper
    front-facing baby chick|leafless tree|brown mushroom|oden|fish cake with swirl|tamale
    stuffed flatbread|shallow pan of food|roasted sweet potato|fried shrimp|moon cake|curry rice
    rice cracker|bento box|dango|takeout box|shaved ice|disguised face|globe showing Americas
    globe showing Asia-Australia|classical building|office building|convenience store|department store
    cityscape at dusk|night with stars|sunrise over mountains|auto rickshaw|sport utility vehicle
    flat shoe|curling stone|american football|ginger root|black bird|chipmunk face|root vegetable
    first place|chains|shrimp cracker|bone marrow|glowing star|Japanese castle|soft ice cream
    baguette bread flat|crutch|dragon face|spouting whale
    """
)


def renamed() -> dict[str, list[str]]:
    """English label of the catalogue: names in en, fr, es, it, de."""
    lines = (Path(__file__).parent / "data" / "names.txt").read_text("utf-8").splitlines()
    parts = (line.split(": ", 1) for line in lines if not line.startswith("#"))
    return {label: names.split(" | ") for label, names in parts}
