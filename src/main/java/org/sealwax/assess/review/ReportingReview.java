package org.sealwax.assess.review;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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

/**
 * Whether senders are told where to report failed TLS (RFC 8460 3). That an https address answers
 * is not tried: a report nobody asked for would be the only way.
 */
public record ReportingReview(Resolver resolver) implements Review {
  private static final String VERSION = "v=TLSRPTv1";

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
    // RFC 8460 3: records that do not begin with the version are discarded.
    List<String> records = answer.records().stream().filter(ReportingReview::hasVersion).toList();
    Evidence evidence = new Evidence(Evidence.Kind.DNS, owner.get() + " " + answer.records());
    return List.of(judge(name, records, !answer.records().isEmpty()).with(evidence));
  }

  private static boolean hasVersion(String record) {
    String rest = record.startsWith(VERSION) ? record.substring(VERSION.length()).strip() : "?";
    return rest.startsWith(";");
  }

  private static Finding of(Outcome outcome, String seen) {
    return Finding.of(Check.of("tlsrpt"), outcome, Place.domain(), seen);
  }

  private static Finding judge(Domain name, List<String> records, boolean others) {
    List<String> advice =
        List.of(
            "_smtp._tls." + name + ". IN TXT \"v=TLSRPTv1; rua=mailto:tls-reports@" + name + "\"");
    if (records.isEmpty()) {
      return others
          ? of(Outcome.FAIL, "a record is there, but it does not begin with \"v=TLSRPTv1;\"")
              .as("syntax")
              .advising(advice)
          : of(Outcome.WARN, "there is no TLSRPT record").as("missing").advising(advice);
    }
    if (records.size() > 1) {
      // RFC 8460 3: more than one means none.
      return of(Outcome.FAIL, records.size() + " TLSRPT records: senders ignore all")
          .as("several")
          .advising(advice);
    }
    List<String> addresses = addresses(records.getFirst());
    if (addresses.isEmpty()) {
      return of(Outcome.FAIL, "the record has no usable rua address").as("syntax").advising(advice);
    }
    boolean elsewhere =
        addresses.stream().anyMatch(a -> !a.toLowerCase(Locale.ROOT).endsWith("@" + name.name()));
    return elsewhere
        ? of(Outcome.PASS, "reports go to " + String.join(", ", addresses))
        // Not WARN, which would cap: the record is good, and RFC 8460 3 only advises.
        : of(
                Outcome.INFO,
                "reports go to "
                    + String.join(", ", addresses)
                    + ": when mail to the domain fails, so do they")
            .as("same-domain");
  }

  private static List<String> addresses(String record) {
    List<String> addresses = new ArrayList<>();
    for (String field : record.split(";")) {
      String text = field.strip();
      int equals = text.indexOf('=');
      if (equals < 0 || !text.substring(0, equals).strip().equals("rua")) {
        continue;
      }
      for (String uri : text.substring(equals + 1).split(",")) {
        String address = uri.strip();
        String lower = address.toLowerCase(Locale.ROOT);
        boolean mail = lower.startsWith("mailto:") && lower.indexOf('@') > "mailto:".length();
        boolean web = lower.startsWith("https://") && lower.length() > "https://".length();
        if (mail || web) {
          addresses.add(address);
        }
      }
    }
    return addresses;
  }
}
