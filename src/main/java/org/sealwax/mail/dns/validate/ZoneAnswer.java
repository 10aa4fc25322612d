package org.sealwax.mail.dns.validate;

import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.sealwax.mail.dns.Security;
import org.sealwax.mail.dns.validate.Denial.Proof;
import org.sealwax.mail.dns.validate.Judgement.Content;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNAMERecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.Type;

/** What one message proves with the keys of one zone. */
final class ZoneAnswer {
  /** Reason of an INSECURE judgement whose proof shows that no signed delegation is on the way. */
  static final String OPT_OUT = "NSEC3 opt-out";

  /** Reason of an INSECURE judgement that says nothing about delegations (RFC 9276 3.2). */
  static final String COSTLY = "too many NSEC3 iterations";

  private final Message message;
  private final ZoneView view;

  ZoneAnswer(Message message, ZoneView view) {
    this.message = message;
    this.view = view;
  }

  /**
   * The best that one of the chains of a message proves.
   *
   * @param ttl for how long it may be kept
   */
  record Evidence(Proof proof, Duration ttl) {
    private Judgement of(Content content, String otherwise) {
      return switch (proof) {
        case PROVEN -> new Judgement(Security.SECURE, content, ttl, "");
        case INSECURE -> new Judgement(Security.INSECURE, content, ttl, OPT_OUT);
        case COSTLY -> new Judgement(Security.INSECURE, content, ttl, COSTLY);
        case NONE -> Judgement.unknown(Security.BOGUS, otherwise);
      };
    }
  }

  private Evidence best(int iterations, Function<Denial, Proof> question) {
    Evidence best = new Evidence(Proof.NONE, Duration.ZERO);
    for (Denial denial : Denial.in(view)) {
      Proof proof = denial.iterations() > iterations ? Proof.COSTLY : question.apply(denial);
      if (proof.compareTo(best.proof()) < 0) {
        best = new Evidence(proof, denial.ttl());
      }
    }
    return best;
  }

  /** SECURE, INSECURE because of NSEC3, or BOGUS. */
  Judgement read(Name name, int type) {
    ZoneView.Verified found = view.find(name, type);
    if (found != null) {
      Judgement judged = positive(found, new Content.Found(found.records()));
      if (judged.security() != Security.BOGUS) {
        return judged;
      }
    }
    Judgement alias = alias(name);
    if (alias.security() != Security.BOGUS) {
      return type == Type.CNAME ? asRecord(name, alias) : alias;
    }
    return denied(name, type);
  }

  /** The CNAME that a DNAME implies, to one who asked for the CNAME (RFC 6672 3.1). */
  private static Judgement asRecord(Name name, Judgement alias) {
    if (!(alias.content() instanceof Content.Alias made)) {
      return alias;
    }
    long ttl = alias.ttl().toSeconds();
    Content found =
        new Content.Found(List.of(new CNAMERecord(name, DClass.IN, ttl, made.target())));
    return new Judgement(alias.security(), found, alias.ttl(), alias.reason());
  }

  /** RFC 4035 5.3.4: an expanded wildcard needs the proof that nothing closer is there. */
  private Judgement positive(ZoneView.Verified found, Content content) {
    Name encloser = Names.ancestor(found.owner(), found.labels() + 1);
    Proof proof =
        found.isExpanded()
            ? best(Nsec3.MAX_ITERATIONS, d -> d.noCloser(found.owner(), encloser)).proof()
            : Proof.PROVEN;
    return new Evidence(proof, found.ttl())
        .of(content, "no proof that the wildcard applies to " + found.owner());
  }

  /** A CNAME at the name, or what a DNAME above makes of it; BOGUS when there is neither. */
  Judgement alias(Name name) {
    ZoneView.Verified cname = view.find(name, Type.CNAME);
    if (cname != null
        && cname.records().size() == 1
        && cname.record() instanceof CNAMERecord record) {
      return positive(cname, new Content.Alias(record.getTarget()));
    }
    for (ZoneView.Verified dname : view.singles(Type.DNAME)) {
      Name owner = dname.owner();
      if (name.subdomain(owner)
          && !name.equals(owner)
          && dname.record() instanceof DNAMERecord record) {
        try {
          Content target = new Content.Alias(name.fromDNAME(record));
          return new Judgement(Security.SECURE, target, dname.ttl(), "");
        } catch (NameTooLongException e) {
          return Judgement.unknown(Security.FAILED, "DNAME " + owner + " makes a name too long");
        }
      }
    }
    return Judgement.unknown(Security.BOGUS, "no alias");
  }

  private Judgement denied(Name name, int type) {
    String otherwise = because("no answer that validates for " + Names.text(name, type));
    // The RCODE is not signed: the proof says which denial it is.
    Evidence noData = best(Nsec3.MAX_ITERATIONS, d -> d.noData(name, type));
    if (noData.proof() == Proof.PROVEN) {
      return noData.of(new Content.NoData(), otherwise);
    }
    Evidence noName = best(Nsec3.MAX_ITERATIONS, d -> d.noName(name));
    if (noName.proof() == Proof.PROVEN) {
      return noName.of(new Content.NoName(), otherwise);
    }
    // With records that do not verify it is no denial, unless one is proven.
    Content said = Validator.plain(name, type, message, "").content();
    return switch (said) {
      case Content.NoName _ -> noName.of(said, otherwise);
      case Content.NoData _ -> noData.of(said, otherwise);
      default -> Judgement.unknown(Security.BOGUS, otherwise);
    };
  }

  /** An addition to a reason: why a set did not verify. */
  String because(String what) {
    return view.reason().isEmpty() ? what : what + ": " + view.reason();
  }

  /** Whether the name has no DS set. */
  Evidence noDs(Name name) {
    return best(Nsec3.MAX_CUT_ITERATIONS, d -> d.noDs(name));
  }

  /** Whether that is because of a delegation without DS. */
  boolean isUnsigned(Name name) {
    return best(Nsec3.MAX_CUT_ITERATIONS, d -> d.isUnsigned(name)).proof() == Proof.PROVEN;
  }
}
