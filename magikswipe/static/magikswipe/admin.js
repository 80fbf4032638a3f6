// Brings jobs up to date on a page that shows some, without a reload, and lets no form be sent twice.
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
