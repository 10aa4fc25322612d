package org.sealwax.lab.traps;

import static org.sealwax.lab.traps.Traps.D;
import static org.sealwax.lab.traps.Traps.trap;

import java.util.List;
import java.util.function.UnaryOperator;
import org.sealwax.testkit.tls.CertificateSpec;
import org.sealwax.testkit.tls.IssuedCertificate;
import org.sealwax.testkit.zone.DnsFault;
import org.sealwax.testkit.zone.Zone;
import org.sealwax.testkit.zone.ZoneSigning;

/** Group E: DANE. */
final class DaneTraps {
  private static final String DEFER = "defer; never plaintext";
  private static final String UNAUTHENTICATED = "TLS without authentication; never plaintext";

  private DaneTraps() {}

  private static UnaryOperator<Site> host(UnaryOperator<TrapHost> change) {
    return site -> site.eachHost(change);
  }

  private static UnaryOperator<Site> show(PublishedTlsa... records) {
    return host(h -> h.withTlsa(records));
  }

  private static UnaryOperator<Site> fault(String label, String type, DnsFault fault) {
    return site -> site.withFault(label, type, fault);
  }

  private static PublishedTlsa anchor() {
    return PublishedTlsa.of(
        2,
        IssuedCertificate.ChainPosition.ROOT,
        IssuedCertificate.TlsaSelector.WHOLE,
        IssuedCertificate.TlsaMatching.SHA_256);
  }

  /** Usage 2 with the root in the chain, as RFC 7672 3.1.2 requires. */
  private static UnaryOperator<Site> anchored(UnaryOperator<CertificateSpec> change) {
    return host(
        h ->
            h.certified(l -> change.apply(l.with(CertificateSpec.CertificateFault.WITH_ROOT)))
                .withTlsa(anchor()));
  }

  private static Site stripped(Site site) {
    return site.withSmtp(s -> s.withOffer(""));
  }

