// One invocation: its context, and how the handler's result is found (promise, value or callback).

import { CallbackHandlerDeprecated, JSONStringifyError, NeverSettled } from "./errors.mjs";

const CALLBACKS_REMOVED_IN = 24;
const RUNTIME = Number(/nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV ?? "")?.[1] ?? CALLBACKS_REMOVED_IN);

export class Invocation {
  #settle;
  #waitForEmptyLoop = true;
  #atEmptyLoop = () => (RUNTIME >= CALLBACKS_REMOVED_IN ? { error: new NeverSettled() } : { result: "null" });

  constructor(id, headers) {
    this.id = id;
    this.context = this.#context(headers);
  }

  run(handler, body) {
    const outcome = new Promise((resolve) => (this.#settle = resolve));
    this.#call(handler, body).catch((error) => this.#settle({ error }));
    return outcome;
  }

  loopIsEmpty() {
    this.#settle(this.#atEmptyLoop());
  }

  async #call(handler, body) {
    if (RUNTIME >= CALLBACKS_REMOVED_IN) {
      if (handler.length >= 3) throw new CallbackHandlerDeprecated();
      return this.#settle({ result: serialized(await handler(JSON.parse(body), this.context)) });
    }
    const result = handler(JSON.parse(body), this.context, (error, value) => this.#callback(error, value));
    if (typeof result?.then === "function") this.#settle({ result: serialized(await result) });
  }

  #callback(error, value) {
    const outcome = () => (error ? { error } : { result: serialized(value) });
    this.#atEmptyLoop = outcome;
    if (!this.#waitForEmptyLoop || error) setImmediate(() => this.#settle(outcome()));
  }

  #context(headers) {
    const deadline = Number(headers["lambda-runtime-deadline-ms"]);
    const env = process.env;
    const context = {
      functionName: env.AWS_LAMBDA_FUNCTION_NAME,
      functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
      memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
      logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
      logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
      clientContext: parsedHeader(headers["lambda-runtime-client-context"]),
      identity: parsedHeader(headers["lambda-runtime-cognito-identity"]),
      invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
      awsRequestId: this.id,
      getRemainingTimeInMillis: () => deadline - Date.now(),
    };
    return RUNTIME >= CALLBACKS_REMOVED_IN ? context : this.#withCallbacks(context);
  }

  #withCallbacks(context) {
    const invocation = this;
    const done = (error, value) => {
      invocation.#waitForEmptyLoop = false;
      invocation.#callback(error, value);
    };
    return Object.assign(context, {
      get callbackWaitsForEmptyEventLoop() {
        return invocation.#waitForEmptyLoop;
      },
      set callbackWaitsForEmptyEventLoop(value) {
        invocation.#waitForEmptyLoop = value;
      },
      done,
      succeed: (value) => done(null, value),
      fail: (error) => done(error ?? "handled"),
    });
  }
}

function serialized(value) {
  try {
    return JSON.stringify(value === undefined ? null : value) ?? "null";
  } catch {
    throw new JSONStringifyError();
  }
}

function parsedHeader(value) {
  return value ? JSON.parse(value) : undefined;
}
