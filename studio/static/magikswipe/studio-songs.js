// Counts what is written of a song against what the model takes.
"use strict";

(() => {
    const words = () => document.getElementById("sg-words").dataset;

    function sentence(number, least, most) {
        // Nothing written is nothing wrong: a style is built in, and a song without lyrics can't be asked for.
        if (number && number < least) return ["short", words().short];
        if (most && number > most) return ["long", words().long];
        return ["", most ? words().within : words().free];
    }

    function count(field) {
        const place = document.getElementById(field.getAttribute("aria-describedby"));
        const [least, most] = [Number(field.dataset.least), Number(field.dataset.most)];
        // Characters as the model counts them, not halves of them.
        const number = [...field.value.trim()].length;
        const [state, text] = sentence(number, least, most);
        place.dataset.verdict = state;
        place.textContent = text.replace("%(number)s", number).replace("%(most)s", most).replace("%(least)s", least);
    }

    const all = (root) => root.querySelectorAll?.("textarea[data-least]").forEach(count);
    for (const kind of ["input", "studio:put"]) {
        document.addEventListener(kind, (event) => { if (event.target.matches("textarea[data-least]")) count(event.target); });
    }
    document.addEventListener("DOMContentLoaded", () => all(document));
    document.addEventListener("htmx:load", (event) => all(event.target));
})();
