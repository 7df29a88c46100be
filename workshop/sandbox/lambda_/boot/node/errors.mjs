// The runtime's own errors, and how an error looks in a response and in the log.

class RuntimeError extends Error {
  constructor(message) {
    super(message);
    this.name = `Runtime.${new.target.name}`;
  }
}

export class HandlerNotFound extends RuntimeError {}
export class MalformedHandlerName extends RuntimeError {}

export class JSONStringifyError extends RuntimeError {
  constructor() {
    super("Unable to stringify response body");
  }
}

export class ImportModuleError extends RuntimeError {
  constructor(cause) {
    super(String(cause).replaceAll(import.meta.dirname, "/var/runtime"));
  }
}

export class UserCodeSyntaxError extends RuntimeError {
  constructor(cause) {
    super(String(cause));
    this.stack = cause.stack;
  }
}

export class CallbackHandlerDeprecated extends RuntimeError {
  constructor() {
    super(
      "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. " +
        "You need to modify this function to use a supported handler signature to use Node.js 24 or later. " +
        "For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.",
    );
  }
}

export class NeverSettled extends RuntimeError {
  constructor() {
    super(
      "The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a " +
        "Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes",
    );
    this.name = "Runtime.NodeJsExit";
  }
}

class UnhandledPromiseRejection extends RuntimeError {}

export function unhandledRejection(reason) {
  const error = new UnhandledPromiseRejection(reason?.toString());
  error.reason = reason;
  return error;
}

// What goes to the caller.
export function described(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: String(error.stack ?? "").split("\n") };
}

// What goes into the log, with every property of the error.
export function formatted(error) {
  try {
    return "\t" + JSON.stringify(error, (_key, value) => (value instanceof Error ? enumerated(value) : value));
  } catch {
    return "\t" + JSON.stringify(described(error));
  }
}

function enumerated(error) {
  const { name, message, code } = error;
  return { errorType: name, errorMessage: message, code, ...error, stack: String(error.stack ?? "").split("\n") };
}
