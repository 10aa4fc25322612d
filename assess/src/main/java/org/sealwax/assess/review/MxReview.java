package org.sealwax.assess.review;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.Review;
import org.sealwax.assess.TargetMxHost;
import org.sealwax.assess.TargetOverview;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.LocatedCheck;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.net.SpecialUse;

/**
 * The MX hosts of the domain, and whether they accept connections (RFC 5321 5.1, RFC 7505, RFC 2181
 * 10.3).
 *
 * @param privateAllowed special-use addresses are expected: a lab
 * @param hasIpv6 whether this machine can reach IPv6 at all
 */
public record MxReview(boolean privateAllowed, boolean hasIpv6) implements Review {
  private static final LocatedCheck EXISTS = Check.of("mx.exists").atDomain();
  private static final LocatedCheck CNAME = Check.of("mx.cname").atDomain();
  private static final LocatedCheck IP_LITERAL = Check.of("mx.ip-literal").atDomain();
  private static final LocatedCheck PRIVATE = Check.of("mx.private").atDomain();
  private static final LocatedCheck REACH = Check.of("reach.all").atDomain();

  private static final Pattern LITERAL = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}");

  @Override
  public List<Check> checks() {
    return Stream.of(EXISTS, CNAME, IP_LITERAL, PRIVATE, REACH).map(LocatedCheck::check).toList();
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
      List.of(EXISTS, CNAME, IP_LITERAL, PRIVATE).forEach(c -> found.add(c.withoutDomain()));
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
              ? REACH.notNeeded("there is no host")
              : unknown.isEmpty()
                  ? REACH.fail("no MX host has an address").as("none")
                  : REACH.inconclusive("look-ups failed: " + String.join(", ", unknown)));
    }
    return found;
  }

  private static Finding exists(MxSet route, TargetOverview all) {
    Finding finding =
        switch (route) {
          case MxSet.Hosts hosts when hasNullMxAmongOthers(all) ->
              EXISTS
                  .fail(
                      "there is a null MX next to "
                          + CountText.of(hosts.targets().size(), "MX host")
                          + " (RFC 7505 3 forbids it)")
                  .as("null-beside");
          case MxSet.Hosts hosts when all.hasNoMailHost() ->
              EXISTS
                  .fail(
                      "there is neither an MX record nor MX host is an address: the domain does not accept mail")
                  .as("unusable");
          case MxSet.Hosts hosts ->
              hosts.implicit()
                  ? EXISTS
                      .warn("there is no MX record; mail goes to the address of the domain itself")
                      .as("implicit")
                  : EXISTS.pass(CountText.of(hosts.targets().size(), "MX host"));
          case MxSet.NullMx n -> EXISTS.info("null MX: the domain does not accept mail").as("null");
          case MxSet.NoSuchDomain n -> EXISTS.fail("the name does not exist").as("no-name");
          case MxSet.LoopsBack l -> EXISTS.fail("the MX host does not exist").as("unusable");
          case MxSet.MxLookupFailed t when hasNullMxAmongOthers(all) ->
              EXISTS
                  .fail(
                      "there is more than one null MX (RFC 7505 3 forbids it): senders keep"
                          + " the mail in the queue")
                  .as("null-beside");
          case MxSet.MxLookupFailed t ->
              t.security() == DnssecStatus.BOGUS
                  ? EXISTS.inconclusive("the answer does not validate")
                  : EXISTS.lookupFailed(t.reason());
        };
    return finding.with(records(all));
  }

  private static boolean hasNullMxAmongOthers(TargetOverview all) {
    DnsAnswer<MxRecord> mx = all.mx();
    return mx != null && mx.records().stream().anyMatch(r -> r.exchange().isEmpty());
  }

  private static FindingEvidence records(TargetOverview all) {
    DnsAnswer<MxRecord> mx = all.mx();
    if (mx == null) {
      return FindingEvidence.dns("");
    }
    List<String> lines = new ArrayList<>(List.of(outcome(mx)));
    mx.records()
        .forEach(
            r ->
                lines.add(
                    "MX " + r.preference() + " " + r.exchange().map(Domain::name).orElse(".")));
    return FindingEvidence.dns(String.join("\n", lines));
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
            .ifPresent(use -> inner.add(AddressText.of(address) + " (" + use.name() + ")"));
      }
    }
    found.add(
        aliases.isEmpty()
            ? CNAME.pass("no MX host is an alias")
            : CNAME.fail("MX host is an alias: " + names(aliases)));
    found.add(
        literals.isEmpty()
            ? IP_LITERAL.pass("no MX is an address")
            : IP_LITERAL.fail("MX host is an address: " + names(literals)));
    found.add(
        inner.isEmpty()
            ? PRIVATE.pass("all addresses of " + CountText.of(hosts.size(), "host") + " are public")
            : PRIVATE.finding(
                privateAllowed ? CheckOutcome.INFO : CheckOutcome.FAIL,
                "not public: " + String.join(", ", inner)));
    return found;
  }

  /** The names of domains, with commas. */
  static String names(List<Domain> domains) {
    return String.join(", ", domains.stream().map(Domain::name).toList());
  }

  /** The outcome of a query: {@code found, secure}. */
  static String outcome(DnsAnswer<?> answer) {
    return (answer.kind() + ", " + answer.security()).toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** Hosts without an address from the DNS, and without its denial. */
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
      return REACH.inconclusive("this machine has no IPv6: " + String.join(", ", beyond));
    }
    List<String> unknown = unknown(all);
    if (alive == 0 && unknown.isEmpty()) {
      return REACH.fail("no host accepts connections: " + String.join(", ", dead)).as("none");
    }
    if (!dead.isEmpty()) {
      return REACH
          .warn("no connection to " + String.join(", ", dead))
          .as("some")
          .withOpenQuestion(
              "not examined: "
                  + String.join(", ", dead)
                  + (unknown.isEmpty() ? "" : ", " + String.join(", ", unknown)));
    }
    if (!unknown.isEmpty()) {
      return REACH.inconclusive("look-ups failed: " + String.join(", ", unknown));
    }
    if (!beyond.isEmpty()) {
      return REACH.inconclusive("this machine has no IPv6: " + String.join(", ", beyond));
    }
    return REACH.pass("all addresses answer: " + alive);
  }
}
