// The browser's storage, which may be full, forbidden, or not there at all. What it does not take is remembered, within
// bounds, until the page goes. It comes before all scripts that use it, those of others included.
"use strict";

(() => {
    const MOST_CHARACTERS = 2 ** 20;

    function attempt(act) {
        try {
            return act();
        } catch {
            return null;
        }
    }

    function safe(real) {
        const memory = new Map();
        const written = (key, text) => attempt(() => { real.setItem(key, text); return true; });
        function remember(key, text) {
            const size = [...memory.values()].reduce((sum, one) => sum + one.length, text.length);
            if (size > MOST_CHARACTERS) throw new DOMException(`No room for ${key}.`, "QuotaExceededError");
            memory.set(key, text);
        }
        const storage = {
            getItem: (key) => memory.get(key) ?? attempt(() => real.getItem(key)),
            setItem(key, text) {
                memory.delete(key);
                if (written(key, text)) return;
                // What was kept before is older than what is kept now, and may make room for it.
                storage.removeItem(key);
                if (!written(key, text)) remember(key, String(text));
            },
            removeItem(key) {
                memory.delete(key);
                attempt(() => real.removeItem(key));
            },
        };
        return new Proxy(real || {}, {
            get(target, name) {
                if (Object.hasOwn(storage, name)) return storage[name];
                return typeof target[name] === "function" ? target[name].bind(target) : target[name];
            },
        });
    }

    for (const name of ["localStorage", "sessionStorage"]) {
        const real = attempt(() => window[name]);
        Object.defineProperty(window, name, { value: safe(real), configurable: true });
    }

    // What somebody typed and nobody saved yet. A text that is none of ours is no draft; one without room is not kept.
    window.drafts = {
        get: (key) => Object(attempt(() => JSON.parse(localStorage.getItem(key)))),
        keep: (key, draft) => { attempt(() => localStorage.setItem(key, JSON.stringify(draft))); },
        drop: (key) => localStorage.removeItem(key),
    };
})();
