/** What people of the demo's house say, what a recogniser may therefore expect, and what is answered. */

export interface Sentence {
  readonly said: string;
  /** @param room where it was said; @param now local time */
  readonly answer: (room: string, now: Date) => { readonly command: string; readonly text: string };
}

export const SENTENCES: readonly Sentence[] = [
  {
    said: "turn on the light",
    answer: (room) => ({ command: "light_on", text: `The light in the ${room.toLowerCase()} is on.` }),
  },
  {
    said: "what time is it",
    answer: (_room, now) => ({ command: "time", text: `It is ${now.getHours()} ${spoken(now.getMinutes())}.` }),
  },
  {
    said: "good night",
    answer: (room) => ({ command: "good_night", text: `Good night. The ${room.toLowerCase()} goes dark.` }),
  },
  {
    said: "set a timer for ten minutes",
    answer: () => ({ command: "timer", text: "Ten minutes, starting now." }),
  },
];

/** For pocketsphinx, in the Java Speech Grammar Format. The wake word may be heard too: it comes in the same breath. */
export function grammar(): string {
  return `#JSGF V1.0;
grammar house;
public <command> = [ alexa ] ( ${SENTENCES.map(({ said }) => said).join(" | ")} );
`;
}

/** What the house answers; a polite question where it did not understand. */
export function answerTo(
  transcript: string,
  room: string,
  now: Date,
): { readonly command: string; readonly text: string } {
  const words = transcript.toLowerCase();
  const sentence = SENTENCES.find(({ said }) => words.includes(said));
  return sentence?.answer(room, now) ?? { command: "", text: "Sorry, I did not understand that." };
}

function spoken(minutes: number): string {
  if (minutes === 0) return "o'clock";
  return minutes < 10 ? `oh ${minutes}` : String(minutes);
}
