// A worker of BullMQ: `node worker.mjs`.

import { createRequire } from "node:module";
import { run } from "./chaos_job.mjs";

const { Worker } = createRequire(import.meta.url)("bullmq");

const worker = new Worker("chaos", (job) => run(job.data), {
  connection: { url: process.env.REDIS_URL },
  concurrency: 4,
  ...JSON.parse(process.env.TIMES),
});
worker.on("error", (error) => console.error(error));

// As its page on graceful shutdown has it.
for (const signal of ["SIGTERM", "SIGINT"])
  process.on(signal, async () => {
    await worker.close();
    process.exit(0);
  });
