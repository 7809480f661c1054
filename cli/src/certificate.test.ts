import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { describe, expect, test } from "vitest";
import { type IssuedCertificate, issueCertificate } from "./certificate.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse("2026-03-01T00:00:00Z");
const life = { notBeforeMs: NOW_MS, notAfterMs: NOW_MS + DAY_MS };
const AUTHORITY = { commonName: "test-ca" };

function authority(): IssuedCertificate {
  return issueCertificate({ subject: AUTHORITY, usage: "authority", ...life });
}

function issuedBy(ca: IssuedCertificate) {
  return { subject: AUTHORITY, key: createPrivateKey(ca.key) };
}

describe("a certificate", () => {
  test("carries subject, validity, names and usage", () => {
    const ca = authority();
    const issued = issueCertificate(
      {
        subject: { commonName: "kubernetes-admin", organizations: ["system:masters"] },
        usage: "client",
        hosts: ["localhost", "10.96.0.1", "::1", "2001:db8::a:1"],
        ...life,
      },
      issuedBy(ca),
    );
    const certificate = new X509Certificate(issued.certificate);
    expect(certificate.subject).toBe("O=system:masters\nCN=kubernetes-admin");
    expect(certificate.issuer).toBe("CN=test-ca");
    expect(new Date(certificate.validFrom).getTime()).toBe(life.notBeforeMs);
    expect(new Date(certificate.validTo).getTime()).toBe(life.notAfterMs);
    expect(certificate.subjectAltName).toBe(
      "DNS:localhost, IP Address:10.96.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:2001:DB8:0:0:0:0:A:1",
    );
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]); // client authentication
    expect(certificate.ca).toBe(false);
    expect(certificate.checkPrivateKey(createPrivateKey(issued.key))).toBe(true);
    expect(certificate.verify(new X509Certificate(ca.certificate).publicKey)).toBe(true);
    expect(certificate.verify(new X509Certificate(authority().certificate).publicKey)).toBe(false);
  });

  test("of the authority is one, and signs itself", () => {
    const certificate = new X509Certificate(authority().certificate);
    expect(certificate.ca).toBe(true);
    expect(certificate.checkIssued(certificate)).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
  });

  test("that ends after 2049 is encoded with four digits of the year", () => {
    const notAfterMs = Date.parse("2051-06-01T12:00:00Z");
    const issued = issueCertificate({
      subject: AUTHORITY,
      usage: "authority",
      notBeforeMs: NOW_MS,
      notAfterMs,
    });
    const { validTo } = new X509Certificate(issued.certificate);
    expect(new Date(validTo).getTime()).toBe(notAfterMs);
  });

  test("serves mutual TLS", async () => {
    const ca = issueCertificate({
      subject: AUTHORITY,
      usage: "authority",
      notBeforeMs: 0,
      notAfterMs: Date.parse("2049-01-01T00:00:00Z"),
    });
    const long = { notBeforeMs: 0, notAfterMs: Date.parse("2049-01-01T00:00:00Z") };
    const of = (usage: "server" | "client") =>
      issueCertificate(
        { subject: { commonName: usage }, usage, hosts: ["127.0.0.1"], ...long },
        issuedBy(ca),
      );
    const [server, client] = [of("server"), of("client")];
    const listener = createServer({
      ca: ca.certificate,
      cert: server.certificate,
      key: server.key,
      requestCert: true,
      rejectUnauthorized: true,
    });
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    const accepted = once(listener, "secureConnection") as Promise<[TLSSocket]>;
    const socket = connect({
      host: "127.0.0.1",
      port: (listener.address() as AddressInfo).port,
      ca: ca.certificate,
      cert: client.certificate,
      key: client.key,
    });
    await once(socket, "secureConnect");
    expect(socket.authorized).toBe(true);
    const [peer] = await accepted;
    expect(peer.getPeerCertificate().subject.CN).toBe("client");
    socket.destroy();
    listener.close();
  });
});
