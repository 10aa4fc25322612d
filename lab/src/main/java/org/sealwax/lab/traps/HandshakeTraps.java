package org.sealwax.lab.traps;

import static org.sealwax.lab.traps.Traps.N;
import static org.sealwax.lab.traps.Traps.NDS;
import static org.sealwax.lab.traps.Traps.trap;

import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.sealwax.testkit.tls.OddTlsBehaviour;

/** Group C: handshakes, refused, old, weak, or wrong. */
final class HandshakeTraps {
  private static final String AS_C1 =
      "without a policy: bounded fallback or another MX; with one: defer";

  /** ECDHE_ECDSA with AES in CBC and SHA-1, 256 and 128 bits (RFC 8422 6). */
  private static final Integer[] CBC_SHA1 = {0xc00a, 0xc009};

  private HandshakeTraps() {}

  private static UnaryOperator<Site> tls(UnaryOperator<OddTlsBehaviour> change) {
    return site -> site.eachHost(h -> h.withTls(change));
  }

  private static UnaryOperator<Site> quirk(OddTlsBehaviour.TlsFault fault) {
    return tls(t -> t.with(fault));
  }

  private static UnaryOperator<Site> chain(int bytes) {
    return site -> site.eachHost(h -> h.certified(c -> c.withChain(bytes)));
  }

  static List<Trap> all() {
    return List.of(
        trap(
            "C1 | handshake_failure to every ClientHello | " + AS_C1 + " | RFC 7435 3",
            NDS,
            quirk(OddTlsBehaviour.TlsFault.REFUSE_HELLO)),
        trap(
            "C5 | TLS 1.0 only | not negotiated; then as C1 | RFC 8996 4",
            NDS,
            tls(t -> t.withVersions(OddTlsBehaviour.TLS_1_0))),
        trap(
            "C6 | TLS 1.1 only | not negotiated; then as C1 | RFC 8996 5",
            NDS,
            tls(t -> t.withVersions(OddTlsBehaviour.TLS_1_1))),
        trap(
            "C8 | TLS 1.2 only | deliver | RFC 9325 3.1.1",
            N,
            tls(t -> t.withVersions(OddTlsBehaviour.TLS_1_2))),
        trap(
            "C9 | TLS 1.3 only | deliver | RFC 9325 3.1.1",
            N,
            tls(t -> t.withVersions(OddTlsBehaviour.TLS_1_3))),
        trap(
            "C16 | CBC with SHA-1 only | deliver or as C1; recorded | RFC 9325 4.2",
            N,
            tls(t -> t.withVersions(OddTlsBehaviour.TLS_1_2).withSuites(CBC_SHA1))),
        trap(
            "C18 | X25519MLKEM768 only | deliver if capable; else as C1 | draft-ietf-tls-ecdhe-mlkem",
            N,
            tls(
                t ->
                    t.withVersions(OddTlsBehaviour.TLS_1_3)
                        .withGroups(OddTlsBehaviour.X25519MLKEM768))),
        trap(
            "C19 | a HelloRetryRequest to every ClientHello | deliver | RFC 8446 4.1.4",
            N,
            tls(t -> t.withVersions(OddTlsBehaviour.TLS_1_3).withGroups(OddTlsBehaviour.P384))),
        trap(
            "C21 | TLS 1.2 with the downgrade sentinel | abort with illegal_parameter | RFC 8446 4.1.3",
            N,
            tls(
                t ->
                    t.withVersions(OddTlsBehaviour.TLS_1_2)
                        .with(OddTlsBehaviour.TlsFault.DOWNGRADE_SENTINEL))),
        trap(
            "C22a | a wrong Finished | abort | RFC 8446 4.4.4",
            NDS,
            quirk(OddTlsBehaviour.TlsFault.BAD_FINISHED)),
        trap(
            "C22b | a wrong CertificateVerify | abort | RFC 8446 4.4.3",
            NDS,
            tls(
                t ->
                    t.withVersions(OddTlsBehaviour.TLS_1_3)
                        .with(OddTlsBehaviour.TlsFault.BAD_SIGNATURE))),
        trap(
            "C24a | a KeyUpdate after the handshake | continue |  RFC 8446 4.6.3",
            N,
            tls(
                t ->
                    t.withVersions(OddTlsBehaviour.TLS_1_3)
                        .with(OddTlsBehaviour.TlsFault.KEY_UPDATE))),
        trap(
            "C24b | a HelloRequest after a handshake of TLS 1.2 | continue, or end cleanly; then as C1 | RFC 5246 7.4.1.1",
            N,
            tls(
                t ->
                    t.withVersions(OddTlsBehaviour.TLS_1_2)
                        .with(OddTlsBehaviour.TlsFault.HELLO_REQUEST))),
        trap(
            "C24c | fifty session tickets after the handshake | continue, or end cleanly; then as C1 | RFC 8446 4.6.1",
            N,
            tls(
                t ->
                    t.withVersions(OddTlsBehaviour.TLS_1_3)
                        .with(OddTlsBehaviour.TlsFault.MANY_TICKETS))),
        trap(
            "C25a | records of one byte | continue |  RFC 8446 5.1",
            N,
            quirk(OddTlsBehaviour.TlsFault.TINY_RECORDS)),
        trap(
            "C25b | a handshake that takes half a minute | continue |  RFC 5321 4.5.3.2",
            N,
            site ->
                site.withSmtp(
                    h ->
                        h.with(
                            new SmtpBehaviour.StarttlsBehaviour.StarttlsThenSlowTls(
                                Duration.ofSeconds(30))))),
        trap("C26a | a chain of 20 KB | deliver | RFC 8446 4.4.2", N, chain(20_000)),
        trap("C26b | a chain of 64 KB | deliver, or as C1 | RFC 8446 4.4.2", N, chain(64_000)),
        trap(
            "C26c | a chain of 200 KB | a clean failure; then as C1 | RFC 8446 4.4.2",
            N,
            chain(200_000)),
        trap(
            "C28 | unrecognized_name, fatal, for every name | another MX, or no name | RFC 6066 3",
            N,
            site ->
                site.withHosts(
                    site.host()
                        .named("mx1")
                        .at(10)
                        .withTls(t -> t.with(OddTlsBehaviour.TlsFault.REFUSE_SERVER_NAME)),
                    site.host().named("mx2").at(20))));
  }
}
