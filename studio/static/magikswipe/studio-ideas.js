// The list of ideas: ordered, ticked, edited and shortened here, and kept in this browser until cards were made of it.
"use strict";

(() => {
    const list = () => document.querySelector("[data-ideas]");
    const key = () => `studio-ideas:${list().dataset.ideas}`;
    const rows = () => [...list().querySelectorAll("[data-idea]")];
    const ticks = () => [...list().querySelectorAll("[data-idea] [type=checkbox]")];
    const fields = (row) => [...row.querySelectorAll("input:not([type=hidden])")];

    function count() {
        const chosen = ticks().filter((tick) => tick.checked).length;
        for (const place of list().querySelectorAll("[data-count]")) place.textContent = chosen;
        for (const button of list().querySelectorAll("[data-counted]")) button.disabled = !chosen;
    }

    function keep() {
        const kept = rows().map((row) => ({
            id: row.dataset.idea,
            fields: Object.fromEntries(fields(row).map((field) => [field.name, field.type === "checkbox" ? field.checked : field.value])),
        }));
        drafts.keep(key(), { taken: list().dataset.taken, rows: kept });
        list().querySelector("[data-restore]").hidden = false;
        count();
    }

    // What was kept before cards were made of the list says nothing about what is left of it.
    function kept() {
        const found = drafts.get(key());
        return found.rows && found.taken === list().dataset.taken ? found.rows : null;
    }

    function restore() {
        const known = kept();
        if (!known) return drafts.drop(key());
        const there = new Map(rows().map((row) => [row.dataset.idea, row]));
        for (const { id, fields: values } of known) {
            const row = there.get(id);
            if (!row) continue;
            there.delete(id);
            for (const field of fields(row)) {
                if (field.type === "checkbox") field.checked = values[field.name];
                else field.value = values[field.name] ?? field.value;
            }
            row.parentElement.append(row);
        }
        for (const row of there.values()) row.remove();
        list().querySelector("[data-restore]").hidden = false;
        return undefined;
    }

    function start() {
        if (!list()?.querySelector("[data-restore]") || list().dataset.started) return;
        list().dataset.started = "yes";
        // After a refusal the server's answer has what was typed.
        if ("typed" in list().dataset) keep();
        else restore();
        count();
    }

    function move(row, by) {
        const other = by < 0 ? row.previousElementSibling : row.nextElementSibling;
        if (!other) return;
        if (by < 0) other.before(row);
        else other.after(row);
    }

    function remove(row) {
        const next = row.nextElementSibling || row.previousElementSibling;
        row.remove();
        (next?.querySelector("[data-remove]") || list().querySelector("[data-restore]")).focus();
    }

    function act(button) {
        const row = button.closest("[data-idea]");
        if ("remove" in button.dataset) remove(row);
        else move(row, "up" in button.dataset ? -1 : 1);
        keep();
        if (button.isConnected) button.focus();
    }

    document.addEventListener("input", (event) => { if (event.target.closest("[data-idea]")) keep(); });
    document.addEventListener("studio:sorted", () => { if (list()) keep(); });
    document.addEventListener("click", (event) => {
        const button = event.target.closest("[data-up], [data-down], [data-remove]");
        if (button && list()?.contains(button)) act(button);
        if (event.target.closest("[data-restore]")) {
            drafts.drop(key());
            location.reload();
        }
    });
    // Enter sends nothing by chance: in a name it ends the typing, beside the word it confirms just that.
    document.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || !event.target.matches("[data-ideas] .st-input")) return;
        event.preventDefault();
        if (event.target.name === "typed") list().querySelector('[value="replace"]').click();
        else event.target.blur();
    });
    // A refusal has the list with what was typed.
    document.addEventListener("htmx:beforeSwap", (event) => {
        if (event.detail.requestConfig.elt !== list() || ![409, 422].includes(event.detail.xhr.status)) return;
        event.detail.shouldSwap = true;
        event.detail.isError = false;
    });
    window.addEventListener("pageshow", () => { if (list()?.dataset.started) count(); });

    document.addEventListener("htmx:afterSettle", start);
    document.addEventListener("DOMContentLoaded", start);
})();
