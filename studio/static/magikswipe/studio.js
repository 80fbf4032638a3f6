// Brings the parts of a studio page up to date without a reload: a part names itself by data-part, says by
// data-signature what it shows, and can be fetched anew from data-url.
"use strict";

(() => {
    const WHILE_WORKING = 2000;
    const ELSE = 10000;
    const header = () => document.querySelector("[data-studio]");
    let etag = "";

    // Every request of the page's scripts carries the token that Django asks for.
    document.addEventListener("htmx:configRequest", (event) => {
        event.detail.headers["X-CSRFToken"] = header().dataset.csrf;
    });

    const parts = () => [...document.querySelectorAll("[data-part]")];

    // A part in which somebody types, plays or chooses is left alone until they are done.
    function isBusy(part) {
        const dirty = part.querySelector("[data-dirty], .htmx-request, .sortable-ghost");
        const added = part.id === "st-list" && document.querySelector(".st-add.htmx-request");
        const open = part.querySelector("dialog[open], details[data-hold][open]");
        const playing = [...part.querySelectorAll("video, audio")].some((player) => !player.paused);
        const typing = part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
        return Boolean(dirty || added || open || playing || typing || part.classList.contains("sortable-ghost"));
    }

    // The list of cards is known by their ids in order, which a move or a new card changes here as well.
    function shown(part) {
        if (part.id !== "st-list") return part.dataset.signature;
        return [...part.querySelectorAll("[data-card]")].map((card) => card.dataset.card).join(" ");
    }

    function refresh(part, signature) {
        if (signature === null) return part.remove();
        if (shown(part) === signature || isBusy(part)) return undefined;
        // With a source of its own; those of one source would wait for, and drop, each other.
        return renew(part);
    }

    async function renew(part) {
        const place = placeOf(document.activeElement);
        const held = part.contains(document.activeElement);
        const select = part.id === "st-list" ? "#st-list" : undefined;
        await htmx.ajax("GET", part.dataset.url, { source: part, target: part, swap: "outerHTML", select });
        if (held) comeBack(place);
    }

    // --- The keyboard's place: what is swapped for its new self has the focus that it had.

    const ADDRESSES = ["hx-get", "href", "data-move", "data-play"];
    const addressOf = (element) => element.tagName + ADDRESSES.map((name) => element.getAttribute(name)).join();

    function placeOf(element) {
        return { part: element.closest("[data-part]")?.dataset.part, address: addressOf(element) };
    }

    function comeBack({ part, address }) {
        // A dialog that closed while one was in a field of it leaves the focus there, where nothing can be seen.
        const lost = document.activeElement === document.body || dialog()?.contains(document.activeElement);
        if (!part || !lost || dialog()?.open) return;
        const found = document.querySelector(`[data-part="${CSS.escape(part)}"]`);
        const same = [...(found?.querySelectorAll("a, button, summary") || [])].find((one) => addressOf(one) === address);
        same?.focus({ preventScroll: true });
    }

    async function ask() {
        const query = new URLSearchParams(parts().map((part) => ["key", part.dataset.part]));
        const headers = { Accept: "application/json", "If-None-Match": etag };
        const answer = await fetch(`${header().dataset.live}?${query}`, { headers, cache: "no-store" });
        document.dispatchEvent(new CustomEvent("studio:online"));
        if (answer.redirected) document.dispatchEvent(new CustomEvent("studio:left"));
        if (answer.redirected || !answer.ok) return null;
        etag = answer.headers.get("ETag") || "";
        return answer.json();
    }

    function fill(id, html) {
        const place = document.getElementById(id);
        if (place.innerHTML !== html) place.innerHTML = html;
    }

    function show(news) {
        fill("st-jobs", news.jobs);
        fill("st-facts", news.facts);
        header().dataset.working = news.working ? "yes" : "no";
        let waiting = false;
        for (const part of parts()) {
            const signature = news.signatures[part.dataset.part];
            if (signature !== undefined) refresh(part, signature);
            waiting ||= signature !== undefined && signature !== shown(part);
        }
        // What could not be shown yet has to be told again.
        if (waiting) etag = "";
    }

    async function round() {
        try {
            const news = document.hidden ? null : await ask();
            if (news) show(news);
        } catch {
            document.dispatchEvent(new CustomEvent("studio:offline"));
        }
        setTimeout(round, header().dataset.working === "yes" ? WHILE_WORKING : ELSE);
    }

    // Others tell that something was started, so that nobody waits for the slow beat.
    document.addEventListener("studio:started", () => {
        header().dataset.working = "yes";
        etag = "";
        round.now ||= setTimeout(async () => {
            round.now = null;
            const news = await ask().catch(() => null);
            if (news) show(news);
        }, 300);
    });

    document.addEventListener("studio:offline", () => { document.getElementById("st-offline").hidden = false; });
    document.addEventListener("studio:online", () => { document.getElementById("st-offline").hidden = true; });
    document.addEventListener("htmx:sendError", (event) => {
        document.dispatchEvent(new CustomEvent("studio:offline"));
        if (dialog()?.contains(event.detail.elt)) alertIn(dialog(), "st-unsent");
    });
    // The session ended, here or in another tab; beneath an open dialog nothing can be reached, so it says so itself.
    document.addEventListener("studio:left", () => {
        const banner = document.getElementById("st-left");
        if (banner.hidden) banner.hidden = false;
        if (dialog()?.open) alertIn(dialog(), "st-left");
    });
    // A click that starts work says so by a header; the page looks at once.
    document.addEventListener("htmx:afterRequest", (event) => {
        if (event.detail.xhr?.getResponseHeader("X-Started")) document.dispatchEvent(new CustomEvent("studio:started"));
    });

    // --- The dialog: opened by what comes into it, closed by what goes elsewhere.

    const dialog = () => document.getElementById("st-dialog");
    let opener = null;

    function alertIn(place, id) {
        place.querySelector(".st-alert")?.remove();
        const said = document.createElement("div");
        [said.className, said.role] = ["st-alert", "alert"];
        said.innerHTML = document.getElementById(id).innerHTML;
        place.prepend(said);
    }

    function open() {
        if (dialog().open) return;
        opener = placeOf(document.activeElement);
        dialog().showModal();
    }

    const isLogin = (xhr) => xhr.responseURL && new URL(xhr.responseURL).pathname === header().dataset.login;

    document.addEventListener("htmx:beforeSwap", (event) => {
        const { xhr, target } = event.detail;
        if (isLogin(xhr)) {
            event.detail.shouldSwap = false;
            document.dispatchEvent(new CustomEvent("studio:left"));
            return;
        }
        // A refusal is a page like any other: it says why, where one asked.
        if (xhr.status >= 400 && target === dialog() && (xhr.getResponseHeader("Content-Type") || "").includes("html")) {
            event.detail.shouldSwap = true;
            event.detail.isError = false;
        }
    });
    document.addEventListener("htmx:afterSwap", (event) => {
        // Unfold shows a file's name in a text field beside each file field, and breaks where there is none.
        for (const field of document.querySelectorAll("input[type=file]")) field.hasChangeListener = true;
        if (event.detail.target === dialog()) open();
        else if (dialog()?.contains(event.detail.requestConfig.elt)) dialog().close();
    });
    document.addEventListener("DOMContentLoaded", () => {
        dialog()?.addEventListener("close", () => comeBack(opener));
    });
    document.addEventListener("click", (event) => {
        if (event.target === dialog() || event.target.closest?.("[data-close]")) dialog().close();
    });

    document.addEventListener("DOMContentLoaded", () => { if (header()) round(); });
})();
