// The gap board: its filter takes effect at once, and what is missing is counted anew when a name was saved.
"use strict";

document.addEventListener("change", (event) => {
    if (event.target.matches("[data-only]")) event.target.form.submit();
});
document.addEventListener("studio:saved", () => document.dispatchEvent(new CustomEvent("studio:started")));
