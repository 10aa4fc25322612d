package org.sealwax.assess.review;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.Review;
import org.sealwax.assess.TargetMxHost;
import org.sealwax.assess.TargetOverview;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.net.SpecialUse;

/**
 * The MX hosts of the domain, and whether they accept connections (RFC 5321 5.1, RFC 7505, RFC 2181
 * 10.3).
 *
 * @param privateAllowed special-use addresses are expected: a lab
 * @param hasIpv6 whether this machine can reach IPv6 at all
 */
public record MxReview(boolean privateAllowed, boolean hasIpv6) implements Review {
  private static final Pattern LITERAL = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}");

  @Override
  public List<Check> checks() {
    return List.of(
        Check.of("mx.exists"),
        Check.of("mx.cname"),
        Check.of("mx.ip-literal"),
        Check.of("mx.private"),
        Check.of("reach.all"));
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
    MxSet route = all.route();
    if (route == null) {
      for (String id : List.of("mx.exists", "mx.cname", "mx.ip-literal", "mx.private")) {
        found.add(
            Finding.of(
                Check.of(id),
                CheckOutcome.NOT_NEEDED,
                FindingLocation.domain(),
                "a host was asked for, not a domain"));
      }
    } else {
      found.add(exists(route, all));
      if (!all.mxHosts().isEmpty()) {
        found.addAll(names(all));
      }
    }
    if (!all.visits().isEmpty()) {
      found.add(reach(all));
    } else if (!all.mxHosts().isEmpty()) {
      List<String> unknown = unknown(all);
      found.add(
          all.hasNoMailHost()
              ? domain("reach.all", CheckOutcome.NOT_NEEDED, "there is no host")
              : unknown.isEmpty()
                  ? domain("reach.all", CheckOutcome.FAIL, "no MX host has an address").as("none")
                  : domain(
                      "reach.all", CheckOutcome.INCONCLUSIVE, "look-ups failed: " + join(unknown)));
    }
    return found;
  }

  private static Finding domain(String id, CheckOutcome outcome, String seen) {
    return Finding.of(Check.of(id), outcome, FindingLocation.domain(), seen);
  }

  private static Finding exists(MxSet route, TargetOverview all) {
    Finding finding =
        switch (route) {
          case MxSet.Hosts hosts when hasNullMxAmongOthers(all) ->
              domain(
                      "mx.exists",
                      CheckOutcome.FAIL,
                      "a null MX stands beside "
                          + count(hosts.targets().size(), "MX host")
                          + ": no mail, or mail? (RFC 7505 3 forbids it)")
                  .as("null-beside");
          case MxSet.Hosts hosts when all.hasNoMailHost() ->
              domain(
                      "mx.exists",
                      CheckOutcome.FAIL,
                      "there is neither an MX record nor an address: the domain takes no mail")
                  .as("unusable");
          case MxSet.Hosts hosts ->
              hosts.implicit()
                  ? domain(
                          "mx.exists",
                          CheckOutcome.WARN,
                          "there is no MX record; mail goes to the address of the domain itself")
                      .as("implicit")
                  : domain(
                      "mx.exists", CheckOutcome.PASS, count(hosts.targets().size(), "MX host"));
          case MxSet.NullMx n ->
              domain("mx.exists", CheckOutcome.INFO, "null MX: the domain takes no mail")
                  .as("null");
          case MxSet.NoSuchDomain n ->
              domain("mx.exists", CheckOutcome.FAIL, "the name does not exist").as("no-name");
          case MxSet.LoopsBack l ->
              domain("mx.exists", CheckOutcome.FAIL, "the MX leads nowhere").as("unusable");
          case MxSet.MxLookupFailed t when hasNullMxAmongOthers(all) ->
              domain(
                      "mx.exists",
                      CheckOutcome.FAIL,
                      "a null MX is there more than once (RFC 7505 3 forbids it): senders keep"
                          + " the mail")
                  .as("null-beside");
          case MxSet.MxLookupFailed t ->
              t.security() == DnssecStatus.BOGUS
                  ? domain("mx.exists", CheckOutcome.INCONCLUSIVE, "the answer does not validate")
                  : domain(
                      "mx.exists", CheckOutcome.INCONCLUSIVE, "the look-up failed: " + t.reason());
        };
    return finding.with(records(all));
  }

  private static boolean hasNullMxAmongOthers(TargetOverview all) {
    DnsAnswer<MxRecord> mx = all.mx();
    return mx != null && mx.records().stream().anyMatch(r -> r.exchange().isEmpty());
  }

  private static FindingEvidence records(TargetOverview all) {
    DnsAnswer<?> mx = all.mx();
    String text = mx == null ? "" : mx.kind() + " " + mx.security() + " " + mx.records();
    return new FindingEvidence(FindingEvidence.Kind.DNS, text);
  }

  static String count(int n, String what) {
    return n + " " + what + (n == 1 ? "" : "s");
  }

  private List<Finding> names(TargetOverview all) {
    List<Finding> found = new ArrayList<>();
    List<Domain> hosts =
        all.mxHosts().stream().map(TargetMxHost::named).flatMap(Optional::stream).toList();
    List<Domain> aliases = new ArrayList<>();
    List<Domain> literals = new ArrayList<>();
    List<String> inner = new ArrayList<>();
    boolean implicit = all.route() instanceof MxSet.Hosts h && h.implicit();
    for (TargetMxHost mxHost : all.mxHosts()) {
      mxHost
          .named()
          .ifPresent(
              host -> {
                if (!implicit && mxHost.lookups().stream().anyMatch(l -> l.aliases() > 0)) {
                  aliases.add(host);
                }
                if (LITERAL.matcher(host.name()).matches()) {
                  literals.add(host);
                }
              });
      for (InetAddress address : mxHost.addresses()) {
        SpecialUse.of(address)
            .ifPresent(use -> inner.add(address.getHostAddress() + " (" + use.name() + ")"));
      }
    }
    found.add(
        none(
            "mx.cname",
            CheckOutcome.FAIL,
            aliases,
            "no MX host is an alias",
            "named by an alias: "));
    found.add(
        none("mx.ip-literal", CheckOutcome.FAIL, literals, "no MX is an address", "an address: "));
    found.add(
        none(
            "mx.private",
            privateAllowed ? CheckOutcome.INFO : CheckOutcome.FAIL,
            inner,
            "all addresses of " + count(hosts.size(), "host") + " are public",
            "not public: "));
    return found;
  }

  private static Finding none(
      String id, CheckOutcome otherwise, List<?> wrong, String good, String bad) {
    return wrong.isEmpty()
        ? domain(id, CheckOutcome.PASS, good)
        : domain(id, otherwise, bad + join(wrong));
  }

  static String join(List<?> things) {
    return String.join(", ", things.stream().map(Object::toString).toList());
  }

  /** Hosts of which the DNS gave no address, and did not say that there is none. */
  private static List<String> unknown(TargetOverview all) {
    return all.mxHosts().stream()
        .filter(h -> h.addresses().isEmpty())
        .flatMap(
            h ->
                h
                    .failedLookup()
                    .map(why -> h.named().map(Domain::name).orElse("?") + " (" + why + ")")
                    .stream())
        .toList();
  }

  private Finding reach(TargetOverview all) {
    List<String> dead = new ArrayList<>();
    List<String> beyond = new ArrayList<>();
    int alive = 0;
    for (AddressVisit visit : all.visits()) {
      if (visit.facts().answered()) {
        alive++;
      } else if (!hasIpv6 && visit.location().address() instanceof Inet6Address) {
        beyond.add(visit.location().text());
      } else {
        dead.add(visit.location().text());
      }
    }
    all.mxHosts().stream()
        .filter(e -> e.addresses().isEmpty() && e.failedLookup().isEmpty())
        .forEach(e -> dead.add(e.named().map(Domain::name).orElse("?") + " (no address)"));
    if (alive == 0 && dead.isEmpty()) {
      return domain(
          "reach.all", CheckOutcome.INCONCLUSIVE, "this machine has no IPv6: " + join(beyond));
    }
    List<String> unknown = unknown(all);
    if (alive == 0 && unknown.isEmpty()) {
      return domain("reach.all", CheckOutcome.FAIL, "nothing answers: " + join(dead)).as("none");
    }
    if (!dead.isEmpty()) {
      return domain("reach.all", CheckOutcome.WARN, "no answer from " + join(dead))
          .as("some")
          .withOpenQuestion(
              "not seen: " + join(dead) + (unknown.isEmpty() ? "" : ", " + join(unknown)));
    }
    if (!unknown.isEmpty()) {
      return domain("reach.all", CheckOutcome.INCONCLUSIVE, "look-ups failed: " + join(unknown));
    }
    if (!beyond.isEmpty()) {
      return domain(
          "reach.all", CheckOutcome.INCONCLUSIVE, "this machine has no IPv6: " + join(beyond));
    }
    return domain("reach.all", CheckOutcome.PASS, "all addresses answer: " + alive);
  }
}
