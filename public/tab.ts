/** The icon in the browser's tab and the colour of the page, by mood. */
import armed from "./icons/armed.svg";
import busy from "./icons/busy.svg";
import off from "./icons/off.svg";
import unknown from "./icons/unknown.svg";
import type { Mood } from "./words.ts";

/** Icons are files, not data addresses: a strict Content-Security-Policy lets no others through. */
const ICONS: Readonly<Record<Mood, string>> = { armed, busy, off, unknown };

export function showMood(page: Document, mood: Mood): void {
  page.documentElement.dataset.mood = mood;
  page.querySelector('link[rel="icon"]')?.setAttribute("href", ICONS[mood]);
}
