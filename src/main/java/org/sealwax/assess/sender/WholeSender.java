package org.sealwax.assess.sender;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.sealwax.assess.Advice;
import org.sealwax.assess.Check;
import org.sealwax.assess.Finding;
import org.sealwax.assess.Group;
import org.sealwax.assess.Outcome;
import org.sealwax.assess.Place;
import org.sealwax.lab.Context;
import org.sealwax.lab.Event;
import org.sealwax.lab.Trap;
import org.sealwax.lab.Traps;

/** What the rows say together. */
final class WholeSender {
  private static final int TLS_1_2 = 0x0303;
  private static final int TLS_1_3 = 0x0304;
  private static final int X25519MLKEM768 = 0x11ec;

  private final Map<String, Deeds> deeds;
  private final List<Finding> rows;
  private final boolean ended;

  WholeSender(Map<String, Deeds> deeds, List<Finding> rows, boolean ended) {
    this.deeds = deeds;
    this.rows = rows;
    this.ended = ended;
  }

  List<Finding> findings() {
    List<Finding> out = new ArrayList<>();
    out.add(starttls());
    out.add(mechanism("sender.dane", "DANE is enforced", Context.DANE, "TLSA"));
    out.add(mechanism("sender.sts", "MTA-STS is enforced", Context.ENFORCE, "TXT"));
    out.add(policy(out.get(1), out.get(2)));
    out.add(finished());
    out.add(broken());
    out.add(old());
    out.add(serverName());
    out.add(version());
    out.add(hybrid());
    out.add(certificate());
    out.add(reports());
    out.add(requireTls());
    out.add(flawless());
    return out;
  }

  private static Check check(String id, String title, String why, String... aspects) {
    return new Check(id, Group.SENDER, title, why, List.of(aspects), List.of(), Advice.of(""));
  }

  private static Finding said(Check check, Outcome outcome, String seen) {
    return Finding.of(check, outcome, Place.domain(), seen);
  }

  private List<Event.Secured> handshakes() {
    return deeds.values().stream().map(Deeds::handshakes).flatMap(Collection::stream).toList();
  }

  private Finding starttls() {
    Check check = check("sender.starttls", "uses STARTTLS", "without it every message can be read");
    if (!handshakes().isEmpty()) {
      return said(check, Outcome.PASS, handshakes().size() + " handshakes");
    }
    boolean clear = deeds.values().stream().anyMatch(d -> !d.inClear().isEmpty());
    return clear
        ? said(check, Outcome.FAIL, "mail went in clear only")
        : said(check, Outcome.NOT_TESTED, "no mail came");
  }

  /** Rows under the policy of a mechanism, whatever group they are of. */
  private static boolean isOf(Finding row, Context context) {
    String label = row.check().id().substring("lab.".length());
    return Traps.find(label).map(Trap.Case::context).filter(context::equals).isPresent();
  }

  /** All rows of a mechanism: none leaks, some leak (a hole), or all do (it is not there). */
  private Finding mechanism(String id, String title, Context context, String type) {
    Check check = check(id, title, "an attacker on the way decides otherwise", "none", "hole");
    List<Finding> of =
        rows.stream()
            .filter(r -> isOf(r, context))
            .filter(r -> r.outcome() == Outcome.PASS || r.aspect().equals("leak"))
            .filter(r -> wantsRefusal(r))
            .toList();
    if (of.isEmpty()) {
      return said(check, Outcome.NOT_TESTED, "none of its rows was met");
    }
    List<String> leaks =
        of.stream()
            .filter(r -> r.aspect().equals("leak"))
            .map(r -> r.check().id().substring("lab.".length()))
            .toList();
    if (leaks.isEmpty()) {
      return said(check, Outcome.PASS, of.size() + " attacks, none successful");
    }
    String told = leaks.size() + " of " + of.size() + " attacks successful: " + leaks;
    // What is refused by somebody without the mechanism is refused for other reasons: a mismatch
    // and a stripped STARTTLS are what the mechanism is for.
    List<String> heart =
        context == Context.DANE ? List.of("e3", "b2", "e27") : List.of("f3", "b3", "d5s", "f2");
    boolean none =
        heart.stream().filter(deeds::containsKey).allMatch(leaks::contains)
            && heart.stream().anyMatch(leaks::contains);
    boolean looked = deeds.values().stream().anyMatch(d -> d.asked().contains(type));
    return said(check, Outcome.FAIL, told + (none && looked ? "; " + type + " was asked for" : ""))
        .as(none ? "none" : "hole");
  }

