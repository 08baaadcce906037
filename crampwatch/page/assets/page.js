// Keeps the page true: asks the server for the whole page again and exchanges the parts that have changed.
// Everything works without this script; then the page loads itself anew every 10 s.
"use strict";

const EVERY_MS = 2000;
const PATIENCE_MS = 5000; // a server at home answers in milliseconds, or is away

let touching = false; // nothing may move under a finger
let seenAt = new Date();
let next;

for (const [name, held] of [["pointerdown", true], ["pointerup", false], ["pointercancel", false]])
  addEventListener(name, () => { touching = held; });

function renew(fresh) {
  document.title = fresh.title;
  const parts = [...fresh.querySelectorAll("[data-live]")];
  if (parts.some((part) => !document.getElementById(part.id))) return location.reload();
  const focused = document.activeElement && document.activeElement.id;
  for (const part of parts) {
    const old = document.getElementById(part.id);
    if (old.outerHTML !== part.outerHTML) old.replaceWith(document.adoptNode(part));
  }
  // A screen reader speaks these when their text changes; the elements themselves have to stay.
  for (const part of fresh.querySelectorAll("[data-aloud]")) {
    const old = document.getElementById(part.id);
    if (old.textContent !== part.textContent) old.textContent = part.textContent;
  }
  if (focused && document.activeElement.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function lost(away) {
  const box = document.getElementById("lost");
  if (box.hidden !== away) return; // it stands there already, or does not
  document.getElementById("lost-since").textContent =
    seenAt.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  box.hidden = !away;
}

async function look() {
  clearTimeout(next);
  try {
    const answer = await fetch("/", { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) throw new Error(answer.statusText);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    lost(false);
    seenAt = new Date();
    if (!touching) renew(fresh);
  } catch {
    lost(true);
  }
  next = setTimeout(look, EVERY_MS);
}

// A phone that was asleep shows what was true when it fell asleep: look at once.
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
next = setTimeout(look, EVERY_MS);
