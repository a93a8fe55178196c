import { expect, test } from "vitest";
import { readReport } from "./report.js";

const report = (cases: string) => `<?xml version="1.0" encoding="UTF-8"?>
  <testsuites tests="2"><testsuite name="CRI validation" tests="2">
    <properties><property name="RandomSeed" value="7"></property></properties>
    <testcase name="[BeforeSuite]" status="passed" time="0.0"><system-err>&gt; Enter</system-err></testcase>
    ${cases}
  </testsuite></testsuites>`;

test("each spec has its outcome, and its message in plain text", () => {
  const xml = report(`
    <testcase name="[It] [k8s.io] Container starts &lt;fast&gt;" status="passed" time="1"></testcase>
    <testcase name="[It] [k8s.io] Container stops [Conformance]" status="failed" time="1">
      <failure message="wanted &#34;a&#34;&#xA;got &#39;b&#39;" type="failed">at line 3</failure></testcase>
    <testcase name="[It] [k8s.io] Container ends" status="panicked" time="1">
      <error message="nil pointer" type="panicked">stack</error></testcase>
    <testcase name="[It] [k8s.io] AppArmor confines" status="skipped" time="0">
      <skipped message="skipped - AppArmor is disabled on this host"></skipped></testcase>
    <testcase name="[It] [k8s.io] PodSandbox benchmark" status="skipped" time="0">
      <skipped message="skipped"></skipped></testcase>`);
  expect(readReport(xml)).toEqual([
    { name: "Container starts <fast>", outcome: "passed", message: "" },
    { name: "Container stops [Conformance]", outcome: "failed", message: "wanted \"a\"\ngot 'b'" },
    { name: "Container ends", outcome: "failed", message: "nil pointer" },
    { name: "AppArmor confines", outcome: "skipped", message: "AppArmor is disabled on this host" },
    { name: "PodSandbox benchmark", outcome: "filtered", message: "" },
  ]);
});

test("what runs before and after the specs is told only if it fails", () => {
  const xml = report(`<testcase name="[AfterSuite]" status="failed" time="0">
    <failure message="left something" type="failed"></failure></testcase>`);
  expect(readReport(xml)).toEqual([{ name: "[AfterSuite]", outcome: "failed", message: "left something" }]);
});

test("thousands of escaped characters are read", () => {
  const message = "line&#xA;".repeat(20_000);
  const xml = report(`<testcase name="[It] a" status="failed"><failure message="${message}"/></testcase>`);
  expect(readReport(xml)[0]?.message).toHaveLength(100_000);
});
