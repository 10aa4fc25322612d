package org.sealwax.assess.review;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.Review;
import org.sealwax.assess.TargetOverview;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.LocatedCheck;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Resolver.AddressFamily;

/**
 * Other DNS records about mail of the domain, which are not graded: SPF (RFC 7208), DMARC (RFC
 * 7489), names of addresses. All of it is information and none of it TLS.
 */
public record DnsInformationReview(Resolver resolver) implements Review {
  private static final LocatedCheck SPF = Check.of("spf").atDomain();
  private static final LocatedCheck DKIM = Check.of("dkim").atDomain();
  private static final LocatedCheck DMARC = Check.of("dmarc").atDomain();

  @Override
  public List<Check> checks() {
    return List.of(SPF.check(), DKIM.check(), DMARC.check(), Check.of("fcrdns"));
  }

  @Override
  public boolean concerns(MxSet route) {
    return true;
  }

  @Override
  public PendingReview ask(TargetOverview before) {
    return this::judged;
  }

  private List<Finding> judged(TargetOverview all) {
    List<Finding> found = new ArrayList<>();
    Optional<Domain> domain = all.domain();
    if (domain.isPresent()) {
      found.add(spf(domain.get()));
      found.add(dmarc(domain.get()));
      found.add(DKIM.notTested("DKIM selectors cannot be listed"));
    } else {
      List.of(SPF, DMARC, DKIM).forEach(check -> found.add(check.withoutDomain()));
    }
    all.visits().stream().map(this::fcrdns).forEach(found::add);
    return found;
  }

  private static boolean beginsWith(String record, String version) {
    String lower = record.toLowerCase(Locale.ROOT);
    return lower.equals(version) || lower.startsWith(version + " ");
  }

  private Finding spf(Domain domain) {
    DnsAnswer<String> answer = resolver.txt(domain);
    if (answer.kind() == DnsAnswer.Kind.UNKNOWN) {
      return SPF.lookupFailed(answer.reason());
    }
    List<String> records = answer.records().stream().filter(r -> beginsWith(r, "v=spf1")).toList();
    FindingEvidence evidence = FindingEvidence.txt(domain, records);
    if (records.isEmpty()) {
      return SPF.info("no SPF record").as("missing").with(evidence);
    }
    if (records.size() > 1) {
      return SPF.info(records.size() + " SPF records: an error for all receivers")
          .as("several")
          .with(evidence);
    }
    String record = records.getFirst().toLowerCase(Locale.ROOT).strip();
    return record.endsWith("+all") || record.endsWith(" all")
        ? SPF.info("any host may send: " + record).as("open").with(evidence)
        : SPF.pass(records.getFirst()).with(evidence);
  }

  private Finding dmarc(Domain domain) {
    Optional<Domain> owner = Domain.parse("_dmarc." + domain);
    if (owner.isEmpty()) {
      return DMARC.notNeeded("the domain is too long for such a record");
    }
    DnsAnswer<String> answer = resolver.txt(owner.get());
    if (answer.kind() == DnsAnswer.Kind.UNKNOWN) {
      return DMARC.lookupFailed(answer.reason());
    }
    List<String> records =
        answer.records().stream()
            .filter(r -> r.strip().toLowerCase(Locale.ROOT).startsWith("v=dmarc1"))
            .toList();
    FindingEvidence evidence = FindingEvidence.txt(owner.get(), records);
    if (records.isEmpty()) {
      return DMARC.info("no DMARC record at " + owner.get()).as("missing").with(evidence);
    }
    if (records.size() > 1) {
      return DMARC
          .info(records.size() + " DMARC records: receivers ignore all")
          .as("several")
          .with(evidence);
    }
    boolean none = records.getFirst().toLowerCase(Locale.ROOT).replace(" ", "").contains("p=none");
    return none
        ? DMARC.info("p=none: no action is requested").as("none").with(evidence)
        : DMARC.pass(records.getFirst()).with(evidence);
  }

  private Finding fcrdns(AddressVisit visit) {
    LocatedCheck fcrdns = visit.check("fcrdns");
    var address = visit.location().address();
    if (address == null) {
      throw new IllegalStateException("a visit goes to an address");
    }
    DnsAnswer<Domain> names = resolver.reverse(address);
    if (names.kind() == DnsAnswer.Kind.UNKNOWN) {
      return fcrdns.lookupFailed(names.reason());
    }
    if (names.records().isEmpty()) {
      return fcrdns.info("the address has no name").as("missing");
    }
    for (Domain name : names.records().subList(0, Math.min(4, names.records().size()))) {
      for (AddressFamily family : AddressFamily.values()) {
        if (resolver.addresses(name, family).records().contains(address)) {
          return fcrdns.pass(name + " resolves to the address");
        }
      }
    }
    return fcrdns
        .info(MxReview.names(names.records()) + " does not resolve to the address")
        .as("mismatch");
  }
}
