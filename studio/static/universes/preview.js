// Shows a universe's cards one by one: swipe, arrows, a tap for the clip, the song of the chosen language.
"use strict";

(() => {
    const SWIPE = 50;
    const TAP = 10;

    const data = JSON.parse(document.getElementById("preview-data").textContent);
    const part = (name) => document.querySelector(`[data-part="${name}"]`);
    const still = window.matchMedia("(prefers-reduced-motion: reduce)");

    let language = data.language;
    let index = 0;
    let drag = null;
    let dragged = false;

    // --- Colours ----------------------------------------------------------------------------------------

    // Contrast by relative luminance: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance
    function luminance(colour) {
        const digits = colour.slice(1);
        const wide = digits.length === 3 ? [...digits].map((digit) => digit + digit) : digits.match(/../g);
        const [red, green, blue] = wide.map((pair) => {
            const value = parseInt(pair, 16) / 255;
            return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    }

    function paint() {
        const style = document.documentElement.style;
        style.setProperty("--background", data.colour);
        // Where black and white contrast alike.
        style.setProperty("--ink", luminance(data.colour) > 0.179 ? "#14141f" : "#ffffff");
    }

    // --- The card ---------------------------------------------------------------------------------------

    function fill(text, values) {
        return text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
    }

    function show() {
        const card = data.cards[index];
        stopClip();
        showPicture(card);
        showWords(card);
        showPlace();
        for (const near of [index + 1, index - 1]) preload(data.cards.at(near % data.cards.length));
    }

    function showPicture(card) {
        const image = part("image");
        image.hidden = !card.image;
        if (card.image) image.src = card.image;
        else image.removeAttribute("src");
        const tile = part("tile");
        tile.hidden = Boolean(card.image);
        tile.style.background = `hsl(${(index * 67 + 210) % 360} 55% 42%)`;
    }

    function showWords(card) {
        const name = card.names[language];
        const heading = part("name");
        heading.lang = language;
        heading.textContent = name;
        part("card").style.setProperty("--longest", Math.max(6, ...name.split(/[\s-]+/).map((word) => word.length)));
        heading.classList.toggle("for-readers", !card.image);
        part("tile").textContent = name;
        labelPicture();
    }

    function labelPicture() {
        const card = data.cards[index];
        const playing = !part("video").hidden;
        const name = card.names[language];
        part("picture").setAttribute("aria-disabled", String(!card.video));
        const text = playing ? data.words.stop : data.words.play;
        part("picture").setAttribute("aria-label", card.video ? fill(text, { name }) : name);
        part("mark").hidden = !card.video || playing;
    }

    function showPlace() {
        const count = data.cards.length;
        part("progress").setAttribute("aria-label", fill(data.words.place, { number: index + 1, count }));
        part("done").style.width = `${(100 * (index + 1)) / count}%`;
    }

    function preload(card) {
        if (card.image) new Image().src = card.image;
    }

    function step(by) {
        index = (index + by + data.cards.length) % data.cards.length;
        show();
        if (still.matches) return;
        const from = `${Math.sign(by) * 40}%`;
        part("card").animate(
            [{ transform: `translateX(${from})`, opacity: 0 }, { transform: "none", opacity: 1 }],
            { duration: 220, easing: "ease-out" },
        );
    }

    // --- The clip ---------------------------------------------------------------------------------------

    function stopClip() {
        const video = part("video");
        if (video.hidden) return;
        video.hidden = true;
        video.pause();
        video.removeAttribute("src");
        labelPicture();
    }

    function toggleClip() {
        const video = part("video");
        const clip = data.cards[index].video;
        if (!clip) return;
        if (!video.hidden) {
            stopClip();
            return;
        }
        video.src = clip;
        video.hidden = false;
        labelPicture();
        // A clip that can't be played gives way to its picture.
        video.play().catch(stopClip);
    }

    // --- The song ---------------------------------------------------------------------------------------

    function showSong() {
        const playing = !part("audio").paused;
        part("song").hidden = !data.languages[language].song || part("stage").hidden;
        part("song").setAttribute("aria-pressed", String(playing));
        part("song-words").textContent = playing ? data.words.pause : data.words.sing;
    }

    async function sing() {
        const song = data.languages[language].song;
        if (!song) return;
        const audio = part("audio");
        if (audio.getAttribute("src") !== song) audio.src = song;
        try {
            await audio.play();
            part("notice").textContent = "";
        } catch (error) {
            // Interrupted by a pause or another language: no fault.
            if (error.name !== "AbortError") part("notice").textContent = data.words.broken;
        }
    }

    function toggleSong() {
        const audio = part("audio");
        if (audio.paused) sing();
        else audio.pause();
    }

    // --- The language -----------------------------------------------------------------------------------

    function speak(chosen) {
        const playing = !part("audio").paused;
        language = chosen;
        for (const button of document.querySelectorAll("[data-language]")) {
            button.setAttribute("aria-pressed", String(button.dataset.language === language));
        }
        for (const title of document.querySelectorAll('[data-part="title"]')) {
            title.lang = language;
            title.textContent = data.languages[language].name;
        }
        document.title = `${data.languages[language].name} – MagikSwipe`;
        history.replaceState(null, "", `?lang=${language}`);
        showWords(data.cards[index]);
        part("audio").pause();
        if (playing) sing();
        showSong();
    }

    // --- Fingers and keys -------------------------------------------------------------------------------

    function grab(event) {
        if (event.button || !event.isPrimary) return;
        drag = { id: event.pointerId, x: event.clientX };
        dragged = false;
    }

    function follow(event) {
        if (event.pointerId !== drag?.id) return;
        const by = event.clientX - drag.x;
        dragged ||= Math.abs(by) > TAP;
        if (dragged && !still.matches) part("card").style.transform = `translateX(${by}px)`;
    }

    function release(event) {
        if (event.pointerId !== drag?.id) return;
        const by = event.clientX - drag.x;
        drag = null;
        part("card").style.transform = "";
        if (event.type === "pointerup" && Math.abs(by) > SWIPE) step(by < 0 ? 1 : -1);
    }

    // A click that ends a swipe is none; one of the keyboard always is (its `detail` is 0).
    function tap(event) {
        if (!dragged || event.detail === 0) toggleClip();
    }

    const KEYS = {
        ArrowLeft: () => step(-1),
        ArrowRight: () => step(1),
        Home: () => step(-index),
        End: () => step(data.cards.length - 1 - index),
        Escape: stopClip,
    };

    function press(event) {
        if (part("stage").hidden || event.altKey || event.ctrlKey || event.metaKey || !KEYS[event.key]) return;
        event.preventDefault();
        KEYS[event.key]();
    }

    function begin() {
        part("start").hidden = true;
        part("stage").hidden = false;
        part("picture").focus({ preventScroll: true });
        showSong();
        sing();
    }

    function listen() {
        part("begin").addEventListener("click", begin);
        part("previous").addEventListener("click", () => step(-1));
        part("next").addEventListener("click", () => step(1));
        part("picture").addEventListener("click", tap);
        part("video").addEventListener("ended", stopClip);
        part("song").addEventListener("click", toggleSong);
        for (const event of ["play", "pause"]) part("audio").addEventListener(event, showSong);
        for (const button of document.querySelectorAll("[data-language]")) {
            button.addEventListener("click", () => speak(button.dataset.language));
        }
        document.addEventListener("keydown", press);
        part("card").addEventListener("pointerdown", grab);
        window.addEventListener("pointermove", follow);
        for (const event of ["pointerup", "pointercancel"]) window.addEventListener(event, release);
    }

    paint();
    if (data.cards.length) {
        listen();
        show();
        showSong();
    }
})();
