// Every page works without this; it only saves a reader some steps.

// The browser knows the reader's time zone.
for (const field of document.querySelectorAll('input[name="timezone"][type="hidden"]')) {
  field.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
}

// What came of a form is read first, where it stands.
document.querySelector(".notice[tabindex]")?.focus();

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
    const none = search.parentElement.querySelector("[data-none]");
    none.textContent = [...rows].every((row) => row.hidden) ? none.dataset.none : "";
  });
}

// A tap in a letter counts when its page is seen: not for programs that open every link, not again
// when the reader comes back to it.
const answer = document.querySelector("form[data-auto]");
const [visit] = performance.getEntriesByType("navigation");
if (answer && document.visibilityState === "visible" && !navigator.webdriver && visit?.type === "navigate") {
  answer.requestSubmit();
}

// What another page would show is put in place: a preview when it comes into view or after a tap in
// it, a back-test below its button.
const place = async (target, address, options) => {
  target.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { credentials: "same-origin", ...options });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const part = page.getElementById(target.dataset.part);
    if (answer.status === 400) return false;
    if (!part) throw new Error(String(answer.status));
    target.replaceChildren(document.importNode(part, true));
  } catch {
    target.textContent = target.dataset.failed;
  } finally {
    target.removeAttribute("aria-busy");
  }
  return true;
};
const coming = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    coming.unobserve(target);
    place(target, target.dataset.from);
  }
});
for (const target of document.querySelectorAll("[data-from]")) coming.observe(target);
document.addEventListener("submit", async (event) => {
  const { target: form, submitter: button } = event;
  const live = form.closest("[data-from]");
  const into = button?.dataset.into;
  const target = into ? document.getElementById(into) : live;
  if (!target) return;
  event.preventDefault();
  const body = new FormData(form);
  if (button?.name) body.append(button.name, button.value);
  const done = await place(target, into ? button.formAction : form.action, { method: "POST", body });
  if (!done) {
    // The page with the errors in it is worth going to.
    delete button.dataset.into;
    form.requestSubmit(button);
  } else if (live) {
    target.querySelector("[role=status]")?.setAttribute("tabindex", "-1");
    target.querySelector("[role=status]")?.focus();
  }
});
