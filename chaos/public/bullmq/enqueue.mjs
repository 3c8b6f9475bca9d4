import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { Queue } = createRequire(import.meta.url)("bullmq");

const queue = new Queue("chaos", { connection: { url: process.env.REDIS_URL } });
queue.on("error", (error) => console.error(error));

for await (const line of createInterface({ input: process.stdin })) {
  const job = await queue.add("handler", line, { jobId: JSON.parse(line).id, attempts: 4 });
  console.log(job.id);
}
await queue.close();