  private static boolean wantsRefusal(Finding row) {
    return Expectation.of(row.check().id().substring("lab.".length()))
        .filter(
            e ->
                e.want() == Want.REFUSED
                    || e.want() == Want.NEVER_CLEAR
                    || e.want() == Want.SECOND_HOST)
        .isPresent();
  }

  private Finding policy(Finding dane, Finding sts) {
    Check check =
        check(
            "sender.policy",
            "enforces DANE and MTA-STS",
            "each protects the destinations that have it",
            "neither",
            "ignored",
            "one");
    if (!dane.outcome().known() && !sts.outcome().known()) {
      return said(check, Outcome.NOT_TESTED, "neither was met");
    }
    boolean noDane = dane.aspect().equals("none");
    boolean noSts = sts.aspect().equals("none");
    boolean asked =
        deeds.values().stream().anyMatch(d -> d.asked().contains("TLSA") || d.fetches() > 0);
    if (noDane && noSts) {
      return said(check, Outcome.FAIL, "neither" + (asked ? ", though one is looked up" : ""))
          .as(asked ? "ignored" : "neither");
    }
    if (noDane || noSts) {
      return said(check, Outcome.WARN, noDane ? "MTA-STS only" : "DANE only").as("one");
    }
    return said(check, Outcome.PASS, "both");
  }

  private Finding finished() {
    Check check =
        check(
            "sender.finished",
            "aborts on a wrong Finished or signature",
            "who does not has no TLS at all");
    List<Deeds> met =
        deeds.entrySet().stream()
            .filter(e -> e.getKey().startsWith("c22"))
            .map(Map.Entry::getValue)
            .filter(d -> d.connections() > 0)
            .toList();
    if (met.isEmpty()) {
      return said(check, Outcome.NOT_TESTED, "not met");
    }
    boolean went = met.stream().anyMatch(d -> !d.underTls().isEmpty());
    return said(check, went ? Outcome.FAIL : Outcome.PASS, went ? "it went on" : "it did");
  }

  private Finding broken() {
    Check check =
        check(
            "sender.broken-tls",
            "never agrees to SSL, export suites, RC4, small groups or no encryption",
            "each of them can be read or changed on the way",
            "ssl",
            "rc4");
    List<Map.Entry<String, Deeds>> met =
        deeds.entrySet().stream()
            .filter(e -> e.getKey().matches("c[47][nsd]|c1[023]|c17[ad]"))
            .filter(e -> e.getValue().connections() > 0)
            .toList();
    if (met.isEmpty()) {
      return said(check, Outcome.NOT_TESTED, "not met");
    }
    List<String> agreed =
        met.stream()
            .filter(e -> !e.getValue().handshakes().isEmpty())
            .map(Map.Entry::getKey)
            .toList();
    if (agreed.isEmpty()) {
      return said(check, Outcome.PASS, "to none of them");
    }
    boolean milder = agreed.stream().allMatch(l -> l.equals("c10") || l.startsWith("c17"));
    return said(check, Outcome.FAIL, "it agreed in " + agreed).as(milder ? "rc4" : "ssl");
  }

  private Finding old() {
    Check check =
        check(
            "sender.old-tls",
            "negotiates TLS 1.2 or later",
            "RFC 8996 has ended the versions before");
    List<Event.Secured> all = handshakes();
    if (all.isEmpty()) {
      return said(check, Outcome.NOT_TESTED, "no handshake");
    }
    long older = all.stream().filter(h -> h.version() < TLS_1_2).count();
    return said(
        check, older > 0 ? Outcome.WARN : Outcome.PASS, older + " handshakes below TLS 1.2");
  }

