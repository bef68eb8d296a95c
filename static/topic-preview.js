// Shows the preview below its button; without this file it opens in a tab of its own.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const button = document.querySelector("[data-topic-preview]");
  const target = document.getElementById("topic-preview");
  if (!button || !target) return;

  const show = async () => {
    button.disabled = true;
    try {
      const answer = await fetch(button.formAction, {
        method: "POST",
        body: new FormData(button.form),
        credentials: "same-origin",
      });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const result = page.getElementById("preview-result");
      if (!answer.ok || !result) throw new Error(String(answer.status));
      target.replaceChildren(document.importNode(result, true));
    } catch (error) {
      target.textContent = `The preview did not come: ${error.message}`;
    } finally {
      button.disabled = false;
    }
  };
  button.addEventListener("click", (event) => {
    event.preventDefault();
    show();
  });
  // A saved topic shows at once what belongs to it now; the papers are then read for its edits too.
  if (button.dataset.topicPreview === "saved") show();
});
