// Runs one Node.js function: loads its handler, then asks the Runtime API for events and answers them.

import { RuntimeApi } from "./runtime-api.mjs";
import { formatted, unhandledRejection } from "./errors.mjs";
import { logFor, patchConsole } from "./console.mjs";
import { loadHandler } from "./handler.mjs";
import { Invocation } from "./invocation.mjs";

const api = new RuntimeApi(take("_LAMBDA_RUNTIME_SOCKET"));
let current;

patchConsole();
process.on("uncaughtException", (error) => fail("Uncaught Exception", error, 129));
process.on("unhandledRejection", (reason) => fail("Unhandled Promise Rejection", unhandledRejection(reason), 128));
process.on("beforeExit", () => current?.loopIsEmpty());
await main();

async function main() {
  let handler;
  try {
    handler = await loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
  } catch (error) {
    await failed("Uncaught Exception", error);
    process.exit(1);
  }
  for (;;) await answer(handler, await api.next());
}

// The process's event loop must be able to run empty while the handler works: that is when a
// function whose callback waits for it has ended.  So our own socket does not hold it then.
async function answer(handler, { id, headers, body }) {
  logFor(id);
  process.env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"];
  current = new Invocation(id, headers);
  api.release();
  const outcome = await current.run(handler, body);
  api.hold();
  current = undefined;
  if ("error" in outcome) {
    console.error("Invoke Error", formatted(outcome.error));
    await api.invocationError(id, outcome.error);
  } else {
    await api.invocationResponse(id, outcome.result);
  }
}

async function failed(title, error) {
  console.error(title, formatted(error));
  api.hold();
  await (current ? api.invocationError(current.id, error) : api.initError(error));
}

async function fail(title, error, status) {
  await failed(title, error);
  process.exit(status);
}

function take(name) {
  const value = process.env[name];
  delete process.env[name];
  return value;
}
