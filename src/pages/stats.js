// Brings the figures up to date every half minute. The page is not loaded anew: what is open stays open, nothing jumps, and
// what has the focus is left alone. Without a script the page loads itself anew instead.
const main = document.querySelector("main");
const opened = (part) => [...part.querySelectorAll("details")];

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const fresh = new DOMParser()
    .parseFromString(await answer.text(), "text/html")
    .querySelector("main");
  const [held, wanted] = [[...main.children], [...(fresh?.children ?? [])]];
  if (held.length !== wanted.length) {
    if (wanted.length && !main.contains(document.activeElement))
      main.replaceChildren(...wanted);
    return;
  }
  held.forEach((part, at) => {
    opened(part).forEach((one, n) =>
      opened(wanted[at])[n]?.toggleAttribute("open", one.open),
    );
    if (!part.isEqualNode(wanted[at]) && !part.contains(document.activeElement))
      part.replaceWith(wanted[at]);
  });
}

setInterval(refresh, 30_000);
document.addEventListener("visibilitychange", refresh);
