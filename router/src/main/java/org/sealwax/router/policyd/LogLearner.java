package org.sealwax.router.policyd;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.BoundedMap;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.router.ledger.HostSample;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.ledger.RememberedSample.SampleOrigin;
import org.sealwax.router.ledger.RoundMx;

/**
 * Reports to the ledger each delivery in Postfix's log that went to a domain's MX host under TLS.
 * Nothing else is learned: no identity (the log's words about certificates depend on Postfix's
 * settings), and no lack of TLS (a connection may have been taken over from another agent, whose
 * log lines are elsewhere). So a domain can reach {@code encrypt} by this and nothing more.
 * Notifications, and messages whose sender was not seen, do not count. One thread owns it.
 */
final class LogLearner {
  /** Agents whose connection is remembered; Postfix has 100 at a time by default. */
  static final int MAX_AGENTS = 2_000;

  /** Messages whose sender is remembered. */
  static final int MAX_MESSAGES = 50_000;

  private final Ledger ledger;
  private final Resolver resolver;
  private final Clock clock;
  private final RandomSource random;
  private final Map<Long, PostfixLogLine.TlsEstablished> agents = BoundedMap.byUse(MAX_AGENTS);
  private final Map<String, Boolean> senders = BoundedMap.byUse(MAX_MESSAGES);

  LogLearner(Ledger ledger, Resolver resolver, Clock clock, RandomSource random) {
    this.ledger = ledger;
    this.resolver = resolver;
    this.clock = clock;
    this.random = random;
  }

  /** Takes the next line of the log. */
  void line(String text) {
    switch (PostfixLogLine.read(text)) {
      case PostfixLogLine.TlsEstablished e -> agents.put(e.pid(), e);
      case PostfixLogLine.Active a -> senders.put(a.queueId(), !a.nullSender());
      case PostfixLogLine.Sent s -> sent(s);
      case PostfixLogLine.Other o -> {
        // Most lines.
      }
    }
  }

  private void sent(PostfixLogLine.Sent sent) {
    PostfixLogLine.TlsEstablished tls = agents.get(sent.pid());
    if (tls == null
        || !tls.relay().equals(sent.relay())
        || !senders.getOrDefault(sent.queueId(), false)) {
      return;
    }
    DnsAnswer<MxRecord> answer = resolver.mx(sent.domain());
    if (MxSet.of(sent.domain(), answer, Set.of(), random) instanceof MxSet.Hosts hosts) {
      Set<Domain> names =
          hosts.targets().stream().map(MxSet.MxHost::host).collect(Collectors.toSet());
      // A transport to another host shows nothing about the domain's own hosts.
      boolean verified =
          ledger.evidenceFor(sent.domain()).filter(l -> l.level() == TlsLevel.VERIFY).isPresent();
      // The log does not show a verified identity, and must not count as less than was known.
      if (!verified && names.contains(sent.relay().host())) {
        RoundMx mx =
            new RoundMx(
                names, hosts.security() == DnssecStatus.SECURE, clock.now().plus(answer.ttl()));
        ledger.beginRound(sent.domain(), mx, SampleOrigin.MAIL).observed(sample(tls));
      }
    }
  }

  private static HostSample sample(PostfixLogLine.TlsEstablished tls) {
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
    return new HostSample(
        host, address, new Observation.Encrypted(handshake), FallbackStep.FULL, false, false);
  }
}
