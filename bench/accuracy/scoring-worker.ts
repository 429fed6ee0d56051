/** A worker that turns plans of streams into scores, a few streams at a time. */
import { Scorer } from "./scorer.ts";
import type { ScoringReply, ScoringRequest } from "./scoring.ts";

declare const self: Worker;

let scorer: Promise<Scorer> | undefined;

async function answer(request: ScoringRequest): Promise<ScoringReply> {
  if (request.kind === "open") {
    scorer = Scorer.open(request.options);
    const { models, form } = await scorer;
    return { kind: "opened", models, form };
  }
  if (!scorer) throw new Error("asked to score before it was opened");
  return { kind: "scored", streams: await (await scorer).score(request.plans) };
}

self.onmessage = ({ data }: MessageEvent<ScoringRequest>) => {
  answer(data).then(
    (reply) => self.postMessage(reply),
    (error: unknown) =>
      self.postMessage({
        kind: "failed",
        message: error instanceof Error ? error.message : String(error),
      } satisfies ScoringReply),
  );
};
