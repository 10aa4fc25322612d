package org.sealwax.assess.sender;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.sealwax.lab.Event;
import org.sealwax.lab.Sighting;
import org.sealwax.tls.wire.ClientHello;

/**
 * The facts of one sighting.
 *
 * @param asked types of questions to the DNS
 * @param connections to its hosts
 * @param underTls labels of hosts at which a message was taken under TLS
 * @param inClear labels of hosts at which a message was taken in clear
 * @param envelopesInClear whether a MAIL command was seen in clear
 * @param handshakes that came about
 * @param brokenHandshakes why the others did not
 * @param fetches of the policy that were answered 200
 * @param policyBeforeConnection whether the policy was fetched before the first connection
 * @param bounce the notice that gave up, if one came
 * @param fooled what the sender fell for
 * @param reports TLS reports about it
 * @param deliveries messages taken, told so or not
 * @param mailLines the MAIL commands, as they came
 * @param downgraded whether a message was taken over TLS 1.2 though that hello offered TLS 1.3
 * @param tlsOptional whether a message came with {@code TLS-Required: No}
 */
public record Deeds(
    Set<String> asked,
    int connections,
    List<String> underTls,
    List<String> inClear,
    boolean envelopesInClear,
    List<Event.Secured> handshakes,
    List<String> brokenHandshakes,
    int fetches,
    boolean policyBeforeConnection,
    Optional<Event.Bounced> bounce,
    List<String> fooled,
    List<Event.Reported> reports,
    int deliveries,
    List<String> mailLines,
    boolean downgraded,
    boolean tlsOptional) {
  private static final int TLS_1_2 = 0x0303;

  /** Copies. */
  public Deeds {
    asked = Set.copyOf(asked);
    underTls = List.copyOf(underTls);
    inClear = List.copyOf(inClear);
    handshakes = List.copyOf(handshakes);
    brokenHandshakes = List.copyOf(brokenHandshakes);
    fooled = List.copyOf(fooled);
    reports = List.copyOf(reports);
    mailLines = List.copyOf(mailLines);
  }

  /** Nothing was seen. */
  static Deeds none() {
    return new Deeds(
        Set.of(),
        0,
        List.of(),
        List.of(),
        false,
        List.of(),
        List.of(),
        0,
        false,
        Optional.empty(),
        List.of(),
        List.of(),
        0,
        List.of(),
        false,
        false);
  }

  /** Reads them off a sighting. */
  public static Deeds of(Sighting sighting) {
    Set<String> asked = new LinkedHashSet<>();
    List<String> underTls = new ArrayList<>();
    List<String> inClear = new ArrayList<>();
    boolean envelopes = false;
    List<Event.Secured> handshakes = new ArrayList<>();
    List<String> broken = new ArrayList<>();
    int fetches = 0;
    boolean before = false;
    Optional<Event.Bounced> bounce = Optional.empty();
    List<String> fooled = new ArrayList<>();
    List<Event.Reported> reports = new ArrayList<>();
    int deliveries = 0;
    List<String> mail = new ArrayList<>();
    int connections = 0;
    Set<Integer> offered = new LinkedHashSet<>();
    Set<Integer> older = new LinkedHashSet<>();
    boolean downgraded = false;
    boolean optional = false;
    for (Event event : sighting.events()) {
      switch (event) {
        case Event.Asked a -> asked.add(a.type());
        case Event.Fetched f -> {
          if (f.status() == 200) {
            fetches++;
            before |= connections == 0;
          }
        }
        case Event.Connected c -> connections++;
        case Event.Said s -> {
          if (s.bySender() && s.text().toUpperCase(Locale.ROOT).startsWith("MAIL FROM:")) {
            mail.add(s.text());
            envelopes |= !s.tls();
          }
        }
        case Event.Hello h -> {
          if (ClientHello.read(h.raw(), 0, h.raw().length)
                  instanceof ClientHello.Reading.Whole(ClientHello hello)
              && hello.offersTls13()) {
            offered.add(h.connection());
          }
        }
        case Event.Secured s -> {
          handshakes.add(s);
          if (s.version() == TLS_1_2) {
            older.add(s.connection());
          }
        }
        case Event.Unsecured u -> broken.add(u.why());
        case Event.Delivered d -> {
          deliveries++;
          optional |= d.tlsOptional();
          downgraded |= offered.contains(d.connection()) && older.contains(d.connection());
          (d.tls() ? underTls : inClear).add(d.host());
        }
        case Event.Closed c -> {}
        case Event.Bounced b -> {
          if (b.action().equals("failed")) {
            bounce = Optional.of(b);
          }
        }
        case Event.Fooled f -> fooled.add(f.how());
        case Event.Reported r -> reports.add(r);
      }
    }
    return new Deeds(
        asked,
        connections,
        underTls,
        inClear,
        envelopes,
        handshakes,
        broken,
        fetches,
        before,
        bounce,
        fooled,
        reports,
        deliveries,
        mail,
        downgraded,
        optional);
  }

  /** Whether the sender tried at all: asked for the way, or came. */
  public boolean tried() {
    return connections > 0
        || asked.contains("MX")
        || asked.contains("A")
        || asked.contains("AAAA")
        || bounce.isPresent();
  }

  /** Whether a message was taken. */
  public boolean delivered() {
    return !underTls.isEmpty() || !inClear.isEmpty();
  }

  /** One sentence. */
  public String told() {
    List<String> out = new ArrayList<>();
    if (!underTls.isEmpty()) {
      out.add("delivered under TLS " + at(underTls));
    }
    if (!inClear.isEmpty()) {
      out.add("delivered in clear " + at(inClear));
    } else if (envelopesInClear) {
      out.add("showed its envelope in clear");
    }
    bounce.ifPresent(b -> out.add(("bounced " + b.status()).strip()));
    if (out.isEmpty()) {
      out.add(tried() ? "not delivered" : "never tried");
    }
    if (connections > 0) {
      out.add(connections + (connections == 1 ? " connection" : " connections"));
    }
    if (asked.contains("TLSA")) {
      out.add("asked for TLSA");
    }
    if (fetches > 0) {
      out.add("fetched the policy");
    }
    out.addAll(fooled);
    return String.join(", ", out);
  }

  private static String at(List<String> hosts) {
    Map<String, Integer> counts = new HashMap<>();
    hosts.forEach(h -> counts.merge(h, 1, Integer::sum));
    List<String> parts = new ArrayList<>();
    hosts.stream()
        .distinct()
        .forEach(h -> parts.add(h + (counts.getOrDefault(h, 1) > 1 ? " ×" + counts.get(h) : "")));
    return "at " + String.join(" and ", parts);
  }
}
