// Debian's Chromium, as a person's browser that must not find anything to complain about on Earshot's page.
import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const CHROMIUM = "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const PATIENCE_MS = 10_000;

export const browserIsHere: boolean = existsSync(CHROMIUM);

/** @param flags besides those that every test wants @param env all of it, where it is not this process's */
export function startBrowser(flags: readonly string[] = [], env?: Readonly<Record<string, string>>): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...flags], ...(env !== undefined && { env }) });
}

export interface WatchedPage {
  readonly page: Page;
  /** What went wrong since the page was opened: errors on the console, refused or failed requests, strange origins. */
  readonly troubles: readonly string[];
  close(): Promise<void>;
}

/** Opens Earshot's page in a profile of its own. What takes longer than 10 s fails. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const troubles: string[] = [];
  const { host } = new URL(url);
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") troubles.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => troubles.push(`exception: ${error.message}`));
  page.on("requestfailed", (request) => troubles.push(`failed: ${request.url()}`));
  page.on("response", (response) => {
    if (response.status() >= 400) troubles.push(`${response.status()}: ${response.url()}`);
  });
  page.on("request", (request) => {
    if (new URL(request.url()).host !== host) troubles.push(`to a strange origin: ${request.url()}`);
  });
  page.on("websocket", (socket) => {
    if (new URL(socket.url()).host !== host) troubles.push(`to a strange origin: ${socket.url()}`);
  });
  await page.goto(url);
  return { page, troubles, close: () => context.close() };
}
