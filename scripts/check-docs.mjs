#!/usr/bin/env node
// Every relative link in a Markdown file leads to a file, and its `#part` to a heading there. A link to a test file
// whose text is in quotes names a test there.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { projectDirectory } from "./setup/packages.mjs";

const list = ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"];
const pages = spawnSync("git", list, { cwd: projectDirectory, encoding: "utf8" })
  .stdout.split("\n")
  .filter((page) => page !== "" && existsSync(join(projectDirectory, page)));

const broken = pages.flatMap(brokenLinks);
for (const line of broken) console.error(line);
if (broken.length > 0) process.exitCode = 1;

function brokenLinks(page) {
  const text = withoutCode(readFileSync(join(projectDirectory, page), "utf8"));
  const links = [...text.matchAll(/(?:\["([^\]]*)")?\]\(([^)\s]+)\)/g)].filter(
    ([, , to]) => !/^[a-z]+:/i.test(to),
  );
  return links.flatMap(([, title, target]) => {
    if (!isThere(page, target)) return `${page}: the link ${target} leads nowhere`;
    if (title === undefined || hasTest(page, target, title)) return [];
    return `${page}: ${target} has no test named "${title}"`;
  });
}

function hasTest(page, target, title) {
  const path = join(dirname(page), target);
  if (!path.startsWith("test/")) return true;
  const source = readFileSync(join(projectDirectory, path), "utf8");
  return ['"', "'", "`"].some((quote) => source.includes(`${quote}${title}${quote}`));
}

function isThere(page, target) {
  const [path, part] = target.split("#");
  const file = path === "" ? page : relative(".", join(dirname(page), decodeURIComponent(path)));
  const absolute = join(projectDirectory, file);
  if (!existsSync(absolute)) return false;
  if (part === undefined || part === "" || statSync(absolute).isDirectory()) return true;
  return !file.endsWith(".md") || headings(absolute).has(part);
}

function headings(path) {
  const lines = withoutCode(readFileSync(path, "utf8")).split("\n");
  return new Set(lines.filter((line) => /^#+ /.test(line)).map(anchor));
}

// As GitHub makes them: lower case, punctuation dropped, blanks to hyphens.
function anchor(heading) {
  const title = heading.replace(/^#+ /, "").trim().toLowerCase();
  return title.replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
}

function withoutCode(text) {
  return text.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, (code) => code.replace(/[\][()]/g, ""));
}
