package org.sealwax.lab.judge;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.lab.site.Sighting;
import org.sealwax.lab.site.TrapEvent;
import org.sealwax.mail.tls.wire.ClientHello;
import org.sealwax.mail.tls.wire.Ja4;
import org.sealwax.mail.tls.wire.NamedGroup;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.SignatureScheme;
import org.sealwax.mail.tls.wire.TlsSuite;

/**
 * Facts that are recorded about every sender and not graded: its ClientHellos, its EHLO name and
 * its reverse names, what it sends unencrypted before TLS, and when it tries again. Pure.
 */
final class UngradedFindings {
  /** Maximum number of different ClientHellos; a sender with fallback steps has about five. */
  private static final int MAX_HELLOS = 16;

  /** Names and addresses reported. */
  private static final int MAX_NAMES = 6;

  private static final int SERVER_NAME = 0;
  private static final int EXTENDED_MASTER_SECRET = 23;
  private static final int TICKET = 35;

  private final Collection<Sighting> sightings;
  private final Collection<PtrNames> ptrNames;

  UngradedFindings(Collection<Sighting> sightings, Collection<PtrNames> callers) {
    this.sightings = sightings;
    this.ptrNames = callers;
  }

  List<Finding> findings() {
    return List.of(hellos(), names(), certificate(), plaintext(), retries());
  }

  private static Finding finding(Check check, String seen) {
    return Finding.of(
        check,
        seen.isEmpty() ? CheckOutcome.NOT_TESTED : CheckOutcome.INFO,
        FindingLocation.domain(),
        seen.isEmpty() ? "nothing was seen" : seen);
  }

  /** The ClientHello, when its bytes are a whole one. */
  static java.util.Optional<ClientHello> read(TrapEvent.ClientHelloSeen event) {
    return ClientHello.read(event.raw(), 0, event.raw().length)
            instanceof ClientHello.ClientHelloParse.Whole(ClientHello hello)
        ? java.util.Optional.of(hello)
        : java.util.Optional.empty();
  }

  private Finding hellos() {
    Map<String, ClientHello> first = new LinkedHashMap<>();
    Map<String, Integer> counts = new LinkedHashMap<>();
    for (Sighting sighting : sightings) {
      for (TrapEvent event : sighting.events()) {
        if (event instanceof TrapEvent.ClientHelloSeen h) {
          read(h)
              .ifPresent(
                  hello -> {
                    String print = Ja4.of(hello);
                    if (counts.size() < MAX_HELLOS || counts.containsKey(print)) {
                      first.putIfAbsent(print, hello);
                      counts.merge(print, 1, Integer::sum);
                    }
                  });
        }
      }
    }
    List<String> reported = new ArrayList<>();
    counts.forEach((print, count) -> reported.add(print + " ×" + count));
    Finding finding = finding(SenderChecks.of("sender.hello"), String.join(", ", reported));
    List<String> lines = new ArrayList<>();
    first.forEach((print, hello) -> lines.add(print + "\n" + described(hello)));
    return lines.isEmpty()
        ? finding
        : finding.with(FindingEvidence.note(String.join("\n\n", lines)));
  }

  /** The parts of a ClientHello that are usually compared. */
  static String described(ClientHello hello) {
    List<String> out = new ArrayList<>();
    out.add(
        "versions "
            + (hello.versions().isEmpty()
                ? Records.versionName(hello.legacyVersion())
                : list(hello.versions(), Records::versionName)));
    out.add("suites " + list(hello.suites(), TlsSuite::name));
    out.add("groups " + list(hello.groups(), NamedGroup::name));
    out.add("key shares " + list(hello.shares(), NamedGroup::name));
    out.add("signatures " + list(hello.signatures(), SignatureScheme::name));
    out.add("server name " + (hello.extensions().contains(SERVER_NAME) ? "yes" : "no"));
    out.add("ALPN " + (hello.protocols().isEmpty() ? "no" : hello.protocols().size()));
    out.add(
        "extended master secret "
            + (hello.extensions().contains(EXTENDED_MASTER_SECRET) ? "yes" : "no"));
    out.add("tickets " + (hello.extensions().contains(TICKET) ? "yes" : "no"));
    boolean grease =
        hello.suites().stream().anyMatch(ClientHello::grease)
            || hello.extensions().stream().anyMatch(ClientHello::grease);
    out.add("GREASE " + (grease ? "yes" : "no"));
    return String.join("\n", out);
  }