  static List<Trap> all() {
    PublishedTlsa whole =
        PublishedTlsa.of(
            3,
            IssuedCertificate.ChainPosition.LEAF,
            IssuedCertificate.TlsaSelector.WHOLE,
            IssuedCertificate.TlsaMatching.EXACT);
    PublishedTlsa long512 =
        PublishedTlsa.of(
            3,
            IssuedCertificate.ChainPosition.LEAF,
            IssuedCertificate.TlsaSelector.WHOLE,
            IssuedCertificate.TlsaMatching.SHA_512);
    return List.of(
        trap(
            "E1 | 3 1 1 matches | deliver, verified | RFC 7672 3.1.1",
            D,
            s -> s.signed(ZoneSigning.NSEC3)),
        trap(
            "E2 | 3 1 1 matches; expired, self-signed, another name | deliver | RFC 7672 3.1.1",
            D,
            host(
                h ->
                    h.certified(
                        l ->
                            l.withNames("elsewhere.invalid")
                                .with(CertificateSpec.CertificateIssuer.SELF)
                                .with(CertificateSpec.CertificateValidity.PAST)))),
        trap(
            "E3 | TLSA does not match | " + DEFER + " | RFC 7672 2.2",
            D,
            show(PublishedTlsa.wrong(3))),
        trap(
            "E4 | one TLSA wrong, one right | deliver | RFC 7671 8",
            D,
            s ->
                show(PublishedTlsa.wrong(3), PublishedTlsa.good())
                    .apply(s.signed(Zone.Algorithm.ECDSA_P384))),
        trap("E5 | 2 0 1 matches | deliver | RFC 7672 3.1.2", D, anchored(l -> l)),
        trap(
            "E6 | 2 0 1 matches, another name | " + DEFER + " | RFC 7672 3.2.2",
            D,
            anchored(l -> l.withNames("elsewhere.invalid"))),
        trap(
            "E7 | 2 0 1 of a CA that is not in the chain | " + DEFER + " | RFC 7672 3.1.2",
            D,
            host(
                h ->
                    h.certified(l -> l.with(CertificateSpec.CertificateIssuer.UNKNOWN_AUTHORITY))
                        .withTlsa(anchor()))),
        trap(
            "E8 | 2 0 1 matches, expired | " + DEFER + " | RFC 7671 5.2",
            D,
            anchored(l -> l.with(CertificateSpec.CertificateValidity.PAST))),
        trap(
            "E9 | usages 0 and 1 only | " + UNAUTHENTICATED + " | RFC 7672 3.1.3",
            D,
            show(
                PublishedTlsa.of(
                    1,
                    IssuedCertificate.ChainPosition.LEAF,
                    IssuedCertificate.TlsaSelector.KEY,
                    IssuedCertificate.TlsaMatching.SHA_256),
                PublishedTlsa.wrong(0))),
        trap(
            "E10a | an unknown usage | " + UNAUTHENTICATED + " | RFC 7672 2.2",
            D,
            show(PublishedTlsa.numbered("9 1 1"))),
        trap(
            "E10b | an unknown selector | " + UNAUTHENTICATED + " | RFC 7672 2.2",
            D,
            show(PublishedTlsa.numbered("3 7 1"))),
        trap(
            "E10c | an unknown matching type | " + UNAUTHENTICATED + " | RFC 7672 2.2",
            D,
            show(PublishedTlsa.numbered("3 1 9"))),
        trap(
            "E11 | an unknown usage, and STARTTLS stripped | " + DEFER + " | RFC 7672 2.2",
            D,
            s -> stripped(show(PublishedTlsa.numbered("9 1 1")).apply(s))),
        trap(
            "E12 | the whole certificate, and its SHA-512 | deliver | RFC 6698 2.1.3",
            D,
            show(whole, long512)),
        trap(
            "E13 | a digest of the wrong length | " + UNAUTHENTICATED + " | RFC 7671 10.1.1",
            D,
            show(PublishedTlsa.literal("3 1 1 5ea1"))),
        trap(
            "E14 | TLSA with a bogus signature | " + DEFER + " | RFC 7672 2.1.1",
            D,
            fault("mx", "TLSA", DnsFault.WRONG_SIGNATURES)),
        trap(
            "E15 | TLSA with an expired signature | " + DEFER + " | RFC 7672 2.1.1",
            D,
            fault("mx", "TLSA", DnsFault.EXPIRED_SIGNATURES)),
        trap(
            "E16 | TLSA without its signature | " + DEFER + " | RFC 7672 2.1.1",
            D,
            fault("mx", "TLSA", DnsFault.NO_SIGNATURES)),
        trap(
            "E17a | SERVFAIL for TLSA | " + DEFER + " | RFC 7672 2.1.1",
            D,
            fault("mx", "TLSA", DnsFault.SERVFAIL)),
        trap(
            "E17b | no answer for TLSA | " + DEFER + " | RFC 7672 2.1.1",
            D,
            fault("mx", "TLSA", DnsFault.DROP)),
        trap(
            "E18 | addresses with bogus signatures | defer | RFC 7672 2.1.2",
            D,
            s ->
                s.withFault("mx", "A", DnsFault.WRONG_SIGNATURES)
                    .withFault("mx", "AAAA", DnsFault.WRONG_SIGNATURES)),
        trap(
            "E19 | MX with a bogus signature | defer | RFC 7672 2.1.3",
            D,
            fault("@", "MX", DnsFault.WRONG_SIGNATURES)),
        trap(
            "E20 | TLSA that does not match, in an unsigned zone | deliver: the record does not count | RFC 7672 2.1",
            D,
            s -> show(PublishedTlsa.wrong(3)).apply(s.signed(ZoneSigning.NONE))),
        trap(
            "E21 | MX unsigned, host signed with TLSA that does not match | may enforce; recorded | RFC 7672 2.2.1",
            D,
            s ->
                show(PublishedTlsa.wrong(3))
                    .apply(s.signed(ZoneSigning.NONE).withHostZone(ZoneSigning.VALID))),
        trap(
            "E22 | TLSA behind CNAME: first wrong, second right | deliver to the second | RFC 7671 7",
            D,
            DaneTraps::aliasedTlsa),
        trap(
            "E23 | hosts behind CNAME: first wrong, second right | deliver to the second | RFC 7672 2.2.2",
            D,
            DaneTraps::aliasedHosts),
        trap(
            "E24 | no MX, TLSA at the name itself that does not match | "
                + DEFER
                + " | RFC 7672 2.2.3",
            D,
            s -> s.withHosts(s.host().named("@").unlisted().withTlsa(PublishedTlsa.wrong(3)))),
        trap(
            "E25 | NSEC3 with 500 iterations, no TLSA | deliver | RFC 9276 3.2",
            D,
            s -> show().apply(s.signed(ZoneSigning.NSEC3_ITERATED))),
        trap(
            "E26 | signed with an unknown algorithm | deliver: as unsigned | RFC 4035 5.2",
            D,
            s -> show(PublishedTlsa.wrong(3)).apply(s.signed(ZoneSigning.UNKNOWN_ALGORITHM))),
        trap(
            "E27 | DANE fails, MTA-STS would pass | " + DEFER + " | RFC 8461 2",
            D,
            s -> show(PublishedTlsa.wrong(3)).apply(s.withPolicy(StsPublication.good("enforce")))),
        trap(
            "E28 | first MX fails DANE, second is good | deliver to the second | RFC 7672 2.2",
            D,
            s ->
                s.withHosts(
                    s.host().named("mx1").at(10).withTlsa(PublishedTlsa.wrong(3)),
                    s.host().named("mx2").at(20))),
        trap(
            "E29 | TLSA is fixed while the mail waits | deliver at a later attempt | RFC 7672 2.2",
            D,
            s -> show(PublishedTlsa.wrong(3)).apply(s).later(show(PublishedTlsa.good()))),
        trap(
            "E30 | DANE matches, MTA-STS would fail | deliver or defer; never plaintext | RFC 8461 2",
            D,
            s ->
                s.withPolicy(StsPublication.good("enforce"))
                    .eachHost(
                        h -> h.certified(l -> l.with(CertificateSpec.CertificateIssuer.SELF)))));
  }

  private static Site aliasedTlsa(Site site) {
    TrapHost bare = site.host().withTlsa();
    return site.withHosts(bare.named("mx1").at(10), bare.named("mx2").at(20))
        .withRecord("_25._tcp.mx1 CNAME wrong")
        .withRecord("_25._tcp.mx2 CNAME right")
        .withRecord("wrong TLSA {wrong}")
        .withRecord("right TLSA {good}");
  }

  private static Site aliasedHosts(Site site) {
    TrapHost host = site.host().unlisted();
    return site.withHosts(host.named("mx1").withTlsa(PublishedTlsa.wrong(3)), host.named("mx2"))
        .withRecord("@ MX 10 alias1")
        .withRecord("@ MX 20 alias2")
        .withRecord("alias1 CNAME mx1")
        .withRecord("alias2 CNAME mx2");
  }
}
