package org.sealwax.assess.review;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sealwax.assess.Overview;
import org.sealwax.assess.Review;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Depth;
import org.sealwax.assess.model.Evidence;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.model.Place;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Answer;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Security;
import org.sealwax.mail.http.HttpsExchange;
import org.sealwax.mail.http.HttpsRequest;
import org.sealwax.mail.http.HttpsTrouble;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.tlsrpt.ReportAddress;
import org.sealwax.mail.tlsrpt.ReportingPolicy;

/**
 * Whether senders are told where to report failed TLS (RFC 8460 3), and whether there is anybody at
 * these addresses: of an https address any answer to a GET counts, whatever its certificate
 * (section 3 lets reporters pass over that), and of a mailto address that its domain takes mail. No
 * report is sent.
 *
 * @param web asks the https addresses
 */
public record ReportingReview(Resolver resolver, Web web) implements Review {
  /** For one address; a reporter tries for a day, somebody waits here. */
  private static final Duration TOTAL = Duration.ofSeconds(10);

  /** A page that says that only POST is taken is short. */
  private static final int BODY = 64 * 1_024;

  /** Asks a web server. */
  public interface Web {
    /** One exchange. */
    HttpsExchange ask(HttpsRequest request) throws InterruptedException;
  }

  @Override
  public List<Check> checks() {
    return List.of(Check.of("tlsrpt"));
  }

  @Override
  public Judgement ask(Overview before) throws InterruptedException {
    List<Finding> found = look(before);
    return all -> found;
  }

  private List<Finding> look(Overview all) throws InterruptedException {
    Optional<Domain> domain = all.domain();
    if (domain.isEmpty()) {
      return List.of(of(Outcome.NOT_NEEDED, "a host was asked for, not a domain"));
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
    boolean ask = all.budget().depth() != Depth.QUICK;
    return List.of(judge(name, answer.records(), ask).with(evidence));
  }

  private static Finding of(Outcome outcome, String seen) {
    return Finding.of(Check.of("tlsrpt"), outcome, Place.domain(), seen);
  }

  private Finding judge(Domain name, List<String> records, boolean ask)
      throws InterruptedException {
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
      case ReportingPolicy.Wanted w -> wanted(name, w.addresses(), ask);
    };
  }

  private Finding wanted(Domain name, List<ReportAddress> addresses, boolean ask)
      throws InterruptedException {
    List<String> dead = new ArrayList<>();
    if (ask) {
      for (ReportAddress address : addresses) {
        nobody(address).ifPresent(why -> dead.add(address + " (" + why + ")"));
      }
    }
    if (!dead.isEmpty() && dead.size() == addresses.size()) {
      return of(Outcome.WARN, "nobody is at " + String.join(", ", dead)).as("unreachable");
    }
    if (!dead.isEmpty()) {
      return of(Outcome.INFO, "others answer, but nobody is at " + String.join(", ", dead))
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
        ? of(Outcome.PASS, text)
        // Not WARN, which would cap: the record is good, and RFC 8460 3 only advises.
        : of(Outcome.INFO, text + ": when mail to the domain fails, so do they").as("same-domain");
  }

  /** Why no report arrives there; empty when one may, or when the DNS does not say. */
  private Optional<String> nobody(ReportAddress address) throws InterruptedException {
    return switch (address) {
      case ReportAddress.ByMail mail ->
          mail.mailbox().domain() instanceof Domain domain ? noMail(domain) : Optional.empty();
      case ReportAddress.ByPost post -> noWeb(post);
    };
  }

  private Optional<String> noMail(Domain domain) {
    // The order of hosts does not matter here, so that any chance will do.
    return switch (MxSet.of(domain, resolver.mx(domain), Set.of(), Chance.seeded(1))) {
      case MxSet.NoSuchDomain n -> Optional.of("the domain does not exist");
      case MxSet.NullMx n -> Optional.of("the domain takes no mail");
      case MxSet.LoopsBack l -> Optional.empty();
      case MxSet.Trouble t -> Optional.empty();
      case MxSet.Hosts h -> Optional.empty();
    };
  }

  private Optional<String> noWeb(ReportAddress.ByPost post) throws InterruptedException {
    HttpsTrouble trouble =
        web.ask(
                new HttpsRequest(
                    post.host(),
                    post.port(),
                    post.path(),
                    Optional.empty(),
                    HttpsRequest.Certificate.JUDGED,
                    new HttpsRequest.Limits(BODY, TOTAL)))
            .trouble();
    if (trouble == null) {
      return Optional.empty();
    }
    return switch (trouble) {
      case HttpsTrouble.NoAddress n -> Optional.of(n.text());
      case HttpsTrouble.Unreachable u -> Optional.of(u.text());
      case HttpsTrouble.Tls t -> Optional.of(t.text());
      case HttpsTrouble.TooLate l -> Optional.of(l.text());
      case HttpsTrouble.Lost l -> Optional.of(l.text());
      case HttpsTrouble.Malformed m -> Optional.of(m.text());
      // It says something, or nothing is known.
      case HttpsTrouble.Dns d -> Optional.empty();
      case HttpsTrouble.Certificate c -> Optional.empty();
      case HttpsTrouble.TooLarge t -> Optional.empty();
    };
  }
}
