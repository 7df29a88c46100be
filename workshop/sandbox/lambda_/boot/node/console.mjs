// Gives console's lines the form they have in CloudWatch Logs: time, request id, level, text.

import { format } from "node:util";

const LEVELS = { log: "INFO", info: "INFO", debug: "DEBUG", warn: "WARN", error: "ERROR", trace: "TRACE" };
let requestId;

export function logFor(id) {
  requestId = id;
}

// A record is one line on the pipe: its own line ends travel as carriage returns.
export function patchConsole() {
  for (const [method, level] of Object.entries(LEVELS)) {
    console[method] = (...parts) => {
      const record = [new Date().toISOString(), requestId, level, format(...parts)].join("\t");
      process.stdout.write(record.replaceAll("\n", "\r") + "\n");
    };
  }
}
