package org.sealwax.mail.dane;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Answer;
import org.sealwax.mail.dns.Security;
import org.sealwax.mail.dns.Tlsa;
import org.sealwax.mail.policy.Evidence.DaneState;
import org.sealwax.mail.tls.verdict.Association;
import org.sealwax.mail.tls.verdict.Associations;

/** What the answer to one TLSA question means (RFC 7672 2.2). */
public final class TlsaAnswer {
  /** DANE-TA: the only usage that looks at names. */
  private static final int ANCHOR = 2;

  private TlsaAnswer() {}

  /** Whether the names of the certificate will matter. */
  public static boolean needsNames(Answer<Tlsa> answer) {
    return answer.security() == Security.SECURE
        && answer.records().stream().anyMatch(r -> r.usage() == ANCHOR);
  }

  /**
   * The meaning; empty when there are no secure records here and the next candidate has its turn.
   *
   * @param owner that was asked
   * @param names reference names for usage 2
   */
  public static Optional<DaneState> meaning(Domain owner, Answer<Tlsa> answer, List<Domain> names) {
    return switch (answer.security()) {
      // RFC 7672 §2.1.1, §2.2: not "no TLSA"; this host waits.
      case BOGUS ->
          Optional.of(
              new DaneState.Trouble(
                  "TLSA records of " + owner + " do not validate: " + answer.reason()));
      case FAILED ->
          Optional.of(
              new DaneState.Trouble(
                  "TLSA records of " + owner + " cannot be looked up: " + answer.reason()));
      // RFC 7672 §2.2: unsigned records are as good as none.
      case INSECURE -> Optional.empty();
      case SECURE ->
          answer.records().isEmpty() ? Optional.empty() : Optional.of(ofRecords(answer, names));
    };
  }

  private static DaneState ofRecords(Answer<Tlsa> answer, List<Domain> names) {
    TlsaSet set = TlsaSet.of(answer.records());
    Set<Association> usable = set.usable();
    return usable.isEmpty()
        ? new DaneState.Unusable(set.why())
        : new DaneState.Usable(new Associations(usable, names));
  }
}
