// Every page works without this; it only saves a reader some steps.

// The browser knows the reader's time zone.
for (const field of document.querySelectorAll('input[name="timezone"][type="hidden"]')) {
  field.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
}

// After a failed save the summary is read first.
document.querySelector(".notice.error")?.focus();

// A second letter cannot be had before a minute is over: say so on the button.
for (const button of document.querySelectorAll("button[data-wait]")) {
  const label = button.textContent;
  let seconds = Number(button.dataset.wait);
  const tick = () => {
    button.disabled = seconds > 0;
    button.textContent = seconds > 0 ? `${label} (${seconds})` : label;
    if (seconds-- > 0) setTimeout(tick, 1000);
  };
  tick();
}

// Find a topic among many.
for (const search of document.querySelectorAll("input[data-filters]")) {
  const rows = document.querySelectorAll(`#${search.dataset.filters} li`);
  search.closest("[hidden]")?.removeAttribute("hidden");
  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.dataset.name.toLowerCase().includes(wanted);
  });
}

// A tap in a letter counts when its page is seen: not for programs that open every link, not again
// when the reader comes back to it.
const answer = document.querySelector("form[data-auto]");
const [visit] = performance.getEntriesByType("navigation");
if (answer && document.visibilityState === "visible" && !navigator.webdriver && visit?.type === "navigate") {
  answer.requestSubmit();
}
