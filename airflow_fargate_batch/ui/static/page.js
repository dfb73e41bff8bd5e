// Light or dark as Airflow around the page; addresses of Airflow open in Airflow; console links are copied.
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

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-airflow]");
    const airflow = outside();
    if (link && airflow && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      const url = new URL(link.dataset.airflow, airflow.baseURI);
      window.parent.history.pushState(null, "", url);
      window.parent.dispatchEvent(new PopStateEvent("popstate", { state: null }));
    }
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      const done = () => { copy.textContent = "Copied"; };
      const write = navigator.clipboard?.writeText(copy.dataset.copy);
      if (write) write.then(done, () => { copy.textContent = copy.dataset.copy; });
      else copy.textContent = copy.dataset.copy;
    }
  });
})();
