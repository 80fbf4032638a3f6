// The cards' clips, and their order: dragged, or moved by buttons.
"use strict";

(() => {
    const list = () => document.getElementById("st-cards");

    // --- Clips: on hover while the pointer rests there, by the button until it is pressed again.

    function play(button, held) {
        const media = button.closest(".st-media");
        const video = media.querySelector("video") || document.createElement("video");
        Object.assign(video, { src: button.dataset.play, loop: true, muted: true, playsInline: true });
        if (held) video.dataset.held = "";
        media.append(video);
        video.play().catch(() => video.remove());
    }

    function stop(media) {
        media.querySelector("video")?.remove();
    }

    document.addEventListener("click", (event) => {
        const button = event.target.closest("[data-play]");
        if (!button) return;
        const held = button.closest(".st-media").querySelector("video[data-held]");
        if (held) stop(button.closest(".st-media"));
        else play(button, true);
    });
    document.addEventListener("mouseover", (event) => {
        const button = event.target.closest(".st-media")?.querySelector("[data-play]");
        if (button && matchMedia("(hover: hover)").matches && !button.closest(".st-media").querySelector("video")) play(button, false);
    });
    document.addEventListener("mouseout", (event) => {
        const media = event.target.closest(".st-media");
        if (media && !media.contains(event.relatedTarget) && !media.querySelector("video[data-held]")) stop(media);
    });

    // --- Order

    async function arrange() {
        const ids = [...list().querySelectorAll("[data-card]")].map((card) => ["id", card.dataset.card]);
        // Nobody fetches the list anew before its order is stored.
        list().dataset.dirty = "";
        const headers = { "X-CSRFToken": document.querySelector("[data-studio]").dataset.csrf };
        try {
            const answer = await fetch(list().dataset.arrange, { method: "POST", body: new URLSearchParams(ids), headers });
            if (answer.status >= 500) throw new Error(answer.statusText);
            if (!answer.ok || answer.redirected) location.reload();
            delete list().dataset.dirty;
            document.dispatchEvent(new CustomEvent("studio:online"));
        } catch {
            document.dispatchEvent(new CustomEvent("studio:offline"));
            setTimeout(arrange, 2000);
        }
    }

    document.addEventListener("studio:sorted", arrange);
    document.addEventListener("click", (event) => {
        const button = event.target.closest("[data-move]");
        if (!button) return;
        const card = button.closest("[data-card]");
        const other = button.dataset.move === "1" ? card.nextElementSibling : card.previousElementSibling;
        if (!other) return;
        if (button.dataset.move === "1") other.after(card);
        else other.before(card);
        button.focus();
        arrange();
    });

    // A new card's field is empty again, and the hint that there is none goes.
    document.addEventListener("htmx:afterRequest", (event) => {
        if (!event.target.matches?.(".st-add") || !event.detail.successful) return;
        event.target.reset();
        document.querySelector(".st-empty")?.remove();
    });
})();

// How far an upload is.
document.addEventListener("htmx:xhr:progress", (event) => {
    const bar = event.target.querySelector?.(".st-sent");
    if (!bar || !event.detail.lengthComputable) return;
    bar.hidden = false;
    bar.value = (100 * event.detail.loaded) / event.detail.total;
});

// Unfold listens at every field for files and looks for a text field beside it, which there is not here.
document.addEventListener("change", (event) => {
    if (event.target.matches("#st-dialog input[type=file]")) event.stopPropagation();
}, true);
