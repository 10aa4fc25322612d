package org.sealwax.assess.review;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sealwax.assess.Review;
import org.sealwax.assess.TargetOverview;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.LocatedCheck;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.http.HttpsExchange;
import org.sealwax.mail.http.HttpsFailure;
import org.sealwax.mail.http.HttpsRequest;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tlsrpt.ReportAddress;
import org.sealwax.mail.tlsrpt.ReportingPolicy;

/**
 * Whether the domain announces where to report failed TLS (RFC 8460 3), and whether these addresses
 * accept reports: of an https address any answer to a GET counts, whatever its certificate (section
 * 3 lets reporters pass over that), and of a mailto address that its domain takes mail. No report
 * is sent.
 *
 * @param web asks the https addresses
 */
public record TlsRptReview(Resolver resolver, HttpsRequester web) implements Review {
  private static final LocatedCheck TLSRPT = Check.of("tlsrpt").atDomain();

  /** For one address; a reporter tries for a day, here a user waits. */
  private static final Duration TOTAL = Duration.ofSeconds(10);

  /** A page that only reports that POST is required is short. */
  private static final int BODY = 64 * 1_024;

  /** Asks a web server. */
  public interface HttpsRequester {
    /** One exchange. */
    HttpsExchange ask(HttpsRequest request) throws InterruptedException;
  }

  @Override
  public List<Check> checks() {
    return List.of(TLSRPT.check());
  }

  @Override
  public PendingReview ask(TargetOverview before) throws InterruptedException {
    List<Finding> found = findings(before);
    return all -> found;
  }

  private List<Finding> findings(TargetOverview all) throws InterruptedException {
    Optional<Domain> domain = all.domain();
    if (domain.isEmpty()) {
      return List.of(TLSRPT.withoutDomain());
    }
    Domain name = domain.get();
    Optional<Domain> owner = Domain.parse("_smtp._tls." + name);
    if (owner.isEmpty()) {
      return List.of(TLSRPT.notNeeded("the domain is too long for such a record"));
    }
    DnsAnswer<String> answer = resolver.txt(owner.get());
    if (answer.security() == DnssecStatus.BOGUS || answer.security() == DnssecStatus.FAILED) {
      return List.of(TLSRPT.lookupFailed(answer.reason()));
    }
    FindingEvidence evidence = FindingEvidence.txt(owner.get(), answer.records());
    boolean ask = all.budget().depth() != ScanDepth.QUICK;
    return List.of(judge(name, answer.records(), ask).with(evidence));
  }

  private Finding judge(Domain name, List<String> records, boolean ask)
      throws InterruptedException {
    List<String> advice =
        List.of(
            "; DNS record, with an address that still works when mail to the domain fails",
            "_smtp._tls." + name + ". IN TXT \"v=TLSRPTv1; rua=mailto:tls-reports@" + name + "\"");
    return switch (ReportingPolicy.of(records)) {
      case ReportingPolicy.None n ->
          records.isEmpty()
              ? TLSRPT.warn("there is no TLSRPT record").as("missing").advising(advice)
              : TLSRPT
                  .fail("a record exists, but it does not begin with \"v=TLSRPTv1;\"")
                  .as("syntax")
                  .advising(advice);
      case ReportingPolicy.Several s ->
          TLSRPT
              .fail(s.records() + " TLSRPT records: senders ignore all")
              .as("several")
              .advising(advice);
      case ReportingPolicy.Invalid i ->
          TLSRPT
              .fail("the record has no usable rua address: " + i.why())
              .as("syntax")
              .advising(advice);
      case ReportingPolicy.Wanted w -> endpointsFinding(name, w.addresses(), ask);
    };
  }

  private Finding endpointsFinding(Domain name, List<ReportAddress> addresses, boolean ask)
      throws InterruptedException {
    List<String> dead = new ArrayList<>();
    if (ask) {
      for (ReportAddress address : addresses) {
        undeliverableReason(address).ifPresent(why -> dead.add(address + " (" + why + ")"));
      }
    }
    if (!dead.isEmpty() && dead.size() == addresses.size()) {
      return TLSRPT.warn("no mailbox at " + String.join(", ", dead)).as("unreachable");
    }
    if (!dead.isEmpty()) {
      return TLSRPT
          .info("others answer, but there is no mailbox at " + String.join(", ", dead))
          .as("unreachable");
    }
    String text =
        "reports go to "
            + String.join(", ", addresses.stream().map(ReportAddress::toString).toList());
    boolean elsewhere =
        addresses.stream()
            .anyMatch(
                a -> !(a instanceof ReportAddress.ByMail m && m.mailbox().domain().equals(name)));
    return elsewhere
        ? TLSRPT.pass(text)
        // Not WARN, which would cap: the record is good, and RFC 8460 3 only advises.
        : TLSRPT.info(text + ": when mail to the domain fails, so do they").as("same-domain");
  }

  /** Why no report arrives there; empty when one may, or when the DNS does not say. */
  private Optional<String> undeliverableReason(ReportAddress address) throws InterruptedException {
    return switch (address) {
      case ReportAddress.ByMail mail ->
          mail.mailbox().domain() instanceof Domain domain ? noMail(domain) : Optional.empty();
      case ReportAddress.ByPost post -> noWeb(post);
    };
  }

  private Optional<String> noMail(Domain domain) {
    // The order of hosts does not matter here, so that any random source will do.
    return switch (MxSet.of(domain, resolver.mx(domain), Set.of(), RandomSource.seeded(1))) {
      case MxSet.NoSuchDomain n -> Optional.of("the domain does not exist");
      case MxSet.NullMx n -> Optional.of("the domain takes no mail");
      case MxSet.LoopsBack l -> Optional.empty();
      case MxSet.MxLookupFailed t -> Optional.empty();
      case MxSet.Hosts h -> Optional.empty();
    };
  }

  private Optional<String> noWeb(ReportAddress.ByPost post) throws InterruptedException {
    HttpsFailure failure =
        web.ask(
                new HttpsRequest(
                    post.host(),
                    post.port(),
                    post.path(),
                    Optional.empty(),
                    HttpsRequest.CertificateUse.JUDGED,
                    new HttpsRequest.Limits(BODY, TOTAL)))
            .failure();
    if (failure == null) {
      return Optional.empty();
    }
    return switch (failure.kind()) {
      case NO_ADDRESS, NO_CONNECTION, TLS_FAILED, TOTAL_TIME_REACHED, LOST, MALFORMED ->
          Optional.of(failure.text());
      // It sent an answer, or nothing is known.
      case DNS_FAILED, CERTIFICATE_NOT_VERIFIED, TOO_LARGE -> Optional.empty();
    };
  }
}
