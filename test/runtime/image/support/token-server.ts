import { createPrivateKey, randomUUID, sign, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";

import type { Certificate } from "./certificates.js";

export interface TokenServer extends AsyncDisposable {
  /** The `auth` part of a registry's configuration. */
  readonly auth: object;
  /** Who got a token, in order. */
  readonly grants: readonly string[];
}

/** Who may have tokens. */
export interface Accounts {
  username: string;
  password: string;
  identityToken: string;
}

/** Gives out the bearer tokens that a registry asks for, by user and password or by an identity token. */
export async function startTokenServer(
  accounts: Accounts,
  { certificate, key }: Certificate,
): Promise<TokenServer> {
  const x5c = [new X509Certificate(await readFile(certificate)).raw.toString("base64")];
  const privateKey = createPrivateKey(await readFile(key));
  const grants: string[] = [];

  function token(scope: string | null): string {
    const [type, name, actions] = scope?.split(":") ?? [];
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      ...{
        iss: "test",
        sub: "test",
        aud: "registry",
        jti: randomUUID(),
        nbf: now - 10,
        iat: now,
        exp: now + 60,
      },
      access: name === undefined ? [] : [{ type, name, actions: actions?.split(",") }],
    };
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
    const signed = `${encode({ typ: "JWT", alg: "ES256", x5c })}.${encode(claims)}`;
    const signature = sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
    return `${signed}.${signature.toString("base64url")}`;
  }

  async function answer(request: IncomingMessage): Promise<object | undefined> {
    if (request.method === "POST") {
      const form = new URLSearchParams(Buffer.concat(await request.toArray()).toString());
      if (form.get("refresh_token") !== accounts.identityToken) return undefined;
      grants.push("identity token");
      return { access_token: token(form.get("scope")) };
    }
    const basic = Buffer.from(`${accounts.username}:${accounts.password}`).toString("base64");
    if (request.headers.authorization !== `Basic ${basic}`) return undefined;
    grants.push("password");
    return { token: token(new URL(request.url ?? "", "http://token").searchParams.get("scope")) };
  }

  const server = createServer(async (request, response) => {
    const granted = await answer(request);
    response.statusCode = granted ? 200 : 401;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(granted ?? { errors: [{ code: "UNAUTHORIZED", message: "who are you" }] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const realm = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/token`;
  return {
    auth: { token: { realm, service: "registry", issuer: "test", rootcertbundle: certificate } },
    grants,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}
