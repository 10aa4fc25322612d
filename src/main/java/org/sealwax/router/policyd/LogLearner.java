package org.sealwax.router.policyd;

import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Answer;
import org.sealwax.mail.dns.Mx;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Security;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.policy.Level;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Rung;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.ledger.MxAnswer;
import org.sealwax.router.ledger.Seen;

/**
 * Tells the ledger what Postfix's log shows: that mail went to a domain's MX host under TLS.
 * Nothing else is learned: no identity (the log's words about certificates depend on Postfix's
 * settings), and no lack of TLS (a connection may have been taken over from another agent, whose
 * lines stand elsewhere). So a domain can reach {@code encrypt} by this and nothing more.
 * Notifications, and messages whose sender was not seen, do not count. One thread owns it.
 */
final class LogLearner {
  /** Agents whose connection is remembered; Postfix has 100 at a time unless told otherwise. */
  static final int MAX_AGENTS = 2_000;

  /** Messages whose sender is remembered. */
  static final int MAX_MESSAGES = 50_000;

  private final Ledger ledger;
  private final Resolver resolver;
  private final Clock clock;
  private final Chance chance;
  private final Map<Long, PostfixLine.Encrypted> agents = lately(MAX_AGENTS);
  private final Map<String, Boolean> senders = lately(MAX_MESSAGES);

  LogLearner(Ledger ledger, Resolver resolver, Clock clock, Chance chance) {
    this.ledger = ledger;
    this.resolver = resolver;
    this.clock = clock;
    this.chance = chance;
  }

  private static <K, V> Map<K, V> lately(int most) {
    return new LinkedHashMap<>(16, 0.75f, true) {
      private static final long serialVersionUID = 1L;

      @Override
      protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
        return size() > most;
      }
    };
  }

  /** Takes the next line of the log. */
  void line(String text) {
    switch (PostfixLine.read(text)) {
      case PostfixLine.Encrypted e -> agents.put(e.pid(), e);
      case PostfixLine.Active a -> senders.put(a.queueId(), !a.nullSender());
      case PostfixLine.Sent s -> sent(s);
      case PostfixLine.Other o -> {
        // Most lines.
      }
    }
  }

  private void sent(PostfixLine.Sent sent) {
    PostfixLine.Encrypted tls = agents.get(sent.pid());
    if (tls == null
        || !tls.relay().equals(sent.relay())
        || !senders.getOrDefault(sent.queueId(), false)) {
      return;
    }
    Answer<Mx> answer = resolver.mx(sent.domain());
    if (MxSet.of(sent.domain(), answer, Set.of(), chance) instanceof MxSet.Hosts hosts) {
      Set<Domain> names =
          hosts.targets().stream().map(MxSet.Target::host).collect(Collectors.toSet());
      // A transport that leads elsewhere says nothing about the domain's own hosts.
      boolean verified =
          ledger.about(sent.domain()).filter(l -> l.level() == Level.VERIFY).isPresent();
      // The log does not say who was verified, and must not look like less than was known.
      if (!verified && names.contains(sent.relay().host())) {
        MxAnswer mx =
            new MxAnswer(
                names, hosts.security() == Security.SECURE, clock.now().plus(answer.ttl()));
        ledger.visit(sent.domain(), mx, true).seen(seen(tls));
      }
    }
  }

  private static Seen seen(PostfixLine.Encrypted tls) {
    Domain host = tls.relay().host();
    InetAddress address = tls.relay().address();
    Handshake handshake =
        new Handshake(
            tls.version(),
            tls.suite(),
            0,
            null,
            false,
            host.name(),
            List.of(),
            false,
            new Verdict.Anonymous(),
            List.of("from Postfix's log"));
    return new Seen(host, address, new Observation.Encrypted(handshake), Rung.FULL, false);
  }
}
