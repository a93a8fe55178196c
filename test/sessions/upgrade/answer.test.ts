import { describe, expect, it } from "vitest";

import { AnswerReader, type UpgradeAnswer } from "../../../src/sessions/upgrade/answer.js";

const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n";

/** What a reader makes of a text that comes in two pieces, and, when it still waits, of the end. */
function read(text: string, cut = text.length): UpgradeAnswer | undefined {
  const reader = new AnswerReader("SPDY/3.1");
  const bytes = Buffer.from(text, "latin1");
  return reader.read(bytes.subarray(0, cut)) ?? reader.read(bytes.subarray(cut)) ?? reader.end();
}

/** The same for each place where it can be cut. */
const readCut = (text: string) => Array.from({ length: text.length }, (_, cut) => read(text, cut));

describe("the answer to an upgrade", () => {
  it("of another protocol's first bytes are those behind its head, wherever it is cut", () => {
    for (const answer of readCut(`${switching}\x80\x03`)) {
      expect(answer).toMatchObject({
        headers: new Map([
          ["connection", "Upgrade"],
          ["upgrade", "SPDY/3.1"],
        ]),
      });
    }
    expect(read(`${switching}\x80\x03`)).toMatchObject({ rest: Buffer.from([0x80, 0x03]) });
  });

  it("may have others of the hundreds before it", () => {
    const early = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
    for (const answer of readCut(`HTTP/1.1 100 Continue\r\n\r\n${early}${switching}`)) {
      expect(answer).toHaveProperty("rest");
    }
  });

  it.each([
    ["none", "HTTP/1.1 101 Switching Protocols\r\n\r\n"],
    ["another", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"],
  ])("that changes to %s of the protocols asked for is a refusal", (_which, text) => {
    expect(read(text)).toEqual({ statusCode: 101, said: "" });
  });

  it("has its headers' names in lower case, with the values of one name together", () => {
    const more = switching.replace("\r\n\r\n", "\r\nX-Thing:  a \r\nx-thing:b\r\nEMPTY:\r\n\r\n");
    expect(read(more)).toMatchObject({
      headers: expect.toSatisfy(
        (headers) => headers.get("x-thing") === "a, b" && headers.get("empty") === "",
      ),
    });
  });

  it.each([
    ["a length", "Content-Length: 5\r\n\r\nno, never mind"],
    ["chunks", "Transfer-Encoding: chunked\r\n\r\n3\r\nno,\r\n2;ext=1\r\n n\r\n0\r\n\r\n"],
    ["the connection's end", "\r\nno, n"],
  ])("that refuses says so in a body that ends by %s, wherever it is cut", (_how, rest) => {
    for (const answer of readCut(`HTTP/1.1 403 Forbidden\r\n${rest}`)) {
      expect(answer).toEqual({ statusCode: 403, said: "no, n" });
    }
  });

  it.each([
    ["HTTP/1.1 204 No Content\r\n\r\n", 204, ""],
    ["HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, ""],
    ["HTTP/1.0 500\r\nContent-Length: many\r\n\r\nx", 500, ""],
    ["HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n", 403, ""],
  ])("%j is a refusal that nothing more is waited for", (text, statusCode, said) => {
    expect(new AnswerReader("SPDY/3.1").read(Buffer.from(text))).toEqual({ statusCode, said });
  });

  it.each(["", "Transfer-Encoding: chunked\r\n", "Content-Length: 99999999\r\n"])(
    "with %j and a body without end is not read beyond a bound",
    (header) => {
      const reader = new AnswerReader("SPDY/3.1");
      let answer = reader.read(Buffer.from(`HTTP/1.1 500 No\r\n${header}\r\n`));
      let bytes = 0;
      for (; !answer; bytes += 6) answer = reader.read(Buffer.from("1\r\nx\r\n"));
      expect(bytes).toBeLessThan(10_000);
    },
  );

  it.each([
    ["another protocol", "\x80\x03\x00\x02\r\n\r\n"],
    ["another version", "HTTP/2 101 Switching\r\n\r\n"],
    ["no status", "HTTP/1.1 OK\r\n\r\n"],
    ["a blank in a name", "HTTP/1.1 101 OK\r\nUpgrade : SPDY/3.1\r\n\r\n"],
    ["a folded header", "HTTP/1.1 101 OK\r\nUpgrade:\r\n SPDY/3.1\r\n\r\n"],
    ["a bare line feed", "HTTP/1.1 101 OK\r\nUpgrade: SPDY/3.1\nX: y\r\n\r\n"],
  ])("of %s is an error", (_what, text) => {
    expect(() => read(text)).toThrow(/answer/);
  });

  it("with a head beyond 16 KiB is an error, also when that is many heads", () => {
    expect(() => read(`HTTP/1.1 101 OK\r\nX: ${"x".repeat(17_000)}`)).toThrow(/16384 bytes/);
    expect(() => read(`${"HTTP/1.1 100 Continue\r\n\r\n".repeat(700)}${switching}`)).toThrow(/16384 bytes/);
  });
});
