package org.sealwax.mail.dns.validate;

import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.validate.DenialOfExistence.DenialResult;
import org.sealwax.mail.dns.validate.ValidatedAnswer.AnswerContent;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNAMERecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.Type;

/** What one message proves with the keys of one zone. */
final class ZoneProof {
  /** Reason of an INSECURE judgement whose proof shows that no signed delegation is on the way. */
  static final String OPT_OUT = "NSEC3 opt-out";

  /** Reason of an INSECURE judgement that shows nothing about delegations (RFC 9276 3.2). */
  static final String COSTLY = "too many NSEC3 iterations";

  private final Message message;
  private final ZoneView view;

  ZoneProof(Message message, ZoneView view) {
    this.message = message;
    this.view = view;
  }

  /**
   * The best that one of the chains of a message proves.
   *
   * @param ttl for how long it may be kept
   */
  record TimedProof(DenialResult proof, Duration ttl) {
    private ValidatedAnswer of(AnswerContent content, String otherwise) {
      return switch (proof) {
        case PROVEN -> new ValidatedAnswer(DnssecStatus.SECURE, content, ttl, "");
        case INSECURE -> new ValidatedAnswer(DnssecStatus.INSECURE, content, ttl, OPT_OUT);
        case COSTLY -> new ValidatedAnswer(DnssecStatus.INSECURE, content, ttl, COSTLY);
        case NONE -> ValidatedAnswer.unknown(DnssecStatus.BOGUS, otherwise);
      };
    }
  }

  private TimedProof best(int iterations, Function<DenialOfExistence, DenialResult> question) {
    TimedProof best = new TimedProof(DenialResult.NONE, Duration.ZERO);
    for (DenialOfExistence denial : DenialOfExistence.in(view)) {
      DenialResult proof =
          denial.iterations() > iterations ? DenialResult.COSTLY : question.apply(denial);
      if (proof.compareTo(best.proof()) < 0) {
        best = new TimedProof(proof, denial.ttl());
      }
    }
    return best;
  }

  /** SECURE, INSECURE because of NSEC3, or BOGUS. */
  ValidatedAnswer read(Name name, int type) {
    ZoneView.VerifiedRrset found = view.find(name, type);
    if (found != null) {
      ValidatedAnswer judged = positive(found, new AnswerContent.Found(found.records()));
      if (judged.security() != DnssecStatus.BOGUS) {
        return judged;
      }
    }
    ValidatedAnswer alias = alias(name);
    if (alias.security() != DnssecStatus.BOGUS) {
      return type == Type.CNAME ? asRecord(name, alias) : alias;
    }
    return denied(name, type);
  }

  /** The CNAME that a DNAME implies, to one who asked for the CNAME (RFC 6672 3.1). */
  private static ValidatedAnswer asRecord(Name name, ValidatedAnswer alias) {
    if (!(alias.content() instanceof AnswerContent.Alias made)) {
      return alias;
    }
    long ttl = alias.ttl().toSeconds();
    AnswerContent found =
        new AnswerContent.Found(List.of(new CNAMERecord(name, DClass.IN, ttl, made.target())));
    return new ValidatedAnswer(alias.security(), found, alias.ttl(), alias.reason());
  }

  /** RFC 4035 5.3.4: an expanded wildcard needs the proof that nothing closer is there. */
  private ValidatedAnswer positive(ZoneView.VerifiedRrset found, AnswerContent content) {
    Name encloser = DnsNames.ancestor(found.owner(), found.labels() + 1);
    DenialResult proof =
        found.isExpanded()
            ? best(Nsec3Denial.MAX_ITERATIONS, d -> d.noCloser(found.owner(), encloser)).proof()
            : DenialResult.PROVEN;
    return new TimedProof(proof, found.ttl())
        .of(content, "no proof that the wildcard applies to " + found.owner());
  }

  /** A CNAME at the name, or what a DNAME above makes of it; BOGUS when there is neither. */
  ValidatedAnswer alias(Name name) {
    ZoneView.VerifiedRrset cname = view.find(name, Type.CNAME);
    if (cname != null
        && cname.records().size() == 1
        && cname.record() instanceof CNAMERecord record) {
      return positive(cname, new AnswerContent.Alias(record.getTarget()));
    }
    for (ZoneView.VerifiedRrset dname : view.singles(Type.DNAME)) {
      Name owner = dname.owner();
      if (name.subdomain(owner)
          && !name.equals(owner)
          && dname.record() instanceof DNAMERecord record) {
        try {
          AnswerContent target = new AnswerContent.Alias(name.fromDNAME(record));
          return new ValidatedAnswer(DnssecStatus.SECURE, target, dname.ttl(), "");
        } catch (NameTooLongException e) {
          return ValidatedAnswer.unknown(
              DnssecStatus.FAILED, "DNAME " + owner + " makes the name too long");
        }
      }
    }
    return ValidatedAnswer.unknown(DnssecStatus.BOGUS, "no alias");
  }

  private ValidatedAnswer denied(Name name, int type) {
    String otherwise = because("no valid answer for " + DnsNames.text(name, type));
    // The RCODE is not signed: the proof shows which denial it is.
    TimedProof noData = best(Nsec3Denial.MAX_ITERATIONS, d -> d.noData(name, type));
    if (noData.proof() == DenialResult.PROVEN) {
      return noData.of(new AnswerContent.NoData(), otherwise);
    }
    TimedProof noName = best(Nsec3Denial.MAX_ITERATIONS, d -> d.noName(name));
    if (noName.proof() == DenialResult.PROVEN) {
      return noName.of(new AnswerContent.NoName(), otherwise);
    }
    // With records that do not verify it is not a denial, unless one is proven.
    AnswerContent content = DnssecValidator.plain(name, type, message, "").content();
    return switch (content) {
      case AnswerContent.NoName _ -> noName.of(content, otherwise);
      case AnswerContent.NoData _ -> noData.of(content, otherwise);
      default -> ValidatedAnswer.unknown(DnssecStatus.BOGUS, otherwise);
    };
  }

  /** An addition to a reason: why a set did not verify. */
  String because(String what) {
    return view.reason().isEmpty() ? what : what + ": " + view.reason();
  }

  /** Whether the name has no DS set. */
  TimedProof noDs(Name name) {
    return best(Nsec3Denial.MAX_CUT_ITERATIONS, d -> d.noDs(name));
  }

  /** Whether that is because of a delegation without DS. */
  boolean isUnsigned(Name name) {
    return best(Nsec3Denial.MAX_CUT_ITERATIONS, d -> d.isUnsigned(name)).proof()
        == DenialResult.PROVEN;
  }
}
