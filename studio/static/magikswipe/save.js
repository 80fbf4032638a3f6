// Saves what is typed into a form[data-save], field by field, as soon as one leaves it. A field says by data-seen
// what the page showed; the server hands back what somebody else changed meanwhile. Until the server has it, the text
// is kept in this browser: neither a reload nor a lost network loses it.
"use strict";

(() => {
    const AGAIN = 2000;
    const say = (name) => document.getElementById("st-words").dataset[name];
    const fields = (form) => [...form.querySelectorAll("[data-seen]")];
    const isChanged = (field) => valueOf(field) !== shownOf(field);
    const draftKey = (form) => `studio-draft:${new URL(form.action).pathname}`;
    const saving = new WeakSet();
    const waiting = new WeakSet();

    function valueOf(field) {
        if (field.type === "checkbox") return field.checked ? "True" : "False";
        return field.value.replaceAll("\r\n", "\n");
    }

    // What was seen, as a field of its kind shows it: one of a single line has no line breaks, whoever put them there.
    function shownOf(field) {
        const { seen } = field.dataset;
        if (field.type === "checkbox") return seen;
        return field.matches("textarea") ? seen.replace(/\r\n?/g, "\n") : seen.replace(/[\r\n]/g, "");
    }

    function put(field, text) {
        if (field.type === "checkbox") field.checked = text === "True";
        else field.value = text;
        field.dispatchEvent(new Event("studio:put", { bubbles: true }));
    }

    function tell(form, name, text = say(name)) {
        const place = form.querySelector("[data-state]");
        if (place) [place.dataset.state, place.textContent] = [name, text];
    }

    // --- What is not saved yet

    function keep(form) {
        const changed = fields(form).filter(isChanged);
        const draft = changed.map((field) => [field.name, { typed: valueOf(field), seen: field.dataset.seen }]);
        if (draft.length) drafts.keep(draftKey(form), Object.fromEntries(draft));
        else drafts.drop(draftKey(form));
        if (draft.length) form.dataset.dirty = "";
        else delete form.dataset.dirty;
        return changed;
    }

    function restore(form) {
        const draft = drafts.get(draftKey(form));
        let back = false;
        for (const field of fields(form)) {
            const kept = draft[field.name];
            if (!kept || kept.typed === shownOf(field)) continue;
            back = true;
            put(field, kept.typed);
            // What the page showed when it was typed: the server tells whether that still holds.
            field.dataset.seen = kept.seen;
        }
        // A page that was merely opened saves nothing.
        if (keep(form).length && back) save(form);
    }

    // --- Saving

    function body(form, changed) {
        const data = new FormData();
        data.append("csrfmiddlewaretoken", document.querySelector("[data-studio]").dataset.csrf);
        // By this the server tells whether the page has yet to fetch what somebody else changed.
        const part = form.closest("[data-part]");
        if (part) data.append("signature", part.dataset.signature);
        for (const field of changed) {
            data.append(field.name, valueOf(field));
            data.append(`seen_${field.name}`, field.dataset.seen);
        }
        return data;
    }

    // Held back is what the server refused or what somebody else changed, until the person does something about it.
    const due = (form) => fields(form).filter((field) => isChanged(field) && !("held" in field.dataset));

    async function save(form) {
        keep(form);
        const changed = due(form);
        if (saving.has(form) || !form.isConnected || !changed.length) return;
        saving.add(form);
        tell(form, "saving");
        const sent = new Map(changed.map((field) => [field.name, valueOf(field)]));
        try {
            const answer = await fetch(form.action, { method: "POST", body: body(form, changed), headers: { Accept: "application/json" } });
            document.dispatchEvent(new CustomEvent("studio:online"));
            if (answer.status >= 500) later(form);
            else await take(form, answer, sent);
        } catch {
            document.dispatchEvent(new CustomEvent("studio:offline"));
            later(form);
        } finally {
            saving.delete(form);
        }
        // What was typed and left while the answer was under way; a form that waits to try again takes it along.
        if (!waiting.has(form) && due(form).some((field) => field !== document.activeElement)) save(form);
    }

    function later(form) {
        tell(form, "unsaved");
        waiting.add(form);
        setTimeout(() => { waiting.delete(form); save(form); }, AGAIN);
    }

    async function take(form, answer, sent) {
        const isJson = (answer.headers.get("Content-Type") || "").includes("json");
        if (answer.redirected) return leave(form, sent);
        if (!isJson) return refuse(form, {}, sent);
        const told = await answer.json();
        if (!answer.ok) return refuse(form, told, sent);
        for (const field of fields(form)) accept(form, field, told, sent);
        for (const [name, text] of Object.entries(told.resolved || {})) resolve(form, name, text);
        if (told.signature) form.closest("[data-part]")?.setAttribute("data-signature", told.signature);
        const left = keep(form).length;
        tell(form, left ? "unsaved" : "saved");
        form.dispatchEvent(new CustomEvent("studio:saved", { bubbles: true, detail: told }));
        return undefined;
    }

    function accept(form, field, told, sent) {
        if (!sent.has(field.name)) return;
        clear(form, field.name);
        const conflict = told.conflicts.find((one) => one.field === field.name);
        if (conflict) return void ask(form, hold(field), conflict);
        // The server may have trimmed it; what was typed since stays.
        if (valueOf(field) === sent.get(field.name)) put(field, told.words[field.name]);
        field.dataset.seen = told.words[field.name];
    }

    // What the model is asked changes with the words that are saved.
    function resolve(form, name, text) {
        const place = form.querySelector(`[data-resolved="${name}"]`);
        if (place) place.textContent = text;
    }

    // The session ended: the text waits in this browser for the one who logs in again.
    function leave(form, sent) {
        fields(form).filter((field) => sent.has(field.name)).forEach(hold);
        tell(form, "unsaved");
        document.dispatchEvent(new CustomEvent("studio:left"));
    }

    function hold(field) {
        field.dataset.held = "";
        return field;
    }

    function refuse(form, told, sent) {
        for (const [name, sentences] of Object.entries(told.errors || {})) note(form, name, sentences.join(" "));
        fields(form).filter((field) => sent.has(field.name)).forEach(hold);
        tell(form, "refused", told.detail || say("refused"));
    }

    // --- Beside a field

    const place = (form, name) => form.querySelector(`[data-note="${name}"]`) || form.querySelector("[data-note]");

    function clear(form, name) {
        form.querySelector(`[data-note="${name}"]`)?.replaceChildren();
    }

    function release(form, field) {
        delete field.dataset.held;
        clear(form, field.name);
    }

    function note(form, name, text) {
        place(form, name)?.replaceChildren(text);
    }

    // Somebody else was faster: both texts are there, and whoever typed decides.
    function ask(form, field, conflict) {
        const mine = button(conflict.keep, () => {
            field.dataset.seen = conflict.theirs;
            release(form, field);
            save(form);
        });
        const theirs = button(conflict.take, () => {
            field.dataset.seen = conflict.theirs;
            put(field, conflict.theirs);
            release(form, field);
            keep(form);
        });
        const text = document.createElement("span");
        text.textContent = conflict.message;
        (place(form, field.name) || form).replaceChildren(text, mine, theirs);
    }

    function button(label, act) {
        const made = document.createElement("button");
        [made.type, made.className, made.textContent] = ["button", "st-small", label];
        made.addEventListener("click", act);
        return made;
    }

    // --- When

    const formOf = (event) => event.target.closest?.("form[data-save]");
    document.addEventListener("input", (event) => {
        const form = formOf(event);
        delete event.target.dataset.held;
        if (form && keep(form).length) tell(form, "unsaved");
    });
    document.addEventListener("change", (event) => { if (formOf(event)) save(formOf(event)); });
    document.addEventListener("submit", (event) => {
        const form = formOf(event);
        if (!form) return;
        event.preventDefault();
        save(form);
    });
    document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("form[data-save]").forEach(restore));
    document.addEventListener("htmx:afterSettle", (event) => event.target.querySelectorAll?.("form[data-save]").forEach(restore));
})();
