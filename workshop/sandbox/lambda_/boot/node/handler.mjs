// Finds the function that a handler name such as "src/app.handler" means.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { HandlerNotFound, ImportModuleError, MalformedHandlerName, UserCodeSyntaxError } from "./errors.mjs";

const EXTENSIONS = ["", ".js", ".mjs", ".cjs"];

export async function loadHandler(root, name) {
  const { file, member } = split(name);
  const loaded = await load(root, file);
  const handler = find(loaded, member) ?? find(loaded.default, member);
  if (handler === undefined) throw new HandlerNotFound(`${name} is undefined or not exported`);
  if (typeof handler !== "function") throw new HandlerNotFound(`${name} is not a function`);
  return handler;
}

function split(name) {
  if (name.includes("..")) {
    throw new MalformedHandlerName(
      `'${name}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const base = path.basename(name);
  const match = /^([^.]*)\.(.*)$/.exec(base);
  if (!match) throw new MalformedHandlerName("Bad handler");
  return { file: path.join(name.slice(0, -base.length), match[1]), member: match[2] };
}

async function load(root, file) {
  try {
    const full = path.resolve(root, file);
    const extension = EXTENSIONS.find((ending) => existsSync(full + ending));
    if (extension) return await import(pathToFileURL(full + extension).href);
    const require = createRequire(path.join(root, "index.js"));
    return require(require.resolve(extension === "" ? full : `./${file}`));
  } catch (error) {
    throw translated(error);
  }
}

function translated(error) {
  if (error instanceof SyntaxError) return new UserCodeSyntaxError(error);
  if (error?.code === "MODULE_NOT_FOUND") return new ImportModuleError(error);
  return error;
}

function find(from, member) {
  return member.split(".").reduce((nested, key) => (nested === null ? undefined : nested?.[key]), from);
}
