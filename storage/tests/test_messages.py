"""A stored sentence is shown in any language; the words of others stay as they are."""

import json

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy

from storage.errors import BucketUnreachable
from storage.messages import (
    LITERAL,
    Message,
    MessageField,
    gettext,
    literal,
    ngettext,
    of,
    read,
    together,
    write,
)

NO_TOKEN = gettext("Replicate is not configured: set REPLICATE_API_TOKEN.")
LYRICS = gettext("the lyrics in %(languages)s") % {
    "languages": [gettext_lazy("French"), gettext_lazy("German")]
}
LEFT_OUT = gettext("The language model left out %(missing)s, even when asked again; try again later.")


def names(number):
    text = ngettext("Names of %(number)s card", "Names of %(number)s cards", number)
    return text % {"number": number}


def stored(message):
    return read(write(message))


def in_french(message):
    with translation.override("fr"):
        return str(message).replace("\xa0", " ")


@pytest.mark.parametrize(
    ("message", "english", "french"),
    [
        (NO_TOKEN, NO_TOKEN.id, "Replicate n’est pas configuré : renseignez REPLICATE_API_TOKEN."),
        (names(1), "Names of 1 card", "Noms de 1 carte"),
        (names(0), "Names of 0 cards", "Noms de 0 carte"),
        (names(2), "Names of 2 cards", "Noms de 2 cartes"),
        (
            LEFT_OUT % {"missing": LYRICS},
            "The language model left out the lyrics in French, German, even when asked again; try again later.",
            "Le modèle de langage a omis les paroles en français, allemand, même à la deuxième demande ; "
            "réessayez plus tard.",
        ),
        (
            together(names(1), NO_TOKEN, ""),
            f"Names of 1 card {NO_TOKEN.id}",
            f"Noms de 1 carte {in_french(NO_TOKEN)}",
        ),
        (literal("Picture of %(card)s: 50%"), "Picture of %(card)s: 50%", "Picture of %(card)s: 50%"),
        (gettext("Picture of %(card)s") % {"card": "French"}, "Picture of French", "Image de French"),
        (gettext("100% of nobody's catalogue"), "100% of nobody's catalogue", "100% of nobody's catalogue"),
        (literal(""), "", ""),
    ],
)
def test_a_stored_sentence_says_the_same_in_english_and_in_french(message, english, french):
    assert stored(message) == message
    with translation.override("fr"):
        assert stored(message).english == english
    assert str(stored(message)) == english
    assert in_french(stored(message)) == french


@pytest.mark.parametrize(
    "text",
    ["Replicate's own words", '{"id": "no JSON', '{"id": "Ideas"}', '{"id": 5}', "[]", "null", '{"a": 1}'],
)
def test_the_words_of_others_stay_as_they_are(text):
    assert stored(literal(text)) == literal(text)
    assert str(stored(literal(text))) == text


@pytest.mark.parametrize(
    "text", ["A text of an earlier version.", '{"id": ', '{"id": "Ideas", "params": 3}', '{"id": }']
)
def test_a_row_without_a_message_is_the_words_of_somebody_else(text):
    assert read(text) == Message(LITERAL, {"text": text})


def test_a_sentence_is_stored_as_its_id_and_what_is_filled_in():
    said = gettext("%(label)s: %(error)s") % {"label": names(2), "error": ValueError("no such card")}
    assert json.loads(write(said)) == {
        "id": "%(label)s: %(error)s",
        "params": {
            "label": {
                "id": "Names of %(number)s card",
                "plural": "Names of %(number)s cards",
                "count": 2,
                "params": {"number": 2},
            },
            "error": "no such card",
        },
    }


def test_an_exception_and_a_lazy_text_give_the_message_they_were_made_of():
    with translation.override("fr"):
        assert of(ValueError(NO_TOKEN)) == NO_TOKEN
        assert of(BucketUnreachable("refused")).params == {"setting": "BUCKET_URL", "reason": "refused"}
        assert of(gettext_lazy("French")) == gettext("French")
        assert of(ValueError("Replicate's own words")) == literal("Replicate's own words")


def test_only_a_message_that_says_something_is_true():
    assert not literal("") and not together("", literal(""))
    assert NO_TOKEN and literal("0")


def test_a_column_of_messages_is_one_of_texts():
    assert MessageField().deconstruct()[1] == "django.db.models.TextField"
