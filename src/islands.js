for (const island of document.querySelectorAll("leptos-island")) {
  const wake = holly[island.dataset.component];
  if (wake) wake(island);
  else console.warn("no such island:", island.dataset.component);
}
