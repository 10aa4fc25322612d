package org.sealwax.assess.review;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.Review;
import org.sealwax.assess.TargetOverview;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.LocatedCheck;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dmarc.DmarcCheck;
import org.sealwax.mail.dmarc.DmarcPolicy;
import org.sealwax.mail.dmarc.DmarcPublication;
import org.sealwax.mail.dmarc.DmarcResult;
import org.sealwax.mail.dmarc.DmarcVerdict;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Resolver.AddressFamily;
import org.sealwax.mail.spf.SpfRecord;

/**
 * Other DNS records about mail of the domain, which are not graded: SPF (RFC 7208), DMARC (RFC
 * 9989), names of addresses. All of it is information and none of it TLS.
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

  private Finding spf(Domain domain) {
    DnsAnswer<String> answer = resolver.txt(domain);
    if (answer.kind() == DnsAnswer.Kind.UNKNOWN) {
      return SPF.lookupFailed(answer.reason());
    }
    List<String> records = answer.records().stream().filter(SpfRecord::isVersion1).toList();
    FindingEvidence evidence = FindingEvidence.txt(domain, records);
    if (records.isEmpty()) {
      return SPF.info("no SPF record").as("missing").with(evidence);
    }
    if (records.size() > 1) {
      return SPF.info(records.size() + " SPF records: an error for all receivers")
          .as("several")
          .with(evidence);
    }
    String text = records.getFirst();
    return switch (SpfRecord.of(text)) {
      case SpfRecord.Reading.Malformed malformed ->
          SPF.info("an error for all receivers: " + malformed.why()).as("invalid").with(evidence);
      case SpfRecord.Reading.Valid(SpfRecord record) ->
          record.permitsAll()
              ? SPF.info("any host may send: " + text).as("open").with(evidence)
              : SPF.pass(text).with(evidence);
    };
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
    FindingEvidence evidence = FindingEvidence.txt(owner.get(), answer.records());
    switch (DmarcPublication.of(answer.records())) {
      case SEVERAL -> {
        return DMARC
            .info("several DMARC records: receivers ignore all")
            .as("several")
            .with(evidence);
      }
      case INVALID -> {
        return DMARC
            .info("the DMARC record is in error: receivers ignore it")
            .as("invalid")
            .with(evidence);
      }
      case RECORD, MISSING -> {}
    }
    DmarcVerdict verdict = new DmarcCheck(resolver).ofUnauthenticated(domain);
    if (verdict.result() == DmarcResult.TEMPERROR) {
      return DMARC.lookupFailed(verdict.reason());
    }
    if (verdict.policyDomain().isEmpty()) {
      return DMARC.info("no DMARC record at " + owner.get()).as("missing").with(evidence);
    }
    String text =
        "p=" + verdict.policy().text() + " by the record of " + verdict.policyDomain().get();
    return verdict.policy() == DmarcPolicy.NONE
        ? DMARC.info(text + ": no action is requested").as("none").with(evidence)
        : DMARC.pass(text).with(evidence);
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
