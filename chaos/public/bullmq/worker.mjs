// A worker of BullMQ: `node worker.mjs`.

import { createRequire } from "node:module";
import { run } from "./chaos_job.mjs";

const { Worker } = createRequire(import.meta.url)("bullmq");

const worker = new Worker("chaos", (job) => run(job.data), {
  connection: { url: process.env.REDIS_URL },
  concurrency: 4,
  // By default 30 s each: a dead worker's job would come back after up to 60 s. What is left of a
  // lock when it is to be renewed, half of it, outlasts a restart of the server.
  lockDuration: 10_000,
  stalledInterval: 2_000,
});
worker.on("error", (error) => console.error(error));

// As its page on graceful shutdown has it.
for (const signal of ["SIGTERM", "SIGINT"])
  process.on(signal, async () => {
    await worker.close();
    process.exit(0);
  });
