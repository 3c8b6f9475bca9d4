// The handler's side of a test, as `docs/test-your-own-queue.md` has it.

import net from "node:net";
import { createInterface } from "node:readline";

const [place, secret] = process.env.CHAOS_RIG?.split("/") ?? [];

function ask(words) {
  const request = { ...words, secret, process: process.env.CHAOS_PROCESS, pid: process.pid };
  const [host, port] = place.split(":");
  return new Promise((told, failed) => {
    const socket = net.connect(port, host).on("error", failed);
    createInterface({ input: socket }).once("line", (line) => {
      socket.end();
      const answer = JSON.parse(line);
      answer.error ? failed(new Error(answer.error)) : told(answer);
    });
    socket.write(JSON.stringify(request) + "\n");
  });
}

export async function run(job) {
  const told = await ask({ say: "start", job });
  await new Promise((over) => setTimeout(over, told.ms));
  await ask({ say: "end", run: told.run, outcome: told.then === "ok" ? "ok" : "error" });
  if (told.then !== "ok") throw new Error("as the rig has asked for");
  return told.result;
}
