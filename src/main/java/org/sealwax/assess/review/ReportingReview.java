package org.sealwax.assess.review;

import java.util.List;
import java.util.Optional;
import org.sealwax.address.Domain;
import org.sealwax.assess.Check;
import org.sealwax.assess.Evidence;
import org.sealwax.assess.Finding;
import org.sealwax.assess.Outcome;
import org.sealwax.assess.Overview;
import org.sealwax.assess.Place;
import org.sealwax.assess.Review;
import org.sealwax.dns.Answer;
import org.sealwax.dns.Resolver;
import org.sealwax.dns.Security;
import org.sealwax.tlsrpt.ReportAddress;
import org.sealwax.tlsrpt.ReportingPolicy;

/**
 * Whether senders are told where to report failed TLS (RFC 8460 3). That an https address answers
 * is not tried: a report nobody asked for would be the only way.
 */
public record ReportingReview(Resolver resolver) implements Review {
  @Override
  public List<Check> checks() {
    return List.of(Check.of("tlsrpt"));
  }

  @Override
  public List<Finding> judge(Overview all) {
    Optional<Domain> domain = all.domain();
    if (domain.isEmpty()) {
      return List.of(of(Outcome.NOT_TESTED, "a host was asked for, not a domain"));
    }
    Domain name = domain.get();
    Optional<Domain> owner = Domain.parse("_smtp._tls." + name);
    if (owner.isEmpty()) {
      return List.of(of(Outcome.NOT_TESTED, "the domain is too long for such a record"));
    }
    Answer<String> answer = resolver.txt(owner.get());
    if (answer.security() == Security.BOGUS || answer.security() == Security.FAILED) {
      return List.of(of(Outcome.INCONCLUSIVE, "the look-up failed: " + answer.reason()));
    }
    Evidence evidence = new Evidence(Evidence.Kind.DNS, owner.get() + " " + answer.records());
    return List.of(judge(name, answer.records()).with(evidence));
  }

  private static Finding of(Outcome outcome, String seen) {
    return Finding.of(Check.of("tlsrpt"), outcome, Place.domain(), seen);
  }

  private static Finding judge(Domain name, List<String> records) {
    List<String> advice =
        List.of(
            "_smtp._tls." + name + ". IN TXT \"v=TLSRPTv1; rua=mailto:tls-reports@" + name + "\"");
    return switch (ReportingPolicy.of(records)) {
      case ReportingPolicy.None n ->
          records.isEmpty()
              ? of(Outcome.WARN, "there is no TLSRPT record").as("missing").advising(advice)
              : of(Outcome.FAIL, "a record is there, but it does not begin with \"v=TLSRPTv1;\"")
                  .as("syntax")
                  .advising(advice);
      case ReportingPolicy.Several s ->
          of(Outcome.FAIL, s.records() + " TLSRPT records: senders ignore all")
              .as("several")
              .advising(advice);
      case ReportingPolicy.Invalid i ->
          of(Outcome.FAIL, "the record has no usable rua address: " + i.why())
              .as("syntax")
              .advising(advice);
      case ReportingPolicy.Wanted w -> wanted(name, w.addresses());
    };
  }

  private static Finding wanted(Domain name, List<ReportAddress> addresses) {
    String text =
        "reports go to "
            + String.join(", ", addresses.stream().map(ReportAddress::toString).toList());
    boolean elsewhere =
        addresses.stream()
            .anyMatch(
                a -> !(a instanceof ReportAddress.ByMail m && m.mailbox().domain().equals(name)));
    return elsewhere
        ? of(Outcome.PASS, text)
        // Not WARN, which would cap: the record is good, and RFC 8460 3 only advises.
        : of(Outcome.INFO, text + ": when mail to the domain fails, so do they").as("same-domain");
  }
}
