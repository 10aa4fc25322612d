package org.sealwax.mail.dns.validate;

import java.time.Duration;
import java.util.List;
import org.sealwax.mail.dns.DnssecStatus;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;

/**
 * The validated answer for one name and type, without following aliases.
 *
 * @param security of the content
 * @param content the records, or the denial that any exist
 * @param ttl for how long it may be kept: no longer than records and signatures allow (RFC 4035
 *     5.3.3)
 * @param reason why the answer is not SECURE, in words for logs; empty when it is
 */
public record ValidatedAnswer(
    DnssecStatus security, AnswerContent content, Duration ttl, String reason) {
  /** The result of an answer. */
  public sealed interface AnswerContent {
    /** Records of the type at exactly this name; never empty. */
    record Found(List<Record> records) implements AnswerContent {}

    /** A CNAME, or what a DNAME above makes of the name (RFC 6672 2.2). */
    record Alias(Name target) implements AnswerContent {}

    /** The name has no records of this type. */
    record NoData() implements AnswerContent {}

    /** The name does not exist. */
    record NoName() implements AnswerContent {}

    /** BOGUS or FAILED: nothing is known. */
    record Unknown() implements AnswerContent {}
  }

  /** Nothing is known: BOGUS or FAILED. */
  public static ValidatedAnswer unknown(DnssecStatus security, String reason) {
    return new ValidatedAnswer(security, new AnswerContent.Unknown(), Duration.ZERO, reason);
  }

  /** The same, validated by another resolver; what is unknown remains so. */
  public ValidatedAnswer secured() {
    return security == DnssecStatus.INSECURE
        ? new ValidatedAnswer(DnssecStatus.SECURE, content, ttl, "")
        : this;
  }
}
