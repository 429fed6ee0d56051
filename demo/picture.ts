// Takes the README's picture: `bun demo/picture.ts` plays the demo house until three commands were answered, and photographs
// its page in Debian's Chromium (chromium, espeak-ng, pocketsphinx, pocketsphinx-en-us).
import { join } from "node:path";
import { chromium } from "playwright-core";

const ROOT = join(import.meta.dir, "..");
const PORT = 7390;
const COMMANDS = 3;
const VIEW = { width: 1180, height: 1270 };

const demo = Bun.spawn([process.execPath, join(ROOT, "src/main.ts"), "demo", "house", "--port", String(PORT)], {
  stdout: "pipe",
  stderr: "inherit",
});
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  const page = await browser.newPage({ viewport: VIEW, colorScheme: "light" });
  let told = "";
  for await (const chunk of demo.stdout) {
    const text = new TextDecoder().decode(chunk);
    process.stdout.write(text);
    told += text;
    if (text.includes("waiting for the relays")) await page.goto(`http://127.0.0.1:${PORT}/`);
    if (told.split("understood:").length > COMMANDS) break;
  }
  // What came back is on the page when the winner has said it.
  await page.waitForTimeout(1500);
  await page.getByTestId("rounds").locator("summary").first().click();
  await page.screenshot({ path: join(ROOT, "docs/house.png") });
} finally {
  await browser.close();
  demo.kill("SIGINT");
  await demo.exited;
}