  private Finding serverName() {
    Check check =
        check("sender.sni", "sends the server's name", "RFC 8461 7.1 and RFC 7672 8.1 demand it");
    return share(check, h -> h.serverName() != null, "with a server name", Outcome.FAIL);
  }

  private Finding share(
      Check check, Predicate<Event.Secured> has, String words, Outcome otherwise) {
    List<Event.Secured> all = handshakes();
    if (all.isEmpty()) {
      return said(check, Outcome.NOT_TESTED, "no handshake");
    }
    long with = all.stream().filter(has).count();
    return said(
        check,
        with > 0 ? Outcome.PASS : otherwise,
        with + " of " + all.size() + " handshakes " + words);
  }

  private Finding version() {
    return share(
        check("sender.tls13", "speaks TLS 1.3", "RFC 9325 3.1.1"),
        h -> h.version() == TLS_1_3,
        "with TLS 1.3",
        Outcome.WARN);
  }

  private Finding hybrid() {
    return share(
        check(
            "sender.pq",
            "exchanges keys with X25519MLKEM768",
            "what is recorded today can be read when quantum computers come"),
        h -> h.group() == X25519MLKEM768,
        "with X25519MLKEM768",
        Outcome.WARN);
  }

  private Finding certificate() {
    return share(
        check(
            "sender.client-certificate",
            "shows a client certificate when asked",
            "with it a receiver knows who sends"),
        h -> !h.clientChain().isEmpty(),
        "with a client certificate",
        Outcome.WARN);
  }

  private Finding reports() {
    Check check =
        check(
            "sender.tlsrpt",
            "sends TLS reports about what failed",
            "RFC 8460: only so an attack is noticed");
    Set<String> refused =
        rows.stream()
            .filter(r -> r.outcome() == Outcome.PASS || r.outcome() == Outcome.INFO)
            .filter(r -> deeds.getOrDefault(label(r), Deeds.none()).tried())
            .map(WholeSender::label)
            .collect(Collectors.toSet());
    ReportConduct.Said told = new ReportConduct(deeds, refused, ended).said();
    return said(check, told.outcome(), told.text());
  }

  private Finding requireTls() {
    Check check =
        check(
            "sender.requiretls",
            "does what REQUIRETLS and TLS-Required ask",
            "RFC 8689: the sender of a message asked for it");
    List<Finding> of = rows.stream().filter(r -> r.check().id().startsWith("lab.g")).toList();
    List<String> wrong =
        of.stream().filter(r -> r.outcome() == Outcome.FAIL).map(WholeSender::label).toList();
    List<String> open =
        of.stream().filter(r -> r.outcome() != Outcome.PASS).map(WholeSender::label).toList();
    if (!wrong.isEmpty()) {
      return said(check, Outcome.FAIL, "not in " + wrong);
    }
    if (of.isEmpty() || !new RequireTlsConduct(deeds, true).known()) {
      return said(check, Outcome.NOT_TESTED, "no message with REQUIRETLS came");
    }
    return open.isEmpty()
        ? said(check, Outcome.PASS, "kept, bounced and passed over, each where it should be")
        : said(check, Outcome.INCONCLUSIVE, "not seen in " + open);
  }

  /** The best grade is for who does everything right; points alone forgive a row or two. */
  private Finding flawless() {
    Check check =
        check("sender.rows", "comes out right in every row", "the best grade forgives nothing");
    List<String> wrong =
        rows.stream().filter(r -> r.outcome() == Outcome.FAIL).map(WholeSender::label).toList();
    if (!wrong.isEmpty()) {
      return said(check, Outcome.WARN, "not in " + wrong);
    }
    long open = rows.stream().filter(r -> !r.outcome().known()).count();
    return open > 0
        ? said(check, Outcome.INCONCLUSIVE, open + " rows are not decided")
        : said(check, Outcome.PASS, rows.size() + " rows");
  }

  private static String label(Finding row) {
    return row.check().id().substring("lab.".length());
  }
}
