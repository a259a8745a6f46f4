// node check.mjs FILE...: what an editor shows in these workflow and action files. Exits with 1 if it shows anything.
//
// `org/vmss-upgrade` means this project's action.yml. Of other actions, those with a stand-in in tests/e2e have their
// inputs checked; nothing is fetched.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { register } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

register("./json_loader.mjs", import.meta.url);
const { validate } = await import("@actions/languageservice");
const { TextDocument } = await import("vscode-languageserver-textdocument");
const { parse } = await import("yaml");

const PROJECT = resolve(import.meta.dirname, "../..");
const STAND_INS = join(PROJECT, "tests/e2e/stand_ins");

const metadataOf = async ({ owner, name }) => {
  const file = owner === "org" ? join(PROJECT, "action.yml") : join(STAND_INS, owner, name, "action.yml");
  return existsSync(file) ? parse(await readFile(file, "utf8")) : {};
};

const problemsOf = async (file) => {
  const text = await readFile(file, "utf8");
  const document = TextDocument.create(pathToFileURL(resolve(file)).href, "yaml", 0, text);
  const shown = await validate(document, { actionsMetadataProvider: { fetchActionMetadata: metadataOf } });
  return shown.map(({ range, message }) => `${file}:${range.start.line + 1}:${range.start.character + 1}: ${message}`);
};

const problems = (await Promise.all(process.argv.slice(2).map(problemsOf))).flat();
problems.forEach((problem) => console.log(problem));
console.log(`language service: ${process.argv.length - 2} files, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