  private static String list(List<Integer> numbers, java.util.function.IntFunction<String> name) {
    return String.join(
        ", ", numbers.stream().filter(n -> !ClientHello.grease(n)).map(name::apply).toList());
  }

  private Set<String> ehlo() {
    Set<String> ehlo = new LinkedHashSet<>();
    for (Sighting sighting : sightings) {
      for (TrapEvent event : sighting.events()) {
        if (event instanceof TrapEvent.SmtpLineSeen s
            && s.bySender()
            && s.text().toUpperCase(Locale.ROOT).matches("(EHLO|HELO) .*")) {
          ehlo.add(s.text().substring(5).strip());
        }
      }
    }
    return ehlo;
  }

  private Finding certificate() {
    Set<String> reported = new LinkedHashSet<>();
    Set<String> ehlo = ehlo();
    for (Sighting sighting : sightings) {
      for (TrapEvent event : sighting.events()) {
        if (event instanceof TrapEvent.HandshakeCompleted s && !s.clientChain().isEmpty()) {
          reported.add(ClientCertificateText.describe(s.clientChain(), ehlo, s.at()));
        }
      }
    }
    return finding(
        SenderChecks.of("sender.certificate"),
        String.join(" / ", reported.stream().limit(MAX_NAMES).toList()));
  }

  private Finding names() {
    Set<String> ehlo = ehlo();
    Set<InetAddress> from = new LinkedHashSet<>();
    for (Sighting sighting : sightings) {
      for (TrapEvent event : sighting.events()) {
        if (event instanceof TrapEvent.HostConnected c) {
          from.add(c.from());
        }
      }
    }
    Check check = SenderChecks.of("sender.names");
    if (from.isEmpty()) {
      return finding(check, "");
    }
    List<String> reported = new ArrayList<>();
    reported.add("EHLO " + String.join(", ", ehlo.stream().limit(MAX_NAMES).toList()));
    if (ptrNames.isEmpty()) {
      reported.add(
          "from "
              + String.join(
                  ", ", from.stream().limit(MAX_NAMES).map(InetAddress::getHostAddress).toList()));
    }
    ptrNames.stream().limit(MAX_NAMES).map(PtrNames::text).forEach(reported::add);
    return finding(check, String.join("; ", reported));
  }

  private Finding plaintext() {
    int most = -1;
    for (Sighting sighting : sightings) {
      Map<Integer, Integer> bytesByVersion = new TreeMap<>();
      for (TrapEvent event : sighting.events()) {
        if (event instanceof TrapEvent.SmtpLineSeen s && s.bySender() && !s.tls()) {
          bytesByVersion.merge(s.connection(), s.text().length() + 2, Integer::sum);
        } else if (event instanceof TrapEvent.HandshakeCompleted s) {
          most = Math.max(most, bytesByVersion.getOrDefault(s.connection(), 0));
        }
      }
    }
    return finding(SenderChecks.of("sender.clear"), most < 0 ? "" : "at most " + most + " bytes");
  }

  /** At the greylisting host, where every sender has to come back. */
  private Finding retries() {
    List<String> after = new ArrayList<>();
    for (Sighting sighting : sightings) {
      Instant first = null;
      for (TrapEvent event : sighting.events()) {
        if (sighting.trapCase().label().equals("h6")
            && event instanceof TrapEvent.HostConnected c) {
          first = first == null ? c.at() : first;
          after.add(Duration.between(first, c.at()).toSeconds() + " s");
        }
      }
    }
    return finding(
        SenderChecks.of("sender.retries"),
        after.isEmpty() ? "" : "after " + String.join(", ", after));
  }
}
