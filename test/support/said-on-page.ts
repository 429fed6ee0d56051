// All that an element of a page says, however short it says so: a locator that waits looks every 500 ms only.
import type { Page } from "playwright-core";

export interface SaidOnPage {
  /** Each text that followed another, oldest first. */
  texts(): Promise<readonly string[]>;
  /** @throws Error after 10 s, with what it said instead */
  until(text: string): Promise<void>;
}

const LIMIT_MS = 10_000;

/** Listens from now on, until the page is closed or loaded again. */
export async function listenOnPage(page: Page, testId: string): Promise<SaidOnPage> {
  const texts = await page.evaluateHandle((id) => {
    const said: string[] = [];
    const look = () => {
      const element = document.querySelector(`[data-testid="${id}"]`);
      const text = element?.checkVisibility() ? (element.textContent ?? "") : "";
      if (text !== said.at(-1)) said.push(text);
    };
    look();
    new MutationObserver(look).observe(document, { childList: true, characterData: true, subtree: true });
    return said;
  }, testId);
  return {
    texts: () => texts.jsonValue(),
    async until(text) {
      const deadline = performance.now() + LIMIT_MS;
      for (;;) {
        const said = await texts.jsonValue();
        if (said.some((one) => one.includes(text))) return;
        if (performance.now() > deadline)
          throw new Error(
            `${testId} did not say "${text}" within ${LIMIT_MS} ms, but ${JSON.stringify(withoutFigures(said))}`,
          );
        await Bun.sleep(20);
      }
    },
  };
}

/** A level that moves is no other text. */
function withoutFigures(said: readonly string[]): string[] {
  const bare = said.map((text) => text.replace(/\d+(\.\d+)?/g, "#"));
  return bare.filter((text, i) => text !== bare[i - 1]);
}
