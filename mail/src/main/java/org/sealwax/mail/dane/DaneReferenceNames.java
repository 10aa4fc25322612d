package org.sealwax.mail.dane;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.policy.PolicySubject;

/** Names of which the certificate below a DANE anchor must have one (RFC 7672 3.2.2). */
public final class DaneReferenceNames {
  private DaneReferenceNames() {}

  /**
   * {@return the names, most wanted first}
   *
   * @param base under which the records were found
   * @param subject host and next hop
   * @param mx the answer to the next hop's MX question, where there was an MX look-up
   */
  public static List<Domain> of(
      Domain base, PolicySubject subject, Optional<DnsAnswer<MxRecord>> mx) {
    Set<Domain> names = new LinkedHashSet<>();
    names.add(base);
    // With an unsigned MX record an attacker may have pointed from the next hop to this host.
    if ((subject.isDirect() || subject.secureMx()) && subject.nextHop() instanceof Domain hop) {
      names.add(hop);
      if (!subject.isDirect()) {
        mx.filter(answer -> answer.security() == DnssecStatus.SECURE)
            .ifPresent(answer -> names.add(answer.name()));
      }
    }
    return List.copyOf(names);
  }
}
