package org.sealwax.mail.dane;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.policy.Evidence.DaneState;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.TlsaAssociations;

/** What the answer to one TLSA question means (RFC 7672 2.2). */
public final class TlsaAnswer {
  /** DANE-TA: the only usage that looks at names. */
  private static final int ANCHOR = 2;

  private TlsaAnswer() {}

  /**
   * {@return whether the names of the certificate will matter}
   *
   * @param answer the answer of the DNS
   */
  public static boolean needsNames(DnsAnswer<TlsaRecord> answer) {
    return answer.security() == DnssecStatus.SECURE
        && answer.records().stream().anyMatch(r -> r.usage() == ANCHOR);
  }

  /**
   * {@return the meaning; empty when there are no secure records here and the next candidate has
   * its turn}
   *
   * @param owner that was asked
   * @param answer the answer of the DNS
   * @param names reference names for usage 2
   */
  public static Optional<DaneState> meaning(
      Domain owner, DnsAnswer<TlsaRecord> answer, List<Domain> names) {
    return switch (answer.security()) {
      // RFC 7672 §2.1.1, §2.2: not "no TLSA"; this host waits.
      case BOGUS ->
          Optional.of(
              new DaneState.LookupFailed(
                  "TLSA records of " + owner + " do not validate: " + answer.reason()));
      case FAILED ->
          Optional.of(
              new DaneState.LookupFailed(
                  "TLSA records of " + owner + " cannot be looked up: " + answer.reason()));
      // RFC 7672 §2.2: unsigned records are as good as none.
      case INSECURE -> Optional.empty();
      case SECURE ->
          answer.records().isEmpty() ? Optional.empty() : Optional.of(ofRecords(answer, names));
    };
  }

  private static DaneState ofRecords(DnsAnswer<TlsaRecord> answer, List<Domain> names) {
    TlsaSet set = TlsaSet.of(answer.records());
    Set<TlsaAssociation> usable = set.usable();
    return usable.isEmpty()
        ? new DaneState.Unusable(set.why())
        : new DaneState.Usable(new TlsaAssociations(usable, names));
  }
}
