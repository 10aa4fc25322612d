package org.sealwax.lab.traps;

import static org.sealwax.lab.traps.Traps.S;
import static org.sealwax.lab.traps.Traps.trap;

import java.util.List;
import org.sealwax.testkit.tls.CertificateSpec;

/**
 * Group G: REQUIRETLS. G2 to G4 need a message sent with REQUIRETLS, G5 one with {@code
 * TLS-Required: No} in its header; to other messages they are good hosts, or bad ones. (G1, the
 * reports, is looked for at every trap.)
 */
final class RequireTlsTraps {
  private RequireTlsTraps() {}

  private static Site selfSigned(Site site) {
    return site.eachHost(h -> h.certified(l -> l.with(CertificateSpec.CertificateIssuer.SELF)));
  }

  static List<Trap> all() {
    return List.of(
        trap(
            "G2 | REQUIRETLS mail, the host does not offer it | bounce 5.7.30 | RFC 8689 4.2.1",
            S,
            s -> s),
        trap(
            "G3 | REQUIRETLS mail, the certificate is not valid | bounce 5.7.10 or 5.7.30 | RFC 8689 4.2.1",
            S,
            s -> selfSigned(s).withSmtp(h -> h.withAfter("REQUIRETLS"))),
        trap(
            "G4 | REQUIRETLS mail, all good | deliver with REQUIRETLS | RFC 8689 4.2.1",
            S,
            s -> s.withSmtp(h -> h.withAfter("REQUIRETLS"))),
        trap(
            "G5 | TLS-Required: No, the certificate is not valid | deliver | RFC 8689 3",
            S,
            RequireTlsTraps::selfSigned));
  }
}
