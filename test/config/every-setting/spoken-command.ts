// A command that is spoken, and what becomes of it.
import { wavOf } from "../../../src/audio/wav-write.ts";
import { HttpServer } from "../../command/http-server.ts";
import { sound } from "../../command/small-commands.ts";
import { SpokenHouse } from "../../web/spoken-house.ts";

const SAYS = 'sink: {kind: program, program: sh, args: ["-c", "cat > /dev/null; echo light on"]}';

/** @returns how the command of this sound ended: with what, after how many seconds of it */
export async function heard(command: string, pcm: Int16Array, privacy = "") {
  const house = new SpokenHouse(`command: {${SAYS}, ${command}}\nprivacy: {${privacy}}`);
  house.grant();
  await house.say(pcm);
  await house.until("an answer", () => house.replies.length > 0);
  const { fields } = house.logged.find(({ event }) => event === "command heard") ?? {};
  return { house, kind: house.replies[0]?.kind, seconds: Number(fields?.lengthMs) / 1000 };
}

/** Every server of the house in one. */
const server = () =>
  new HttpServer(({ path }) => {
    if (path === "/v1/audio/transcriptions") return Response.json({ text: "light on" });
    if (path === "/v1/audio/speech") return new Response(wavOf(new Int16Array(1600)));
    return Response.json(path === "/intent" ? { text: "Done.", command: "light.on" } : {});
  });

/**
 * A command after "alexa", with servers for all that may be asked.
 *
 * @param command as in the configuration, with URL for where the servers are
 * @param models as YAML, the same
 */
export async function answered(command: object, models = "{}") {
  using house = server();
  const yaml = JSON.stringify(command).replaceAll("URL", house.url);
  const spoken = new SpokenHouse(`command: ${yaml}\nwake: {models: ${models.replaceAll("URL", house.url)}}`);
  const taken = spoken.grant({ model: "alexa" });
  if (taken) {
    await spoken.say(sound(-0.5, 2, -1));
    await spoken.until("an answer", () => spoken.replies.length > 0);
  }
  return { spoken, taken, asked: house.asked, reply: spoken.replies[0] };
}
