// Brings jobs up to date on a page that shows some, without a reload, lets no form be sent twice, and keeps what is
// typed into a form that has a [data-keep] in this browser until the server has it.
"use strict";

(() => {
    const EVERY = 2000;

    function activeIds() {
        const cells = document.querySelectorAll('[data-cell][data-ended="no"]');
        return [...new Set([...cells].map((cell) => cell.dataset.job))];
    }

    function show(job) {
        for (const element of document.querySelectorAll(`[data-job="${job.id}"]`)) {
            const { cell, when } = element.dataset;
            if (cell in job.cells) {
                if (element.innerHTML !== job.cells[cell]) element.innerHTML = job.cells[cell];
                element.dataset.ended = job.ended ? "yes" : "no";
            }
            if (when) element.hidden = !job[when];
        }
    }

    async function update(url) {
        const query = activeIds().map((id) => `id=${id}`).join("&");
        const answer = await fetch(`${url}?${query}`, { headers: { Accept: "application/json" } });
        if (answer.redirected || !answer.ok) return;
        for (const job of (await answer.json()).jobs) show(job);
    }

    async function watch(url) {
        if (!activeIds().length) return;
        try {
            if (!document.hidden) await update(url);
        } catch {
            // The network or the server is away for a moment; the next round asks again.
        }
        setTimeout(watch, EVERY, url);
    }

    // A page that the browser brings back from its memory may be sent again.
    function release() {
        for (const button of document.querySelectorAll("[data-once] [type=submit]")) button.disabled = false;
    }

    document.addEventListener("submit", (event) => {
        if (!event.target.matches("[data-once]")) return;
        for (const button of event.target.querySelectorAll("[type=submit]")) button.disabled = true;
    });
    window.addEventListener("pageshow", release);

    document.addEventListener("DOMContentLoaded", () => {
        const place = document.querySelector("[data-live-url]");
        if (place) setTimeout(watch, EVERY, place.dataset.liveUrl);
    });
})();

(() => {
    const UNKEPT = ["hidden", "password", "file", "submit", "button", "reset", "select-multiple"];
    const KEY = `typed:${location.pathname}`;
    const SENT = "typed-sent";
    const notice = () => document.querySelector("form [data-keep]");
    const form = () => notice()?.closest("form");
    const fields = () => [...form().elements].filter((field) => field.name && !UNKEPT.includes(field.type));
    const isTick = (field) => ["checkbox", "radio"].includes(field.type);
    const nameOf = (field) => (isTick(field) ? `${field.name}=${field.value}` : field.name);
    const typed = (field) => (isTick(field) ? field.checked : field.value);
    // Beside a field there may be, in a hidden one, what the page showed: somebody else may have changed it since.
    const seenOf = (field) => form().elements[`seen_${field.name}`];
    let refused = false;

    function first(field) {
        if (isTick(field)) return field.defaultChecked;
        if (field.type !== "select-one") return field.defaultValue;
        return ([...field.options].find((option) => option.defaultSelected) || field.options[0])?.value ?? "";
    }

    // A form that came back with errors shows what was typed; all of it is still to be saved.
    function keep() {
        const changed = fields().filter((field) => refused || typed(field) !== first(field));
        const draft = changed.map((field) => [nameOf(field), { typed: typed(field), seen: seenOf(field)?.value }]);
        if (draft.length) drafts.keep(KEY, Object.fromEntries(draft));
        else drop();
    }

    function drop() {
        drafts.drop(KEY);
        notice().hidden = true;
    }

    function putBack(field, kept) {
        if (isTick(field)) field.checked = kept.typed;
        else field.value = kept.typed;
        if (seenOf(field) && kept.seen !== undefined) seenOf(field).value = kept.seen;
        field.dispatchEvent(new Event("change", { bubbles: true }));
    }

    function restore() {
        const draft = drafts.get(KEY);
        const lost = fields().filter((field) => nameOf(field) in draft && draft[nameOf(field)].typed !== first(field));
        for (const field of lost) putBack(field, draft[nameOf(field)]);
        if (lost.length) notice().hidden = false;
        else drop();
    }

    // A form that was taken leads elsewhere by a redirect; one that was refused, or that found nobody, does not, and
    // who is no longer logged in is led to the words one logs in with.
    function settle() {
        const sent = sessionStorage.getItem(SENT);
        sessionStorage.removeItem(SENT);
        if (!sent) return;
        const led = performance.getEntriesByType("navigation")[0]?.redirectCount > 0;
        if (led && !document.querySelector("[type=password]")) drafts.drop(sent);
        else refused = sent === KEY && !led;
    }

    function start() {
        settle();
        if (notice() && !refused) restore();
    }

    const isKept = (event) => form()?.contains(event.target);
    for (const name of ["input", "change"]) document.addEventListener(name, (event) => { if (isKept(event)) keep(); });
    document.addEventListener("reset", (event) => { if (event.target === form()) drop(); });
    // One that htmx sends stays on its page, where it is emptied once it was taken.
    document.addEventListener("submit", (event) => {
        if (event.target === form() && !form().hasAttribute("hx-post")) sessionStorage.setItem(SENT, KEY);
    });
    document.addEventListener("click", (event) => {
        if (!event.target.closest?.("[data-discard]")) return;
        form().reset();
        location.reload();
    });
    document.addEventListener("DOMContentLoaded", start);
})();
