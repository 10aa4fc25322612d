package org.sealwax.dns.validate;

import java.time.Duration;
import java.util.List;
import org.sealwax.dns.Security;
import org.sealwax.dns.validate.Judgement.Content;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNAMERecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/** What one message proves with the keys of one zone. */
final class ZoneAnswer {
  /** Reason of an INSECURE judgement whose proof shows that no signed delegation is on the way. */
  static final String OPT_OUT = "NSEC3 opt-out";

  /** Reason of an INSECURE judgement that says nothing about delegations (RFC 9276 3.2). */
  static final String COSTLY = "too many NSEC3 iterations";

  private final Message message;
  private final ZoneView view;
  private final Work work;

  ZoneAnswer(Message message, ZoneView view, Work work) {
    this.message = message;
    this.view = view;
    this.work = work;
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
    Record cname = new CNAMERecord(name, DClass.IN, alias.ttl().toSeconds(), made.target());
    Content found = new Content.Found(List.of(cname));
    return new Judgement(alias.security(), found, alias.ttl(), alias.reason());
  }

  /** RFC 4035 5.3.4: an expanded wildcard needs the proof that nothing closer is there. */
  private Judgement positive(ZoneView.Verified found, Content content) {
    Denial.Proof best = found.isExpanded() ? Denial.Proof.NONE : Denial.Proof.PROVEN;
    Duration ttl = found.ttl();
    if (found.isExpanded()) {
      for (Denial denial : Denial.in(view, work)) {
        Denial.Proof proof = denial.noCloser(found.owner(), found.labels());
        best = proof.compareTo(best) < 0 ? proof : best;
      }
    }
    return switch (best) {
      case PROVEN -> new Judgement(Security.SECURE, content, ttl, "");
      case INSECURE -> new Judgement(Security.INSECURE, content, ttl, OPT_OUT);
      case COSTLY -> new Judgement(Security.INSECURE, content, ttl, COSTLY);
      case NONE ->
          Judgement.unknown(
              Security.BOGUS, "no proof that the wildcard applies to " + found.owner());
    };
  }

  /** A CNAME at the name, or what a DNAME above makes of it; BOGUS when there is neither. */
  Judgement alias(Name name) {
    ZoneView.Verified cname = view.find(name, Type.CNAME);
    if (cname != null
        && cname.records().size() == 1
        && cname.records().getFirst() instanceof CNAMERecord record) {
      return positive(cname, new Content.Alias(record.getTarget()));
    }
    for (Name owner : view.owners(Type.DNAME)) {
      ZoneView.Verified dname =
          name.subdomain(owner) && !name.equals(owner) ? view.find(owner, Type.DNAME) : null;
      if (dname != null
          && !dname.isExpanded()
          && dname.records().size() == 1
          && dname.records().getFirst() instanceof DNAMERecord record) {
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
    // With records that do not verify it is no denial, unless one is proven.
    Content said = Validator.plain(name, type, message, "").content();
    boolean isDenial = said instanceof Content.NoName || said instanceof Content.NoData;
    Judgement best =
        Judgement.unknown(
            Security.BOGUS, because("no answer that validates for " + DnsText.of(name, type)));
    for (Denial denial : Denial.in(view, work)) {
      // The RCODE is not signed: the proof says which denial it is.
      Denial.Proof noData = denial.noData(name, type);
      Denial.Proof noName = denial.noName(name);
      if (noData == Denial.Proof.PROVEN || noName == Denial.Proof.PROVEN) {
        Content content =
            noData == Denial.Proof.PROVEN ? new Content.NoData() : new Content.NoName();
        return new Judgement(Security.SECURE, content, denial.ttl(), "");
      }
      Denial.Proof proof = said instanceof Content.NoName ? noName : noData;
      if (isDenial && (proof == Denial.Proof.INSECURE || proof == Denial.Proof.COSTLY)) {
        String reason = proof == Denial.Proof.INSECURE ? OPT_OUT : COSTLY;
        best = new Judgement(Security.INSECURE, said, denial.ttl(), reason);
      }
    }
    return best;
  }

  private String because(String what) {
    return view.reason().isEmpty() ? what : what + ": " + view.reason();
  }

  /**
   * Whether the name has no DS set, by the best of the proofs; and for how long that may be kept.
   */
  Absence noDs(Name name) {
    Denial.Cut best = Denial.Cut.UNPROVEN;
    Duration ttl = Duration.ZERO;
    for (Denial denial : Denial.in(view, work)) {
      Denial.Cut cut = denial.noDs(name);
      if (cut.compareTo(best) < 0) {
        best = cut;
        ttl = denial.ttl();
      }
    }
    return new Absence(best, ttl, because("no DS and no proof of that for " + name));
  }

  /**
   * What is proven about a DS set that is not there.
   *
   * @param reason in words for logs, when nothing is proven
   */
  record Absence(Denial.Cut cut, Duration ttl, String reason) {}
}
