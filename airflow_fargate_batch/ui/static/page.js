// Light or dark as Airflow around the page; addresses of Airflow open in Airflow; console links are copied;
// what a refresh of the page must not undo; and what screen readers say of it.
(() => {
  "use strict";
  const root = document.documentElement;
  const outside = () => {
    try { return window.parent === window ? null : window.parent.document; } catch { return null; }
  };
  const follow = () => {
    const classes = outside()?.documentElement.classList;
    const isDark = classes && (classes.contains("dark") || classes.contains("light"))
      ? classes.contains("dark")
      : window.matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "dark" : "light";
  };
  follow();
  const parent = outside();
  if (parent) new MutationObserver(follow).observe(parent.documentElement, { attributes: true, attributeFilter: ["class"] });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", follow);

  const say = (text) => {
    const news = document.getElementById("news");
    if (news && text && news.textContent !== text) news.textContent = text;
  };
  const sayState = () => say(document.getElementById("state")?.dataset.news);
  const isAtEnd = (element) => element.scrollHeight - element.scrollTop - element.clientHeight < 8;
  const toEnd = (within) => within.querySelectorAll(".log pre").forEach((lines) => { lines.scrollTop = lines.scrollHeight; });
  document.addEventListener("DOMContentLoaded", sayState);

  let open = [];
  let isFollowing = true;
  document.addEventListener("htmx:beforeSwap", (event) => {
    open = [...document.querySelectorAll("details[id][open]")].map((details) => details.id);
    const lines = event.detail.target.querySelector("pre");
    isFollowing = !lines || isAtEnd(lines);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (isFollowing && event.detail.elt.closest(".log")) toEnd(event.detail.elt.closest(".log").parentElement);
    sayState();
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-airflow]");
    const airflow = outside();
    if (link && airflow && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      const url = new URL(link.dataset.airflow, airflow.baseURI);
      window.parent.history.pushState(null, "", url);
      window.parent.dispatchEvent(new PopStateEvent("popstate", { state: null }));
    }
    const cell = event.target.closest(".grid a");
    const details = cell && document.getElementById(cell.hash.slice(1));
    if (details) {
      event.preventDefault();
      details.open = true;
      details.scrollIntoView({ block: "nearest" });
      details.querySelector("summary").focus();
    }
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      const done = () => { copy.textContent = "Copied"; say("Copied"); };
      const show = () => { copy.textContent = copy.dataset.copy; };
      const write = navigator.clipboard?.writeText(copy.dataset.copy);
      if (write) write.then(done, show);
      else show();
    }
  });
})();
