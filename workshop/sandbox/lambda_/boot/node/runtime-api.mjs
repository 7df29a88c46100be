// A client of the Lambda Runtime API over a unix socket: one request at a time, HTTP/1.1.

import net from "node:net";
import { described } from "./errors.mjs";

const ROOT = "/2018-06-01/runtime";
const END_OF_HEAD = Buffer.from("\r\n\r\n");

export class RuntimeApi {
  #socket;
  #received = Buffer.alloc(0);
  #waiting;

  constructor(path) {
    this.#socket = net.connect(path);
    this.#socket.on("data", (chunk) => this.#receive(chunk));
    this.#socket.on("close", () => process.exit(0)); // the other side is gone: nobody asks any more
    this.#socket.on("error", () => process.exit(0));
  }

  async next() {
    const { headers, body } = await this.#request("GET", "/invocation/next");
    return { id: headers["lambda-runtime-aws-request-id"], headers, body };
  }

  invocationResponse(id, json) {
    return this.#request("POST", `/invocation/${id}/response`, json);
  }

  invocationError(id, error) {
    return this.#error(`/invocation/${id}/error`, error);
  }

  initError(error) {
    return this.#error("/init/error", error);
  }

  hold() {
    this.#socket.ref();
  }

  release() {
    this.#socket.unref();
  }

  #error(path, error) {
    const report = described(error);
    return this.#request("POST", path, JSON.stringify(report), report.errorType);
  }

  #request(method, path, body = "", errorType = "") {
    const content = Buffer.from(body);
    const head = [
      `${method} ${ROOT}${path} HTTP/1.1`,
      "Host: runtime",
      "Content-Type: application/json",
      `Content-Length: ${content.length}`,
      ...(errorType ? [`Lambda-Runtime-Function-Error-Type: ${encodeURI(errorType)}`] : []),
    ];
    const reply = new Promise((resolve) => (this.#waiting = resolve));
    this.#socket.write(Buffer.concat([Buffer.from(head.join("\r\n")), END_OF_HEAD, content]));
    return reply;
  }

  #receive(chunk) {
    this.#received = this.#received.length ? Buffer.concat([this.#received, chunk]) : chunk;
    const end = this.#received.indexOf(END_OF_HEAD);
    if (end < 0) return;
    const headers = parsed(this.#received.toString("latin1", 0, end));
    const start = end + END_OF_HEAD.length;
    const length = Number(headers["content-length"] ?? 0);
    if (this.#received.length < start + length) return;
    const body = this.#received.toString("utf8", start, start + length);
    this.#received = this.#received.subarray(start + length);
    this.#waiting({ headers, body });
  }
}

function parsed(head) {
  const lines = head.split("\r\n").slice(1).map((line) => [line, line.indexOf(":")]);
  return Object.fromEntries(lines.map(([line, colon]) => [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]));
}
